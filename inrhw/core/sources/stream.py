"""Coordinates from outside, by AXI4-Stream."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Element, Vector
from inrhw.gateware.edge import flow


def stream_ports(axes: int, element: Element, o: Vector, told_banks: int) -> dict[str, wiring.Member]:
    """Return the ports of what makes vectors `o` of beats with a coordinate along each axis."""
    ports = {"tdata": In(axes * bits_per_axis(element)), "valid": In(1), "o": Out(flow(o))}
    return ports | ({"bank": In(range(told_banks))} if told_banks > 1 else {})


class StreamSourceComponent(wiring.Component):
    """Takes coordinates from an AXI4-Stream: an axis in each run of whole bytes, sign-extended.

    Attributes
    ----------
    tdata
        The beat's data; axis k in bits ``[k * bits_per_axis, k * bits_per_axis + width)``.
    bank
        Bank of weights that the beat is meant for, if there are many.
    """

    def __init__(self, o: Vector) -> None:
        self._o = o
        super().__init__(stream_ports(o.length, o.element, o, o.banks))

    def elaborate(self, platform: object) -> Module:
        """Pick the coordinates out of the beat."""
        m = Module()
        element = self._o.element
        for k in range(self._o.length):
            start = k * bits_per_axis(element)
            m.d.comb += self.o.payload[k].eq(self.tdata[start : start + element.width])
        m.d.comb += self.o.valid.eq(self.valid)
        if self._o.banks > 1:
            m.d.comb += self.o.bank.eq(self.bank)
        return m


def bits_per_axis(element: Element) -> int:
    """Return the whole bytes, in bits, that one coordinate takes in a beat."""
    return -(-element.width // 8) * 8
