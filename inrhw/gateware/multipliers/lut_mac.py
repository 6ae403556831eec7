"""Products of LUTs, and dot products some of whose products are such, for cores that lack DSP blocks."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.cost import Cost
from inrhw.gateware.multipliers.mac import MAC_LATENCY, DotProduct, dot_product_ports
from inrhw.gateware.pipeline import delay

#: Operands of an adder: Xilinx' carry chains add three with a LUT a bit.
_OPERANDS = 3

_Row = TypeVar("_Row")


def _levels(rows: Sequence[_Row], add: Callable[[Sequence[_Row]], _Row]) -> Iterator[list[_Row]]:
    """Yield the rows behind each level of adders, at least one, until an adder takes all and a sum more."""
    level = list(rows)
    while len(level) == len(rows) or len(level) >= _OPERANDS:
        groups = range(0, len(level), _OPERANDS)
        level = [add(level[first : first + _OPERANDS]) for first in groups]
        yield level


def lut_mac_latency(a_width: int, b_width: int) -> int:
    """Return the cycles from the operands to the sum of a `LutMac`.

    Examples
    --------
    >>> lut_mac_latency(8, 8), lut_mac_latency(8, 16), lut_mac_latency(12, 12)
    (3, 3, 4)
    """
    return 2 + len(list(_levels(_spans(a_width, b_width), _span)))


def lut_mac_cost(a_width: int, b_width: int, sum_width: int) -> Cost:
    """Return the cost of a `LutMac`: a LUT for each bit of a row, and of an adder.

    Examples
    --------
    >>> lut_mac_cost(8, 8, 20)
    Cost(lut=73, ff=62, dsp=0, bram=0, uram=0)
    """
    spans = _spans(a_width, b_width)
    bits = sum(len(span) for level in _levels(spans, _span) for span in level) + sum_width
    # A last adder of a row and what it lacks has the row in its own tables.
    rows = len(spans) - 1 - (len(spans) % _OPERANDS == _OPERANDS - 1)
    return Cost(lut=rows * len(spans[0]) + bits, ff=a_width + b_width + bits)


def _spans(a_width: int, b_width: int) -> list[range]:
    """Return the bits of each row of a product; see `_rows`."""
    row, digits = max(a_width, b_width) + 1, _digits(min(a_width, b_width))
    others = [range(2 * k - 2, 2 * k + row) for k in range(1, digits)]
    return [range(row), *others, range(2 * digits - 2, 2 * digits - 1)]


def _span(terms: Sequence[range]) -> range:
    """Return the bits of a sum."""
    return range(min(term.start for term in terms), max(term.stop for term in terms) + len(terms[1:2]))


def mixed_latency(a_width: int, b_width: int) -> int:
    """Return the cycles from the last lane's operands to the sum of a `MixedDotProduct`."""
    return lut_mac_latency(a_width, b_width) + 1


def _digits(width: int) -> int:
    """Return the digits of base 4 of a signed number."""
    return -(-width // 2)


class LutMac(wiring.Component):
    """``p = a * b + sum_in``, of LUTs, with registers behind every adder.

    The narrower operand is taken in digits from -2 to 2 (Booth's recoding to base 4, MacSorley 1961), so that
    a row of the product is one LUT a bit. A negative row is a complement; the one that it lacks takes a free
    place below the next row.

    Parameters
    ----------
    a_width, b_width
        Bits of the signed operands.
    sum_width
        Bits of `p` and `sum_in`: sums are exact modulo 2**sum_width.

    Attributes
    ----------
    a, b
        Operands.
    sum_in
        The sum of other products; `p` has it a cycle later.
    p
        The sum, `lut_mac_latency` cycles after the operands.
    """

    def __init__(self, a_width: int, b_width: int, sum_width: int) -> None:
        total = signed(sum_width)
        super().__init__(
            {"a": In(signed(a_width)), "b": In(signed(b_width)), "sum_in": In(total), "p": Out(total)}
        )

    def elaborate(self, platform: object) -> Module:
        """Register operands, add rows until two are left, then add these to `sum_in`."""
        m = Module()
        # Registers with a reset do not become the end of a shift register, whose output is late.
        a, b = Signal.like(self.a, name="a_q"), Signal.like(self.b, name="b_q")
        m.d.sync += [a.eq(self.a), b.eq(self.b)]
        rows = _rows(*((a, b) if len(b) <= len(a) else (b, a)))
        number = itertools.count()
        *_, rows = _levels(rows, lambda terms: delay(m, _added(terms), 1, f"rows{next(number)}"))
        p = Signal.like(self.p, name="p_q", reset_less=True)
        m.d.sync += p.eq(_added([self.sum_in, *rows]))
        m.d.comb += self.p.eq(p)
        return m


def _added(terms: Sequence[Value]) -> Value:
    first, *others = terms
    return sum(others, first)


def _rows(a: Value, b: Value) -> list[Value]:
    """Return values whose sum is a * b: one for each digit of b, and what the last of them lacks."""
    bits = Cat(C(0, 1), b, b[-1])  # a digit begins with the bit below it
    rows, negative = [], None
    for k in range(_digits(len(b))):
        below, middle, top = bits[2 * k : 2 * k + 3]
        one, two = below ^ middle, (top != middle) & (middle == below)
        row = Mux(one, a, 0) | Mux(two, a << 1, 0)
        row = Cat(row) ^ top.replicate(len(row))
        lacking = Cat(negative, C(0, 1)) if negative is not None else Cat()
        rows.append((Cat(lacking, row).as_signed()) << max(0, 2 * k - 2))
        negative = top
    assert negative is not None
    return [*rows, negative << 2 * _digits(len(b)) - 2]


class MixedDotProduct(wiring.Component):
    """A processing element whose last `lut_products` lanes are of LUTs, behind a chain of multipliers.

    Ports and timing are those of `inrhw.gateware.multipliers.mac.DotProduct`, but for `p`: it comes
    `mixed_latency` cycles after the last lane's operands. It is exact modulo 2**sum_width.

    Parameters
    ----------
    simd
        Lanes.
    lut_products
        Lanes of LUTs, at least one.
    a_width, b_width
        Bits of weights and inputs.
    sum_width
        Bits of the sum.
    """

    def __init__(self, simd: int, lut_products: int, a_width: int, b_width: int, sum_width: int) -> None:
        self._simd, self._blocks, self._widths = simd, simd - lut_products, (a_width, b_width)
        super().__init__(dot_product_ports(simd, a_width, b_width, sum_width))

    def elaborate(self, platform: object) -> Module:
        """Add the lanes of LUTs to the sum of the chain, one by one, and accumulate."""
        m = Module()
        total: Value = C(0, self.p.shape())
        if self._blocks:
            m.submodules.blocks = chain = DotProduct(self._blocks, *self._widths, accumulate=False)
            for k in range(self._blocks):
                m.d.comb += [chain.a[k].eq(self.a[k]), chain.b[k].eq(self.b[k])]
            # The chain's sum is there MAC_LATENCY cycles after operands that came a cycle earlier.
            late = lut_mac_latency(*self._widths) - MAC_LATENCY
            total = delay(m, chain.p[: len(self.p)].as_signed(), late, "chain")
        for k in range(self._blocks, self._simd):
            m.submodules[f"lane{k}"] = mac = LutMac(*self._widths, len(self.p))
            m.d.comb += [mac.a.eq(self.a[k]), mac.b.eq(self.b[k]), mac.sum_in.eq(total)]
            total = mac.p
        p = Signal.like(self.p, name="p_q", reset_less=True)
        restart = delay(m, self.restart, lut_mac_latency(*self._widths) - 1, "restart")
        m.d.sync += p.eq(total + Mux(restart, 0, p))
        m.d.comb += self.p.eq(p)
        return m
