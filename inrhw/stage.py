"""Hardware building blocks: the N-stage pipeline, the FIFO behind it and the credit gate before it."""

import itertools
from collections.abc import Callable, Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.memory import IN_LUT_RAM
from inrhw.node import flow
from inrhw.types import Vector

#: Named values in, named values out: one combinational step of a staged operation.
Step = Callable[[Mapping[str, Value]], Mapping[str, Value]]


def cut(steps: Sequence[Step], n_stages: int) -> list[list[Step]]:
    """Cut a list of steps into `n_stages` runs, as even as possible, the longer ones last.

    Raises
    ------
    ValueError
        If there are fewer steps than stages: an empty stage would only add latency.

    Examples
    --------
    >>> [len(run) for run in cut([dict] * 5, 3)]
    [1, 2, 2]
    """
    if not 1 <= n_stages <= len(steps):
        raise ValueError(f"n_stages must be from 1 to {len(steps)}, not {n_stages}")
    bounds = [k * len(steps) // n_stages for k in range(n_stages + 1)]
    return [list(steps[a:b]) for a, b in itertools.pairwise(bounds)]


def delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return `value` as it was `cycles` ago, through registers without reset (shift registers infer)."""
    for k in range(cycles):
        register = Signal.like(value, name=f"{name}_d{k + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value


def delay_valid(m: Module, valid: Value, cycles: int) -> Value:
    """Return the valid bit as it was `cycles` ago; reset clears it everywhere."""
    for k in range(cycles):
        register = Signal(name=f"valid_d{k + 1}")
        m.d.sync += register.eq(valid)
        valid = register
    return valid


class Staged(wiring.Component):
    """The N-stage pipeline: the same steps on every element, cut by registers.

    Parameters
    ----------
    i, o
        What goes in and comes out, of equal length and lanes.
    steps
        From ``{"x": element in}`` to ``{"y": element out}``; each gets what the one before gave.
    n_stages
        Registers from input to output, which is the latency. At most ``len(steps)``.
    """

    def __init__(self, i: Vector, o: Vector, steps: Sequence[Step], n_stages: int) -> None:
        self._runs = cut(steps, n_stages)
        self._lanes = i.lanes
        self._banks = i.banks
        super().__init__({"i": In(flow(i)), "o": Out(flow(o))})

    def elaborate(self, platform: object) -> Module:
        """Repeat the steps for every lane."""
        m = Module()
        for k in range(self._lanes):
            values: Mapping[str, Value] = {"x": self.i.payload[k]}
            for stage, run in enumerate(self._runs):
                for number, step in enumerate(run):
                    values = step(values)
                    if number < len(run) - 1:
                        values = self._wire(m, values, f"lane{k}_stage{stage}_step{number}")
                values = self._register(m, values, f"lane{k}_stage{stage}")
            m.d.comb += self.o.payload[k].eq(values["y"])
        m.d.comb += self.o.valid.eq(delay_valid(m, self.i.valid, len(self._runs)))
        if self._banks > 1:
            m.d.comb += self.o.bank.eq(delay(m, self.i.bank, len(self._runs), "bank"))
        return m

    @staticmethod
    def _wire(m: Module, values: Mapping[str, Value], prefix: str) -> Mapping[str, Value]:
        # Without names of their own, values that are used twice would be written out twice in every step.
        wires = {}
        for name, value in values.items():
            wires[name] = Signal(Value.cast(value).shape(), name=f"{prefix}_{name}")
            m.d.comb += wires[name].eq(value)
        return wires

    @staticmethod
    def _register(m: Module, values: Mapping[str, Value], prefix: str) -> Mapping[str, Value]:
        registers = {}
        for name, value in values.items():
            registers[name] = Signal(Value.cast(value).shape(), name=f"{prefix}_{name}", reset_less=True)
            m.d.sync += registers[name].eq(value)
        return registers


def lookup(table: Sequence[int], index: Value, width: int) -> Value:
    """Return the unsigned entry of a constant `table` at `index`, as logic: one truth table a bit.

    Parameters
    ----------
    table
        Entries that fit `width` bits; as many as `index` has values.
    """
    if len(table) != 1 << len(index):
        raise ValueError(f"table must have {1 << len(index)} entries, not {len(table)}")
    rows = [f"{entry:0{width}b}"[::-1] for entry in reversed(table)]
    truths = [int("".join(row[bit] for row in rows), 2) for bit in range(width)]
    return Cat(Const(truth, len(table)).bit_select(index, 1) for truth in truths)


def of_bank(values: Sequence[int], bank: Value) -> Value | int:
    """Return the value of a bank, of those of all; where they are equal a number, which takes no logic."""
    if len(set(values)) == 1:
        return values[0]
    unused = (1 << len(bank)) - len(values)
    return lookup([*values, *[0] * unused], bank, max(values).bit_length())


def negated_if(negative: Value, value: Value) -> Value:
    """Return minus `value` in as many bits where `negative`, else `value` itself.

    One adder, and nothing behind it: with a multiplexer between the negation and the tables that it indexes,
    synthesis gave the interpolated sine of 16 bits 242 LUT and a DSP instead of 105.
    """
    return ((value ^ negative.replicate(len(value))) + negative)[: len(value)]


class CreditGate(wiring.Component):
    """Counts what may still be admitted, so that a pipeline without stalls never overruns its FIFO.

    Parameters
    ----------
    credits
        Room behind the pipeline, in vectors.
    interval
        Cycles from one vector to the next, at least.

    Attributes
    ----------
    open
        High while a vector may be admitted.
    admit, give_back
        High for one cycle when a vector enters the pipeline, or leaves the FIFO.
    idle
        Nothing is under way.
    """

    def __init__(self, credits: int, interval: int = 1) -> None:
        self._credits, self._interval = credits, interval
        super().__init__({"open": Out(1), "admit": In(1), "give_back": In(1), "idle": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Count up and down."""
        m = Module()
        left = Signal(range(self._credits + 1), init=self._credits)
        m.d.sync += left.eq(left - self.admit + self.give_back)
        rest = Signal(range(self._interval))
        with m.If(self.admit):
            m.d.sync += rest.eq(self._interval - 1)
        with m.Elif(rest != 0):
            m.d.sync += rest.eq(rest - 1)
        m.d.comb += [self.open.eq((left != 0) & (rest == 0)), self.idle.eq(left == self._credits)]
        return m


class Fifo(wiring.Component):
    """A FIFO in LUT RAM with a registered output.

    Two cycles from `write` to `o_valid`. Never in block RAM, whatever its depth: a block reads a cycle later,
    and there is no open model of it to simulate the netlist with.

    Parameters
    ----------
    width
        Bits of a word.
    depth
        Words it holds, besides the one at the output. The writer must not overrun it: see `CreditGate`.

    Attributes
    ----------
    write, w_data
        High for one cycle to store a word.
    o_valid, o_data, o_ready
        The oldest word; it leaves when valid and ready meet.
    """

    def __init__(self, width: int, depth: int) -> None:
        self._width, self._depth = width, depth
        #: Words in the memory, without the one at the output.
        self.stored = Signal(range(depth + 1))
        super().__init__(
            {
                "write": In(1),
                "w_data": In(width),
                "o_valid": Out(1),
                "o_data": Out(width),
                "o_ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memory, pointers and output register."""
        m = Module()
        storage = Memory(shape=self._width, depth=self._depth, init=[], attrs=IN_LUT_RAM)
        m.submodules.storage = storage
        write = storage.write_port()
        read = storage.read_port(domain="comb")
        load = Signal()
        m.d.comb += [
            write.en.eq(self.write),
            write.data.eq(self.w_data),
            load.eq((self.stored != 0) & (~self.o_valid | self.o_ready)),
        ]
        m.d.sync += self.stored.eq(self.stored + self.write - load)
        with m.If(self.write):
            m.d.sync += write.addr.eq(Mux(write.addr == self._depth - 1, 0, write.addr + 1))
        with m.If(load):
            m.d.sync += read.addr.eq(Mux(read.addr == self._depth - 1, 0, read.addr + 1))
        data = Signal(self._width, name="oldest", reset_less=True)
        with m.If(load):
            m.d.sync += data.eq(read.data)
        with m.If(load | self.o_ready):
            m.d.sync += self.o_valid.eq(load)
        m.d.comb += self.o_data.eq(data)
        return m
