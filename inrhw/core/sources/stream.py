"""Coordinates from outside, by AXI4-Stream."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Element, Vector
from inrhw.gateware.edge import flow


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
        ports = {"tdata": In(o.length * bits_per_axis(o.element)), "valid": In(1), "o": Out(flow(o))}
        if o.banks > 1:
            ports["bank"] = In(range(o.banks))
        super().__init__(ports)

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
