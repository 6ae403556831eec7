"""Regroup: the same vector on another number of lanes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.edge import flow
from inrhw.gateware.input_buffer import InputBuffer, buffer_cost
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.ops.node import Node


@dataclass(frozen=True)
class Regroup(Node):
    """``y = x``, on `lanes` lanes, whatever those of the input, and as slowly as keeps pace with it.

    Parameters
    ----------
    i
        Numbers or phases, on any number of lanes.
    lanes
        Of the output. Where a beat a cycle of so many is too slow, vectors have to come less often.
    """

    i: Vector
    lanes: int

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= self.i.length:
            raise ValueError(f"lanes must be from 1 to {self.i.length}, not {self.lanes}")

    @property
    def o(self) -> Vector:
        """The same on `lanes` lanes."""
        beats = -(-self.i.length // self.lanes)
        interval = max(1, self.i.beats * self.i.beat_interval // beats)
        return replace(self.i, lanes=self.lanes, beat_interval=interval)

    @property
    def latency(self) -> int:
        """Until the vector is complete, and two cycles to read it."""
        return self.i.span + 2

    @property
    def initiation_interval(self) -> int:
        """Whatever takes longer, coming or leaving."""
        return max(self.i.span, self.o.span)

    def forward_int(self, x: Codes) -> Codes:
        """Return a copy."""
        return x.copy()

    def cost(self) -> Cost:
        """Return the buffer and the counters of the reader."""
        return buffer_cost(self.i, self.lanes, 2) + Cost(lut=16, ff=11)

    def component(self) -> "RegroupComponent":
        """Return a buffer of two vectors."""
        return RegroupComponent(self)

    @classmethod
    def examples(cls) -> Iterator["Regroup"]:
        """Yield more and fewer lanes, even and uneven, in a hurry and not."""
        for length, lanes, interval, banks, to in (
            (6, 3, 2, 2, 2),
            (3, 1, 1, 1, 3),
            (5, 5, 1, 2, 1),
            (7, 2, 3, 2, 4),
            (8, 4, 1, 1, 2),
            (8, 3, 1, 2, 4),
            (1, 1, 1, 1, 1),
        ):
            yield cls(Vector(Fixed(5, 2), length, lanes, interval, banks), to)
        yield cls(Vector(Phase(4), 6, 2, 1), 4)


class RegroupComponent(wiring.Component):
    """One vector is written while the one before is read."""

    def __init__(self, node: Regroup) -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Build the buffer and the counters of the reader."""
        m = Module()
        o = self._node.o
        m.submodules.buffer = buffer = InputBuffer(self._node.i, o.lanes, slots=2)
        wiring.connect(m, wiring.flipped(self.i), buffer.i)
        busy, at = Signal(), Signal(buffer.position)
        beat = Signal(range(max(2, o.beats)))
        tick = Signal(range(max(2, o.beat_interval)))
        last_group = at.group == buffer.position.groups - 1
        with m.If(tick == o.beat_interval - 1):
            m.d.sync += [
                tick.eq(0),
                beat.eq(beat + 1),
                at.group.eq(Mux(last_group, 0, at.group + 1)),
                at.row.eq(at.row + last_group),
            ]
            with m.If(beat == o.beats - 1):
                m.d.sync += busy.eq(0)
        with m.Else():
            m.d.sync += tick.eq(tick + 1)
        with m.If(buffer.full):
            m.d.sync += [busy.eq(1), tick.eq(0), beat.eq(0), at.eq(0), at.slot.eq(buffer.slot)]
        m.d.comb += [
            *(lane.eq(at) for lane in buffer.at),
            self.o.payload.eq(buffer.x),
            self.o.valid.eq(delay_valid(m, busy & (tick == 0), 1)),
        ]
        if o.banks > 1:
            bank = Signal.like(buffer.bank, name="bank", reset_less=True)
            with m.If(buffer.full):
                m.d.sync += bank.eq(buffer.bank)
            m.d.comb += self.o.bank.eq(delay(m, bank, 1, "o_bank"))
        return m
