"""Multiply-accumulate in one DSP block, and chains of them for a dot product."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.errors import InputError

#: Bits of a sum: those of the DSP48E2's adder.
SUM_WIDTH = 48

#: Bits of the signed operands of a product: those of the DSP48E2's multiplier, either way round.
_LONG, _SHORT = 27, 18

#: Cycles from a and b to the sum: registers of the operands, the product and the sum.
MAC_LATENCY = 3


def fits_multiplier(a_width: int, b_width: int) -> bool:
    """Return whether a product of signed operands of these widths takes one DSP48E2."""
    return max(a_width, b_width) <= _LONG and min(a_width, b_width) <= _SHORT


class Mac(wiring.Component):
    """``p = a * b + cascade_in``, and ``+ p`` unless `restart`: one DSP48E2 with all its registers.

    Parameters
    ----------
    a_width, b_width
        Bits of the signed operands: one at most 27, the other at most 18.
    cascade
        There is a `cascade_in`: the sum of the multiplier before, whose operands came a cycle earlier.
    accumulate
        Sums continue until `restart`, which comes a cycle after the first operands of a new sum.
    """

    def __init__(self, a_width: int, b_width: int, *, cascade: bool, accumulate: bool) -> None:
        self._cascade, self._accumulate = cascade, accumulate
        ports = {"a": In(signed(a_width)), "b": In(signed(b_width)), "p": Out(signed(SUM_WIDTH))}
        if cascade:
            ports["cascade_in"] = In(signed(SUM_WIDTH))
        if accumulate:
            ports["restart"] = In(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Build operand, product and sum registers."""
        m = Module()
        a = Signal.like(self.a, name="a_q", reset_less=True)
        b = Signal.like(self.b, name="b_q", reset_less=True)
        product = Signal(signed(len(self.a) + len(self.b)), reset_less=True)
        p = Signal(signed(SUM_WIDTH), name="p", reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b)]
        added = product + self.cascade_in if self._cascade else product
        m.d.sync += p.eq(added)
        if self._accumulate:
            restart = Signal(name="restart_q", reset_less=True)
            m.d.sync += restart.eq(self.restart)
            with m.If(~restart):
                m.d.sync += p.eq(added + p)
        m.d.comb += self.p.eq(p)
        return m


def dot_product_ports(simd: int, a_width: int, b_width: int, sum_width: int) -> dict[str, wiring.Member]:
    """Return the ports of a processing element that shares no multipliers; see `DotProduct`."""
    return {
        "a": In(data.ArrayLayout(signed(a_width), simd)),
        "b": In(data.ArrayLayout(signed(b_width), simd)),
        "restart": In(1),
        "p": Out(signed(sum_width)),
    }


class DotProduct(wiring.Component):
    """A processing element: `simd` multipliers in a chain, the last of which accumulates.

    Operands of lane k come k cycles after those of lane 0, so that each sum meets its product on the way.

    Parameters
    ----------
    simd
        Multipliers.
    a_width, b_width
        Bits of weights and inputs.
    accumulate
        Sums continue until `restart`; otherwise nothing reads it.

    Attributes
    ----------
    a, b
        Weight and input of each lane.
    restart
        A cycle after the last lane's operands with which a new sum begins.
    p
        The sum, `MAC_LATENCY` cycles after the last lane's operands.
    """

    def __init__(self, simd: int, a_width: int, b_width: int, *, accumulate: bool = True) -> None:
        self._simd, self._widths, self._accumulate = simd, (a_width, b_width), accumulate
        super().__init__(dot_product_ports(simd, a_width, b_width, SUM_WIDTH))

    def elaborate(self, platform: object) -> Module:
        """Chain the multipliers; `inrhw.synth` recognizes them by their names."""
        m = Module()
        a_width, b_width = self._widths
        before = None
        for k in range(self._simd):
            cascade, last = k > 0, k == self._simd - 1
            accumulate = last and self._accumulate
            mac = Mac(a_width, b_width, cascade=cascade, accumulate=accumulate)
            end = "_accumulate" if accumulate else "_last" if last else ""
            m.submodules[f"mac{a_width}x{b_width}{'_cascade' * cascade}{end}_lane{k}"] = mac
            m.d.comb += [mac.a.eq(self.a[k]), mac.b.eq(self.b[k])]
            if before is not None:
                m.d.comb += mac.cascade_in.eq(before.p)
            if accumulate:
                m.d.comb += mac.restart.eq(self.restart)
            before = mac
        assert before is not None
        m.d.comb += self.p.eq(before.p)
        return m


#: Where the upper of two packed weights starts: sums of the lower products are below 2**(PACKED_SHIFT - 1).
PACKED_SHIFT = 19

#: Most lanes whose sums of products stay below that: 16 * 127 * 128 < 2**18.
MAX_PACKED_SIMD = 16

#: Cycles from a_lo, a_hi and b to the two sums: registers of the operands, of both weights in one, of the
#: product, of the chain's sum, and of the sums.
PACKED_LATENCY = 5


class PackedMac(wiring.Component):
    """``p = (a_hi * 2**PACKED_SHIFT + a_lo) * b + cascade_in``: two products in one DSP48E2.

    All its registers are used. Operands have 8 bits; the weights must not be -128: the pre-adder has 27 bits.

    Parameters
    ----------
    cascade
        There is a `cascade_in`: the sum of the multiplier before, whose operands came a cycle earlier.
    """

    def __init__(self, *, cascade: bool) -> None:
        self._cascade = cascade
        ports = {name: In(signed(8)) for name in ("a_lo", "a_hi", "b")} | {"p": Out(signed(SUM_WIDTH))}
        super().__init__(ports | ({"cascade_in": In(signed(SUM_WIDTH))} if cascade else {}))

    def elaborate(self, platform: object) -> Module:
        """Build the registers of operands, pre-adder, product and sum."""
        m = Module()
        a_lo, a_hi, b_1, b_2 = (
            Signal(signed(8), name=name, reset_less=True) for name in ("lo", "hi", "b_1", "b_2")
        )
        both = Signal(signed(PACKED_SHIFT + 8), reset_less=True)
        product = Signal(signed(PACKED_SHIFT + 16), reset_less=True)
        p = Signal(signed(SUM_WIDTH), name="p", reset_less=True)
        m.d.sync += [
            a_lo.eq(self.a_lo),
            a_hi.eq(self.a_hi),
            b_1.eq(self.b),
            both.eq((a_hi << PACKED_SHIFT) + a_lo),
            b_2.eq(b_1),
            product.eq(both * b_2),
            p.eq(product + self.cascade_in if self._cascade else product),
        ]
        m.d.comb += self.p.eq(p)
        return m


class PackedDotProduct(wiring.Component):
    """Two processing elements with the same inputs: `simd` multipliers in a chain, then two accumulators.

    Operands of lane k come k cycles after those of lane 0, as in `DotProduct`. The sum of a chain's lower
    products is at most 16 * 127 * 128 < 2**18 in magnitude, so the low 19 bits of the chain's sum are it, and
    if it is negative, the bits above are one less than the sum of the upper products.

    Parameters
    ----------
    simd
        Multipliers, at most `MAX_PACKED_SIMD`.
    sum_width
        Bits of the sums.

    Attributes
    ----------
    a_lo, a_hi, b
        Weights, from -127 to 127, and input of each lane.
    restart
        A cycle after the last lane's operands with which new sums begin.
    p_lo, p_hi
        The sums, `PACKED_LATENCY` cycles after the last lane's operands.
    """

    def __init__(self, simd: int, sum_width: int) -> None:
        self._simd, self._sum_width = simd, sum_width
        lanes = data.ArrayLayout(signed(8), simd)
        operands = {name: In(lanes) for name in ("a_lo", "a_hi", "b")}
        super().__init__(
            operands | {"restart": In(1), "p_lo": Out(signed(sum_width)), "p_hi": Out(signed(sum_width))}
        )

    def elaborate(self, platform: object) -> Module:
        """Chain the multipliers, which synthesis recognizes by name; split and accumulate the sum.

        Raises
        ------
        ValueError
            There are too many: the two sums could overlap.
        """
        if not 1 <= self._simd <= MAX_PACKED_SIMD:
            raise ValueError(f"at most {MAX_PACKED_SIMD} packed multipliers make a chain, not {self._simd}")
        m = Module()
        before = None
        for k in range(self._simd):
            mac = PackedMac(cascade=k > 0)
            kind = f"packed8x8{'_cascade' * (k > 0)}{'_last' * (k == self._simd - 1)}"
            m.submodules[f"{kind}_lane{k}"] = mac
            m.d.comb += [mac.a_lo.eq(self.a_lo[k]), mac.a_hi.eq(self.a_hi[k]), mac.b.eq(self.b[k])]
            if before is not None:
                m.d.comb += mac.cascade_in.eq(before.p)
            before = mac
        assert before is not None
        both = before.p
        restart = Signal(PACKED_LATENCY - 2, reset_less=True)
        m.d.sync += restart.eq(Cat(self.restart, restart))
        # The carry of the upper half enters below its lowest bit: one adder instead of two.
        lower = both[:PACKED_SHIFT].as_signed()
        upper = both[PACKED_SHIFT - 1 :].as_signed()
        for total, part, below in ((self.p_lo, lower, 0), (self.p_hi, upper, 1)):
            sum_ = Signal(signed(self._sum_width), reset_less=True)
            going_on = Mux(restart[-1], 0, sum_)
            added = part + Cat(C(below, below), going_on).as_signed()
            m.d.sync += sum_.eq(added >> below)
            m.d.comb += total.eq(sum_)
        return m


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
        """Split the inputs, and add the results of both chains."""
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
