"""TMDS: how DVI sends a byte as ten bits with few edges and no direct current (DVI 1.0, section 3.3)."""

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: Symbols of the two control bits, where no pixel is.
CONTROL = (0b1101010100, 0b0010101011, 0b0101010100, 0b1010101011)

#: What the clock lane sends.
CLOCK = 0b0000011111

#: Cycles from a byte to its symbol.
LATENCY = 2


def _ones(bits: Value) -> Value:
    return reduce(add, bits)


class TmdsEncoder(wiring.Component):
    """One lane, a symbol a cycle, `LATENCY` cycles later.

    Attributes
    ----------
    data
        The byte.
    active
        Whether `data` is sent; otherwise `control`.
    control
        The two control bits.
    symbol
        Ten bits, the lowest first on the wire.
    disparity
        Half the excess of ones over zeros since the last control symbol.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "data": In(8),
                "active": In(1),
                "control": In(2),
                "symbol": Out(10),
                "disparity": Out(signed(4)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """First minimize edges, then balance ones and zeros."""
        m = Module()
        ones = Signal(range(9))
        m.d.comb += ones.eq(_ones(self.data))
        xnor = Signal()
        m.d.comb += xnor.eq((ones > 4) | ((ones == 4) & ~self.data[0]))
        chain = [self.data[0]]
        for bit in self.data[1:]:
            chain.append(chain[-1] ^ bit ^ xnor)
        word, plain = Signal(8), Signal()
        active, control = Signal(), Signal(2)
        m.d.sync += [
            word.eq(Cat(chain)),
            plain.eq(~xnor),
            active.eq(self.active),
            control.eq(self.control),
        ]
        # Both counted in pairs of a one more and a zero less: they are always even.
        excess = Signal(signed(4))
        invert = Signal()
        even = (self.disparity == 0) | (excess == 0)
        m.d.comb += [
            excess.eq(_ones(word) - 4),
            invert.eq(Mux(even, ~plain, (self.disparity < 0) == (excess < 0))),
        ]
        with m.If(active):
            m.d.sync += [
                self.symbol.eq(Cat(word ^ invert.replicate(8), plain, invert)),
                self.disparity.eq(self.disparity + Mux(invert, plain - excess, excess - ~plain)),
            ]
        with m.Else():
            codes = [Const(code, unsigned(10)) for code in CONTROL]
            with m.Switch(control):
                for number, code in enumerate(codes):
                    with m.Case(number):
                        m.d.sync += self.symbol.eq(code)
            m.d.sync += self.disparity.eq(0)
        return m
