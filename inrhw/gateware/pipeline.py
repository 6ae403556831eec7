"""The N-stage pipeline, and delays."""

import itertools
from collections.abc import Callable, Mapping, Sequence

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Vector
from inrhw.gateware.edge import flow

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
        From ``{"x": element in}`` to ``{"y": element out}``; each gets the result of the previous one.
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
