"""The circuit of the fast Walsh-Hadamard transform."""

from dataclasses import replace
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Fixed, Vector
from inrhw.gateware.adders import build_adders
from inrhw.gateware.cost import Cost, lut_ram
from inrhw.gateware.edge import flow
from inrhw.gateware.memories.memory import IN_LUT_RAM
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.ops.rotation import Rotation

if TYPE_CHECKING:
    from inrhw.ops.linear.fwht.node import Fwht


class FwhtComponent(wiring.Component):
    """Butterflies across beats, the farthest first, then those inside a beat."""

    def __init__(self, node: "Fwht") -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Chain the levels."""
        m = Module()
        node = self._node
        edge, before = node.i, wiring.flipped(self.i)
        for level, distance in enumerate(node.distances, 1):
            paired = sum(beats for beats in node.beats_of_blocks if beats > distance)
            across = AcrossBeats(edge, distance, paired, registered=level in node.registered)
            m.submodules[f"across{distance}"] = across
            wiring.connect(m, before, across.i)
            edge, before = across.edge, across.o
        levels = len(node.distances)
        registered = {level - levels for level in node.registered if level > levels}
        assert isinstance(edge.element, Fixed)
        x = [before.payload[k] for k in range(edge.lanes)]
        rows = build_adders(m, node.adders, x, edge.element, registered=registered)
        for row, y in enumerate(rows):
            m.d.comb += self.o.payload[row].eq(y)
        m.d.comb += self.o.valid.eq(delay_valid(m, before.valid, len(registered)))
        if edge.banks > 1:
            m.d.comb += self.o.bank.eq(delay(m, before.bank, len(registered), "bank"))
        return m


def across_cost(i: Vector, distance: int, registered: bool) -> Cost:
    """Return what `AcrossBeats` takes: two memories, an adder a lane, the counters of both ends."""
    width = i.lanes * i.element.width
    adders = Cost(lut=width + 6, ff=registered * (width + i.lanes) + 6)
    if distance == 1:
        return adders + Cost(ff=2 * width)
    return adders + Cost(lut=2 * lut_ram(width, distance))


class AcrossBeats(wiring.Component):
    """Butterflies between beat t and beat t + distance of a stream: one adder a lane does both results.

    First partners wait in one memory. While second partners come, and are kept in another one, the sums
    leave; then the differences do. So results leave in the place of their operands, `distance` beats later,
    whether another vector follows or not. Beats of blocks that are too short have no partner and only wait.

    Parameters
    ----------
    i
        The stream.
    distance
        Beats, a power of two.
    paired
        Beats of a vector that have a partner, counted from its first; the others leave as they came.
    registered
        Whether results leave a cycle later, out of registers.

    Attributes
    ----------
    edge
        What comes out.
    i, o
        The streams.
    """

    def __init__(self, i: Vector, distance: int, paired: int, *, registered: bool) -> None:
        element = i.element
        assert isinstance(element, Fixed)
        self._i, self._distance, self._paired, self._registered = i, distance, paired, registered
        self.edge = replace(i, element=Rotation((2,)).holding(element))
        super().__init__({"i": In(flow(i)), "o": Out(flow(self.edge))})

    def elaborate(self, platform: object) -> Module:
        """Build the memories, the places of input and output in a vector, and the adders."""
        m = Module()
        leaves = Signal()
        slot_in, second_in, paired_in = self._place(m, self.i.valid, "in")
        slot_out, second_out, paired_out = self._place(m, leaves, "out")
        adds = paired_out & ~second_out
        subtracts = paired_out & second_out
        is_second = paired_in & second_in
        m.d.comb += leaves.eq(Mux(adds, self.i.valid & is_second, self._due(m, leaves)))

        x = Value.cast(self.i.payload)
        first = self._memory(m, "first", self.i.valid & ~is_second, slot_in, slot_out)
        second = self._memory(m, "second", self.i.valid & is_second, slot_in, slot_out)
        results = []
        width = self._i.element.width
        for lane in range(self._i.lanes):
            a, b, now = (
                self._signed(value[lane * width : (lane + 1) * width]) for value in (first, second, x)
            )
            # a + x is a - ~x - 1: one subtractor does both; the lowest bit borrows for the sum. Not an adder:
            # Yosys would feed the carry chain from `other`, whose choice then takes a second LUT a bit.
            other = Mux(subtracts, b, ~Mux(adds, now, 0))
            total = Cat(Const(0, 1), a).as_signed() - Cat(~subtracts, other).as_signed()
            results.append((total >> 1)[: self.edge.element.width])
        self._leave(m, Cat(results), leaves, self._bank(m, adds, leaves))
        return m

    def _place(self, m: Module, event: Value, name: str) -> tuple[Value, Value, Value]:
        """Count beats; return slot of the next one, whether it is a second partner, whether it has one."""
        beats, distance = self._i.beats, self._distance
        bits = distance.bit_length() - 1
        everywhere = self._paired == beats
        beat = Signal(range(2 * distance if everywhere else beats), name=f"beat_{name}")
        with m.If(event):
            m.d.sync += beat.eq(beat + 1 if everywhere else Mux(beat == beats - 1, 0, beat + 1))
        if everywhere:
            return beat[:bits], beat[bits], Const(1)
        # Slots go on from vector to vector: the last beats of one may leave while the next one comes.
        slot = Signal(bits, name=f"slot_{name}")
        with m.If(event):
            m.d.sync += slot.eq(slot + 1)
        return slot, beat[bits], beat < self._paired

    def _due(self, m: Module, leaves: Value) -> Value:
        """Return a bit that is high `beat_interval` cycles after a beat left."""
        interval = self._i.beat_interval
        if interval == 1:
            return Const(1)
        tick = Signal(range(interval))
        with m.If(leaves):
            m.d.sync += tick.eq(interval - 1)
        with m.Elif(tick != 0):
            m.d.sync += tick.eq(tick - 1)
        return tick == 0

    def _memory(self, m: Module, name: str, write: Value, slot_in: Value, slot_out: Value) -> Value:
        """Return what is stored in `slot_out`, before it is overwritten in this cycle."""
        x = Value.cast(self.i.payload)
        if self._distance == 1:
            held = Signal(len(x), name=name, reset_less=True)
            with m.If(write):
                m.d.sync += held.eq(x)
            return held
        m.submodules[name] = storage = Memory(shape=len(x), depth=self._distance, init=[], attrs=IN_LUT_RAM)
        port, read = storage.write_port(), storage.read_port(domain="comb")
        m.d.comb += [port.en.eq(write), port.addr.eq(slot_in), port.data.eq(x), read.addr.eq(slot_out)]
        return read.data

    def _signed(self, code: Value) -> Value:
        return code.as_signed() if self._i.element.signed else Cat(code, Const(0, 1)).as_signed()

    def _bank(self, m: Module, adds: Value, leaves: Value) -> Value | None:
        """Return the bank of the beat that leaves: for sums the input's, for what follows the sums'."""
        if self._i.banks == 1:
            return None
        held = Signal.like(self.i.bank, name="bank_q", reset_less=True)
        with m.If(leaves & adds):
            m.d.sync += held.eq(self.i.bank)
        return Mux(adds, self.i.bank, held)

    def _leave(self, m: Module, results: Value, valid: Value, bank: Value | None) -> None:
        cycles = int(self._registered)
        m.d.comb += [
            Value.cast(self.o.payload).eq(delay(m, results, cycles, "y")),
            self.o.valid.eq(delay_valid(m, valid, cycles)),
        ]
        if bank is not None:
            m.d.comb += self.o.bank.eq(delay(m, bank, cycles, "bank"))
