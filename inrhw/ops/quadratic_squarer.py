"""Quadratic without a table of the wave or a multiplier: a sign and 1 - (1 - |r|)^2, the square in LUT logic.

With k the phase within its quarter and U a quarter turn, (1 - (1 - |r|)^2) U^2 is 2 U k - k^2 while the wave
rises and U^2 - k^2 while it falls, so nothing is folded first. The square comes from symmetric partial
products: its top bit t and the rest l give k^2 = t (4^n + 2^(n+1) l) + l^2, and so on down to a few bits,
whose square is a table. Rows are added or subtracted as the wave's sign says, and bits that no later row
touches are dropped at once, which is floor: the result is rounded exactly.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from amaranth.hdl import Cat, Const, Value
from numpy.typing import NDArray

from inrhw.quarter_wave import WaveNode
from inrhw.stage import Step, lookup
from inrhw.types import Codes, Fixed, Phase, Vector

#: Bits of the phase whose square is a table.
_TABLE_BITS = 5


@dataclass(frozen=True)
class QuadraticSquarer(WaveNode):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), rounded half up and saturated to +-element.hi.

    Stages are from 1 to the number of rows of the squarer, and two.
    """

    curve = "quadratic"

    @property
    def error_bound(self) -> float:
        """Half a unit of rounding; a whole one at the crest, which has no code."""
        return 1.0

    def forward_int(self, x: Codes) -> Codes:
        """Square the distance from the crest; see `Node`."""
        turn = 1 << self.i.element.width
        r = (x + turn // 2) % turn - turn // 2
        unit = turn // 4
        magnitude = unit**2 - (unit - np.abs(r)) ** 2 << self.element.frac
        y = (2 * np.sign(r) * magnitude + unit**2) // (2 * unit**2)
        clipped: Codes = np.clip(y, -self.element.hi, self.element.hi)
        return clipped

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return phi; see `CurveNode`."""
        r = (4 * x / (1 << self.i.element.width) + 2) % 4 - 2
        return np.asarray(r * (2 - np.abs(r)) * 2.0**self.element.frac)

    @property
    def _top(self) -> int:
        """Number of the top bit of k."""
        return self.i.element.width - 3

    @property
    def _dropped(self) -> int:
        """Bits of U^2 below the output's last; may be negative."""
        return 2 * self._top + 2 - self.element.frac

    @property
    def _half(self) -> int:
        """Half a unit of the output, in units of U^-2."""
        return 1 << self._dropped - 1 if self._dropped > 0 else 0

    def _unit(self, row: int) -> int:
        """Weight of the lowest bit that matters to `row` and those after it."""
        return min(row + 1, 2 * self._top, self._dropped)

    def steps(self) -> list[Step]:
        """Return the table of the lowest bits' square, the rows of the squarer, and the sum with the rest."""
        first = min(self._top, _TABLE_BITS)
        rows = [partial(self._add_row, row) for row in range(first, self._top)]
        return [partial(self._square_lowest, first), *rows, self._subtract, self._sign]

    def _square_lowest(self, bits: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        k, falling, negative = x["x"][:-2], x["x"][-2], x["x"][-1]
        fraction = max(0, -self._dropped)
        # Half a unit makes floor round. Above zero, -n is ~(n - 1).
        exact = [
            (n * n << fraction) + more for more in (-self._half - 1, self._half) for n in range(1 << bits)
        ]
        table = [value >> fraction + self._unit(bits) for value in exact]
        width = (max(table) + 1).bit_length() + 1
        total = lookup([entry % (1 << width) for entry in table], Cat(k[:bits], negative), width)
        return {"k": k, "falling": falling, "negative": negative, "total": total.as_signed()}

    def _add_row(self, row: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        bit, rest = x["k"][row], x["k"][:row]
        unit, after = self._unit(row), self._unit(row + 1)
        # Half of the rest's range is added to it.
        product = Cat(rest[:-1], ~rest[-1], rest[-1]) & bit.replicate(row + 1)
        total = x["total"] + Cat(Const(0, row + 1 - unit), product)
        width = (((2 << row) - 1) ** 2 + self._half).bit_length() + 1
        return {**x, "total": total[after - unit : width - unit].as_signed()}

    def _subtract(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        """Subtract 2 U k or U^2, less the top row: what is left of the rest is 2, 1, 0 or -1 times it."""
        top, unit = self._top, self._unit(self._top)
        rising, bit, rest = ~x["falling"], x["k"][top], x["k"][:top]
        once, twice = bit.replicate(top + 1), (~bit & rising).replicate(top + 1)
        multiple = Cat(Const(0, top + 1 - unit), Cat(rest, 0) & once | Cat(0, rest) & twice)
        low = 2 * top - unit
        highest = lookup(_highest(), Cat(Cat(Const(0, 2), rest)[-2:], bit, rising), 3)
        operand = Cat(multiple[:low] ^ rising.replicate(low), highest)
        # A bit below the lowest carries into it: one adder.
        total = (Cat(1, x["total"]).as_signed() + Cat(rising, operand).as_signed())[
            1 + self._dropped - unit :
        ]
        return {
            "total": total[: self.element.width],
            "negative": x["negative"],
            "crest": self._is_crest(x["k"] ^ rising.replicate(top + 1), rising, x["negative"]),
        }

    def _is_crest(self, folded: Value, rising: Value, negative: Value) -> Value:
        """Whether the wave rounds to the crest; a tie does so above zero only."""
        above, below = math.isqrt(self._half), math.isqrt(max(self._half - 1, 0))
        bits = min(above.bit_length(), self._top + 1)
        table = [
            int(distance + is_rising <= most)
            for most in (above, below)
            for is_rising in (0, 1)
            for distance in range(1 << bits)
        ]
        return lookup(table, Cat(folded[:bits], rising, negative), 1) & (folded[bits:] == 0)

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        """Undo the complement; the crest has no code, and its complement is just what it saturates to."""
        flip = ~x["negative"] & ~x["crest"]
        y = x["total"] ^ flip.replicate(self.element.width) | x["crest"]
        return {"y": y.as_signed()}

    @classmethod
    def examples(cls) -> Iterator["QuadraticSquarer"]:
        """Yield formats that drop, keep and add low bits, with few and many stages."""
        for phase_bits, bits in ((8, 8), (3, 2), (3, 8), (5, 7), (10, 6), (9, 12), (12, 12)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            most = len(cls(vector, element, 1).steps())
            for n_stages in (1, 2, most):
                yield cls(vector, element, n_stages)


def _highest() -> list[int]:
    """Return what to add from U^2 / 4 up, by the top bits of the rest, the bit above it, and rising."""
    table = []
    for rising, bit, rest in itertools.product((0, 1), (0, 1), range(4)):
        multiple = rest >> 1 if bit else rest * rising
        constant = 3 if bit else 4 * (1 - rising)
        table.append(((~multiple if rising else multiple) - constant) % 8)
    return table
