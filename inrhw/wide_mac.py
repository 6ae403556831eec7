"""Dot products of operands that exceed one DSP block: each multiplier is two, with half of the input each."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring

from inrhw.errors import InputError
from inrhw.mac import MAC_LATENCY, SUM_WIDTH, DotProduct, dot_product_ports, fits_multiplier

#: Cycles from a and b to the sum: those of `DotProduct`, and a register behind the adder of both halves.
WIDE_LATENCY = MAC_LATENCY + 1


def is_wide(a_width: int, b_width: int, terms: int, sum_width: int) -> bool:
    """Return whether a dot product needs `WideDotProduct`: its products or its sum exceed one DSP block.

    Parameters
    ----------
    a_width, b_width
        Bits of weights and inputs.
    terms
        Products in a sum.
    sum_width
        Bits of the sum that are needed.
    """
    exact = min(sum_width, a_width + b_width + (terms - 1).bit_length())
    return not fits_multiplier(a_width, b_width) or exact > SUM_WIDTH


def check_wide(a_width: int, b_width: int, terms: int, sum_width: int) -> None:
    """Raise InputError if the operands exceed two DSP blocks as well, or a half's sum the adder of one."""
    if any(is_wide(a_width, width, terms, sum_width) for width in _halves(b_width)):
        raise InputError(
            f"two DSP blocks cannot sum {terms} products of weights of {a_width} bits and inputs of "
            f"{b_width} bits; use fewer bits"
        )


def _halves(b_width: int) -> tuple[int, int]:
    """Return the widths of b_lo, with a sign that is always 0, and b_hi."""
    low = b_width // 2
    return low + 1, b_width - low


class WideDotProduct(wiring.Component):
    """A processing element of two chains: ``a * b = a * b_lo + (a * b_hi << low)``, b_lo without a sign.

    Ports are those of `DotProduct`, and so is their timing, but for `p`: it comes `WIDE_LATENCY` cycles after
    the last lane's operands. It is exact modulo 2**sum_width if `check_wide` finds nothing.

    Parameters
    ----------
    simd
        Multipliers, of two DSP blocks each.
    a_width, b_width
        Bits of weights, at most 27, and inputs, at most 34.
    sum_width
        Bits of the sum.
    """

    def __init__(self, simd: int, a_width: int, b_width: int, sum_width: int) -> None:
        self._simd, self._widths = simd, (a_width, b_width)
        super().__init__(dot_product_ports(simd, a_width, b_width, sum_width))

    def elaborate(self, platform: object) -> Module:
        """Split the inputs, and add what both chains give."""
        m = Module()
        a_width, b_width = self._widths
        low = b_width // 2
        sums = []
        for name, width in zip(("lower", "upper"), _halves(b_width), strict=True):
            m.submodules[name] = half = DotProduct(self._simd, a_width, width)
            m.d.comb += half.restart.eq(self.restart)
            for k in range(self._simd):
                part = self.b[k][:low] if name == "lower" else self.b[k][low:].as_signed()
                m.d.comb += [half.a[k].eq(self.a[k]), half.b[k].eq(part)]
            sums.append(half.p)
        lower, upper = sums
        p = Signal.like(self.p, name="p_q", reset_less=True)
        m.d.sync += p.eq(Cat(lower[:low], (lower >> low) + upper).as_signed())
        m.d.comb += self.p.eq(p)
        return m
