"""The buffer in front of a folded layer: it is filled with one vector while another is read."""

import math

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Vector
from inrhw.gateware.cost import Cost, choice, counter, lut_ram
from inrhw.gateware.edge import flow, shape_of
from inrhw.gateware.memories.contents import address_bits
from inrhw.gateware.memories.memory import IN_LUT_RAM


class ReadPosition(data.StructLayout):
    """Position from which a lane reads: the vector, and which `simd` inputs of it.

    Parameters
    ----------
    simd
        Inputs taken at once.
    i
        The vectors.
    slots
        Number of vectors in the buffer, a power of two.
    """

    def __init__(self, i: Vector, simd: int, slots: int) -> None:
        n_memories = math.lcm(i.lanes, simd)
        self.rows, self.groups = -(-i.length // n_memories), n_memories // simd
        super().__init__(
            {
                "slot": address_bits(slots),
                "row": address_bits(self.rows),
                "group": address_bits(self.groups),
            }
        )


def buffer_cost(i: Vector, simd: int, slots: int) -> Cost:
    """Return the cost of an `InputBuffer`: memories, their multiplexers, registers, counters."""
    memories, width = math.lcm(i.lanes, simd), i.element.width
    position = ReadPosition(i, simd, slots)
    depth = slots << address_bits(position.rows)
    # A deep memory is made of several, and a multiplexer behind them.
    inputs = memories // simd * -(-depth // 64)
    stored = Cost(lut=memories * lut_ram(width, depth) + simd * width * choice(inputs), ff=simd * width)
    counters = counter(i.beats) + counter(memories // i.lanes) + counter(position.rows)
    return stored + counters + Cost(lut=memories, ff=address_bits(slots) + 1 + address_bits(i.banks))


class InputBuffer(wiring.Component):
    """Takes beats of `i.lanes` and gives `simd` inputs at once; it also joins edges of unequal width.

    Input number e lies in memory e modulo lcm(i.lanes, simd), so neither writes nor reads conflict. The
    memories are LUT RAM.

    Parameters
    ----------
    i
        The vectors that are written.
    simd
        Inputs read at once.
    slots
        Number of vectors, a power of two.

    Attributes
    ----------
    i
        The edge.
    full, slot, bank
        High for one cycle after the last beat of a vector: which slot holds it, and its bank of weights.
    at
        For each lane, the position from which it reads.
    x
        For each lane, input number ``simd * (position) + lane``, in the next cycle.
    """

    def __init__(self, i: Vector, simd: int, slots: int) -> None:
        self._i, self._simd, self._slots = i, simd, slots
        self.position = ReadPosition(i, simd, slots)
        ports = {
            "i": In(flow(i)),
            "full": Out(1),
            "slot": Out(address_bits(slots)),
            "at": In(data.ArrayLayout(self.position, simd)),
            "x": Out(data.ArrayLayout(shape_of(i.element), simd)),
        }
        if i.banks > 1:
            ports["bank"] = Out(range(i.banks))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Build the memories and the counters of the writer."""
        m = Module()
        i, simd, position = self._i, self._simd, self.position
        n_memories = math.lcm(i.lanes, simd)
        slot, group, row = self._writer(m, n_memories // i.lanes)
        reads = []
        for k in range(n_memories):
            depth = self._slots << address_bits(position.rows)
            storage = Memory(shape=shape_of(i.element), depth=depth, init=[], attrs=IN_LUT_RAM)
            m.submodules[f"inputs{k}"] = storage
            write, read = storage.write_port(), storage.read_port(domain="comb")
            at = self.at[k % simd]
            m.d.comb += [
                write.en.eq(self.i.valid & (group == k // i.lanes)),
                write.addr.eq(Cat(slot, row)),
                write.data.eq(self.i.payload[k % i.lanes]),
                read.addr.eq(Cat(at.slot, at.row)),
            ]
            reads.append(read.data)
        for lane in range(simd):
            x = Signal(shape_of(i.element), name=f"x{lane}", reset_less=True)
            m.d.sync += x.eq(Array(reads[lane::simd])[self.at[lane].group])
            m.d.comb += self.x[lane].eq(x)
        return m

    def _writer(self, m: Module, groups: int) -> tuple[Signal, Signal, Signal]:
        """Build the counters of slot, group of memories, and row in them; tell when a vector is complete."""
        i = self._i
        slot = Signal.like(self.slot, name="slot_q")
        full = Signal(name="full_q")
        beat = Signal(range(max(2, i.beats)))
        group = Signal(range(max(2, groups)))
        row = Signal(range(max(2, self.position.rows)))
        last_beat = beat == i.beats - 1
        last_group = group == groups - 1
        m.d.sync += full.eq(self.i.valid & last_beat)
        with m.If(self.i.valid):
            m.d.sync += [
                slot.eq(slot + last_beat),
                beat.eq(Mux(last_beat, 0, beat + 1)),
                group.eq(Mux(last_beat | last_group, 0, group + 1)),
                row.eq(Mux(last_beat, 0, row + last_group)),
            ]
        m.d.comb += [self.full.eq(full), self.slot.eq(slot - 1)]
        if i.banks > 1:
            bank = Signal.like(self.i.bank, name="bank_q", reset_less=True)
            with m.If(self.i.valid & last_beat):
                m.d.sync += bank.eq(self.i.bank)
            m.d.comb += self.bank.eq(bank)
        return slot, group, row
