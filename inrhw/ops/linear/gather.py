"""Gather: the beats of a vector become one beat with all lanes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, counter
from inrhw.gateware.edge import flow
from inrhw.ops.node import Node


@dataclass(frozen=True)
class Gather(Node):
    """``y = x``, with all elements at once.

    Parameters
    ----------
    i
        Numbers or phases, on any number of lanes.
    """

    i: Vector

    @property
    def o(self) -> Vector:
        """The same on as many lanes as elements."""
        return replace(self.i, lanes=self.i.length)

    @property
    def latency(self) -> int:
        """Until the last beat is there."""
        return self.i.span

    def forward_int(self, x: Codes) -> Codes:
        """Return a copy."""
        return x.copy()

    def cost(self) -> Cost:
        """Return the registers, what counts beats, and what writes each."""
        bank = self.i.banks > 1
        held = Cost(lut=self.i.beats, ff=self.i.length * self.i.element.width + 1 + bank)
        return held + counter(self.i.beats)

    def component(self) -> "GatherComponent":
        """Return one register an element."""
        return GatherComponent(self)

    @classmethod
    def examples(cls) -> Iterator["Gather"]:
        """Yield whole and uneven numbers of beats."""
        for length, lanes, interval in ((3, 1, 1), (3, 2, 4), (4, 4, 1), (6, 2, 2)):
            yield cls(Vector(Fixed(5, 2), length, lanes, interval))
        yield cls(Vector(Phase(4), 3, 1, 2))


class GatherComponent(wiring.Component):
    """Beat k goes into the k-th registers."""

    def __init__(self, node: Gather) -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Build a beat counter and the registers."""
        m = Module()
        i = self._node.i
        beat = Signal(range(max(2, i.beats)))
        valid = Signal(name="valid_q")
        last = beat == i.beats - 1
        m.d.sync += valid.eq(self.i.valid & last)
        with m.If(self.i.valid):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))
        for k in range(i.length):
            element = Signal.like(self.o.payload[k], name=f"element{k}", reset_less=True)
            with m.If(self.i.valid & (beat == k // i.lanes)):
                m.d.sync += element.eq(self.i.payload[k % i.lanes])
            m.d.comb += self.o.payload[k].eq(element)
        m.d.comb += self.o.valid.eq(valid)
        if i.banks > 1:
            bank = Signal.like(self.i.bank, name="bank_q", reset_less=True)
            with m.If(self.i.valid):
                m.d.sync += bank.eq(self.i.bank)
            m.d.comb += self.o.bank.eq(bank)
        return m
