"""Weights that are signs, or signs and zeros, of one magnitude: sums of inputs that nothing multiplies.

Two's complement tells a sign from a zero in two bits: 01, 11 and 00; 10 is read as a zero too. Where no
weight is zero one bit does: 1 is a minus.
"""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from inrhw.base.types import Codes
from inrhw.gateware.multipliers.mac import dot_product_ports


def to_words(signs: Codes, bits: int) -> Codes:
    """Return the words of -1, 0 and 1; with one bit a zero has that of 1.

    Examples
    --------
    >>> to_words(np.array([-1, 0, 1]), 2), to_words(np.array([-1, 1]), 1)
    (array([3, 0, 1]), array([1, 0]))
    """
    words: Codes = signs & 3 if bits > 1 else (signs < 0).astype(np.int64)
    return words


def from_words(words: Codes, bits: int) -> Codes:
    """Return -1, 0 or 1 for every word.

    Examples
    --------
    >>> from_words(np.array([0, 1, 2, 3]), 2), from_words(np.array([0, 1]), 1)
    (array([ 0,  1,  0, -1]), array([ 1, -1]))
    """
    signs: Codes = (words & 1) * (1 - (words & 2)) if bits > 1 else 1 - 2 * words
    return signs


def sign_sum_width(x_width: int, terms: int) -> int:
    """Return the bits of a sum of `terms` inputs of `x_width` bits, or of their complements."""
    return x_width + (terms - 1).bit_length()


class SignSum(wiring.Component):
    """A processing element without multipliers: a lane subtracts its input, adds it or leaves it out.

    Ports and timing are those of `inrhw.gateware.multipliers.mac.DotProduct`, with words of `to_words` for
    weights. Only `p` differs: it is minus the sum and a known offset, see `beyond_sum`.

    A lane is a LUT a bit. It negates an input by its complement, which is one less; and it subtracts, because
    Yosys swaps what is added, and the operand that is chosen would then take a LUT of its own.

    Parameters
    ----------
    simd
        Lanes.
    bits
        Of a weight: 1 or 2.
    x_width
        Bits of a signed input.
    terms
        Inputs in a sum.
    """

    def __init__(self, simd: int, bits: int, x_width: int, terms: int) -> None:
        self._simd, self._x_width = simd, x_width
        super().__init__(dot_product_ports(simd, bits, x_width, sign_sum_width(x_width, terms)))

    def elaborate(self, platform: object) -> Module:
        """Chain the lanes, and accumulate what comes out."""
        m = Module()
        before = None
        for k in range(self._simd):
            weight, x = (
                Signal.like(port[k], name=f"{name}_q{k}", reset_less=True)
                for name, port in (("a", self.a), ("b", self.b))
            )
            m.d.sync += [weight.eq(self.a[k]), x.eq(self.b[k])]
            term = _term(weight, x)
            total = Signal(signed(sign_sum_width(self._x_width, k + 1)), name=f"lane{k}", reset_less=True)
            # A complement is minus the term less one: with it no sum of these leaves its bits.
            m.d.sync += total.eq(~term if before is None else before - term)
            before = total
        assert before is not None
        restart = Signal(name="restart_q", reset_less=True)
        p = Signal.like(self.p, name="p_q", reset_less=True)
        m.d.sync += [restart.eq(self.restart), p.eq(before + Mux(restart, 0, p))]
        m.d.comb += self.p.eq(p)
        return m


def _term(weight: Value, x: Value) -> Value:
    """Return x, its complement, or 0."""
    term = Cat(x) ^ weight[-1].replicate(len(x))
    if len(weight) > 1:
        term &= weight[0].replicate(len(x))
    return term.as_signed()


def beyond_sum(signs: Codes, steps: int) -> Codes:
    """Return the offset in the result of `SignSum`: ``p = -(sum + beyond_sum)``.

    Parameters
    ----------
    signs
        int64 [..., terms]: of -1, 0 and 1.
    steps
        Cycles in which they are summed.

    Returns
    -------
    int64
        [...]: one for each step less one for each -1.
    """
    beyond: Codes = steps - (signs < 0).sum(axis=-1)
    return beyond
