"""A FIFO, and the credits that keep a pipeline in front of it from overflowing it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.gateware.memories.memory import IN_LUT_RAM


class CreditGate(wiring.Component):
    """Counts the vectors that may be admitted, so that a pipeline without stalls never overruns its FIFO.

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
        No vector is in flight.
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

    Two cycles from `write` to `o_valid`. It is never in block RAM, even if it is deep: a block reads a cycle
    later, and no open model of it exists for simulating the netlist.

    Parameters
    ----------
    width
        Bits of a word.
    depth
        Words it holds, in addition to the one at the output. The writer must not overrun it: see
        `CreditGate`.

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
