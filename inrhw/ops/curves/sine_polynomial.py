"""Sine by a polynomial: sin(pi / 2 u) = u P(u^2) for u from 0 to 1, P by Horner's rule.

P has 2, 3 or 4 terms of alternating sign, the minimax ones for the widest output that they serve. The guard
bits are the fewest that keep every format within one unit, found by trying all codes of all formats.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from amaranth.hdl import Cat, Const, Value

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, product
from inrhw.gateware.pipeline import Step
from inrhw.ops.kinds.curve import EVERY_STEP
from inrhw.ops.kinds.waves import SineNode, mirror

#: Fraction bits of the coefficients.
_EXACT = 24


@dataclass(frozen=True)
class Series:
    """A polynomial in u^2 and what is kept of it.

    Parameters
    ----------
    coefficients
        Magnitudes in units of 2**-24, from the constant on; their signs alternate.
    guards
        Fraction bits of each partial sum of Horner's rule beyond the output's, by its coefficient.
    square_guards
        Fraction bits of u^2 beyond the output's, where it multiplies the partial sum after each of these.
    """

    coefficients: tuple[int, ...]
    guards: tuple[int, ...]
    square_guards: tuple[int, ...]


#: The polynomials, by the width of the widest output that they serve.
SERIES = {
    # Close up to u = 0.93 only: the sine is within a unit of its crest then, where 1.4 units too low will do.
    8: Series((26064770, 9470304), (3, 2), (2,)),
    13: Series((26345598, 10772871, 1205625), (3, 2, 1), (1, -2)),
    16: Series((26353500, 10836284, 1332687, 72697), (2, 2, 2, 1), (1, -1, -5)),
}


@dataclass(frozen=True)
class SinePolynomial(SineNode):
    """``y = sin(2 pi x)`` within one unit of the last place, saturated to +-element.hi.

    Stages are from 1 to 7, 9 or 11: mirror, square, multiply and subtract for each term but the last,
    multiply, round, sign.
    """

    curve = "sine"
    fast_stages = EVERY_STEP

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding, the rest from the polynomial and truncation; one unit at the crest."""
        return 1.0

    @property
    def series(self) -> Series:
        """The shortest polynomial that is close enough."""
        return next(series for width, series in SERIES.items() if self.element.width <= width)

    def constants(self) -> list[int]:
        """Return the coefficients, each with the fraction bits of its partial sum.

        All but the last are rounded down, as are the products subtracted from them.
        """
        *others, last = (
            coefficient >> _EXACT - self.element.frac - guard - 1
            for coefficient, guard in zip(self.series.coefficients, self.series.guards, strict=True)
        )
        return [*(other >> 1 for other in others), last + 1 >> 1]

    @property
    def _argument_bits(self) -> int:
        return self.i.element.width - 2

    @property
    def _square_bits(self) -> list[int]:
        """Fraction bits of u^2 by the partial sum that its product is subtracted for."""
        return [min(2 * self._argument_bits, self.element.frac + g) for g in self.series.square_guards]

    @property
    def _shifts(self) -> list[int]:
        """Bits to drop of the product that is subtracted for each partial sum."""
        guards = self.series.guards
        return [bits + guards[k + 1] - guards[k] for k, bits in enumerate(self._square_bits)]

    def forward_int(self, x: Codes) -> Codes:
        """Evaluate the polynomial in a quarter and mirror it; see `Node`."""
        quarter = 1 << self._argument_bits
        half, within = np.divmod(x, 2 * quarter)
        u = np.where(within < quarter, within, 2 * quarter - within)
        *others, last = self.constants()
        total = np.full_like(u, last)
        for constant, bits, shift in list(zip(others, self._square_bits, self._shifts, strict=True))[::-1]:
            total = constant - (u * u // (quarter**2 >> bits) * total >> shift)
        unit = quarter << self.series.guards[0]
        magnitude = np.minimum((2 * u * total + unit) // (2 * unit), self.element.hi)
        magnitude[u == quarter] = self.element.hi
        y: Codes = np.where(half == 1, -magnitude, magnitude)
        return y

    def logic(self) -> Cost:
        """Return the products, and the adders behind them.

        DSPs have the registers of their products, and two of the square that waited for another term.
        """
        u, width, constants = self._argument_bits, self.element.width, self.constants()
        *totals, last = (constant.bit_length() for constant in constants)
        last -= (constants[-1] & -constants[-1]).bit_length() - 1  # zeros below it multiply nothing
        found = Cost(lut=u + sum(totals) + 2 * width) + product(u, u, own=max(self._square_bits))
        for bits, total in zip(self._square_bits, [*totals[1:], last], strict=True):
            waited = 2 * bits if len(totals) > 1 and bits == max(self._square_bits) else 0
            found += product(bits, total, own=bits + total + waited)
        return found + product(u, totals[0], own=width + 1)

    def steps(self) -> list[Step]:
        """Return mirror, square, Horner's rule from the last coefficient on, multiply, round, sign."""
        terms = [
            step
            for k in reversed(range(len(self._shifts)))
            for step in (partial(self._multiply, k), partial(self._subtract, k))
        ]
        return [self._mirror, self._square, *terms, self._scale, self._round, self._sign]

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        mirrored, crest, negative = mirror(x["x"])
        return {"u": mirrored, "crest": crest, "negative": negative}

    def _square(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        square = x["u"] * x["u"]
        return {**x, "square": square[len(square) - max(self._square_bits) :]}

    def _multiply(self, k: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        square = x["square"][len(x["square"]) - self._square_bits[k] :]
        total = x.get("total", Const(self.constants()[-1]))
        kept = {name: value for name, value in x.items() if name != "total"}
        return {**kept, "product": square * total}

    def _subtract(self, k: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        constant = self.constants()[k]
        kept = {name: value for name, value in x.items() if name != "product" and (k or name != "square")}
        return {**kept, "total": (constant - x["product"][self._shifts[k] :])[: constant.bit_length()]}

    def _scale(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        product = x["u"] * x["total"]
        kept = len(product) - self.element.width - 1
        return {"product": product[kept:], "crest": x["crest"], "negative": x["negative"]}

    def _round(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        half, line, over = x["product"][0], x["product"][1:-1], x["product"][-1] | x["crest"]
        magnitude = line | over.replicate(len(line))
        # What is rounded up out of all ones saturates.
        return {"magnitude": magnitude, "up": half & ~magnitude.all(), "negative": x["negative"]}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        # -(m + up) is ~m + 1 - up: rounding takes no adder of its own.
        flipped = Cat(x["magnitude"], 0) ^ x["negative"].replicate(self.element.width)
        return {"y": (flipped + (x["negative"] ^ x["up"]))[: self.element.width].as_signed()}

    @classmethod
    def examples(cls) -> Iterator["SinePolynomial"]:
        """Yield formats of every polynomial, with few and many stages."""
        for phase_bits, bits in ((8, 8), (3, 2), (3, 9), (9, 5), (12, 13), (10, 14)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            for n_stages in (1, 2, len(cls(vector, element, 1).steps())):
                yield cls(vector, element, n_stages)
