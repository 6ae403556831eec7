"""QuadINR's wave as 1 - s^2, s the distance from the crest: a squarer in LUT logic without a multiplier.

With the bit below the sign inverted, the phase within half a wave is s in two's complement, so nothing is
mirrored. The square grows by two bits a row: if l is the signed number of the bits below n, the next two make
it t 2^n + l with a digit t from -2 to 2 (Booth), and its square is l^2 + t (2 l + t 2^n) 2^n: one adder whose
second operand is a function of few bits, which its LUTs take in. What stands for the lowest bits' square is a
table. Above zero, sums are kept complemented and digits change sign: the wave's sign costs one LUT a row.
"""

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from amaranth.hdl import Cat, Const, Mux, Value
from numpy.typing import NDArray

from inrhw.base.types import Codes
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import lookup
from inrhw.ops.kinds.waves import WaveNode

#: Bits that a table of squares is indexed with: a LUT takes them and the wave's sign.
TABLE_BITS = 5


@dataclass(frozen=True)
class SquarerNode(WaveNode):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), saturated to +-element.hi.

    Stages are from 1 to one more than twice the number of rows of the squarer.
    """

    fast_stages = 4

    @property
    def error_bound(self) -> float:
        """One unit: the crest has no code."""
        return 1.0

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return phi; see `CurveNode`."""
        r = (4 * x / (1 << self.i.element.width) + 2) % 4 - 2
        return np.asarray(r * (2 - np.abs(r)) * 2.0**self.element.frac)

    @property
    def width(self) -> int:
        """Bits of s: odd, for whole rows, and one of them at least. A narrow phase has zeros below it."""
        return max(TABLE_BITS + 2, self.i.element.width - 1 | 1)

    @property
    def dropped(self) -> int:
        """Bits of the square below the output's last; may be negative."""
        return 2 * self.width - 1 - self.element.width

    @property
    def first(self) -> int:
        """Number of bits below the first row."""
        return TABLE_BITS

    def unit(self, row: int) -> int:
        """Return the place of the lowest bit that matters to the row of bit `row` and those after it."""
        return min(row + 1, self.dropped)

    @abstractmethod
    def lowest(self, index: int, positive: int) -> int:
        """Return what stands for the square of the bits below the first row, in units of its `unit`.

        Parameters
        ----------
        index
            The highest `TABLE_BITS` of them, signed.
        positive
            1 while the wave is above zero: the table then holds the complement of the result.
        """

    def overflows(self, s: Value, positive: Value) -> Value:
        """Return whether the result would be one beyond the code of the crest: never, unless overridden."""
        return Const(0, 1)

    def logic(self) -> Cost:
        """Return the table's LUTs, and an adder a row with what writes its digit.

        Of the phase that all rows are given, about six bits a row are no longer needed by the next.
        """
        rows = list(range(self.first, self.width, 2))
        widths = [*(self._sum_bits(row) - self.unit(row + 2) for row in rows[:-1]), self.element.width]
        lowest = self._sum_bits(self.first - 2) - self.unit(self.first)
        return Cost(lut=lowest + sum(widths) + 3 * len(rows), ff=-6 * len(rows))

    def _sum_bits(self, row: int) -> int:
        """Return the bits of the sum after a row, those below its unit included."""
        return ((4 << 2 * row) + (1 << max(0, self.dropped))).bit_length() + 1

    def steps(self) -> list[Step]:
        """Return the table of the lowest bits' square, then a digit and an adder for each row."""
        rows = range(self.first, self.width, 2)
        pairs = [(partial(self._recode, row), partial(self._add, row)) for row in rows]
        return [self._square_lowest, *itertools.chain(*pairs)]

    def _square_lowest(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        phase = Cat(Const(0, self.width + 1 - len(x["x"])), x["x"])
        s, positive = _distance(phase)
        cases = itertools.product((0, 1), range(1 << TABLE_BITS))
        table = [self.lowest(signed(n, TABLE_BITS), above) ^ -above for above, n in cases]
        width = max(*table, ~min(table)).bit_length() + 1
        index = Cat(s[self.first - TABLE_BITS : self.first], positive)
        total = lookup([entry % (1 << width) for entry in table], index, width)
        return {"phase": phase, "total": total.as_signed(), "over": self.overflows(s, positive)}

    def _recode(self, row: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        """Write the digit as once or twice the rest, negative or not; zero is negative above zero."""
        s, positive = _distance(x["phase"])
        low, middle, high = s[row - 1 : row + 2]
        once, twice = low ^ middle, (low == middle) & (middle != high)
        return {**x, "once": once, "twice": twice, "negative": high & (once | twice) ^ positive}

    def _add(self, row: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        s, positive = _distance(x["phase"])
        rest, total, last = s[: row - 1], x["total"], row + 2 == self.width
        once, twice, flip = (x[name].replicate(row - 1) for name in ("once", "twice", "negative"))
        product = (rest & once | Cat(0, rest)[:-1] & twice) ^ flip
        highest = lookup(_highest(last), Cat(s[row - 2 : row + 2], positive), 4)
        unit, after = self.unit(row), self.unit(row + 2)
        operand = Cat(x["negative"].replicate(row + 1 - unit), product, highest).as_signed()
        if last:
            return {"y": self._result(total, operand, x["negative"], x["over"], positive)}
        total = _sum(total, operand, x["negative"])[after - unit : self._sum_bits(row) - unit]
        return {**x, "total": total.as_signed()}

    def _result(self, total: Value, operand: Value, carry: Value, over: Value, positive: Value) -> Value:
        """Add, without what lies below the output's last bit, and keep the sum from overflowing.

        Where it would, the digit is zero: the other zeros are one less above zero and one more below it.
        """
        if cut := self.dropped - self.unit(self.width - 2):
            carry = _sum(Cat(total[:cut], 0), Cat(operand[:cut], 0), carry)[cut]
        y = _sum(total[cut:], operand[cut:], Mux(over, ~positive, carry))
        return y[: self.element.width].as_signed()


def signed(code: int, width: int) -> int:
    """Return the value of a code in two's complement."""
    return code - (code >> width - 1 << width)


def _distance(phase: Value) -> tuple[Value, Value]:
    """Return s and whether the wave is above zero."""
    return Cat(phase[:-2], ~phase[-2]), ~phase[-1]


def _sum(a: Value, b: Value, carry: Value) -> Value:
    """Return a + b + carry, signed: what is twice the carry below the lowest bit makes it one adder."""
    return (Cat(carry, a).as_signed() + Cat(carry, b).as_signed())[1:]


def _highest(last: bool) -> list[int]:
    """Return the operand from t^2 up by the rest's top bit, the digit's three bits, and the sign.

    The last row's takes in the crest, four of its units.
    """
    table = []
    for positive, high, middle, low, top in itertools.product((0, 1), repeat=5):
        upper = middle - 2 * high
        digit = upper + low
        carried = top if abs(digit) == 2 else 0
        negative = (digit < 0) ^ positive
        square = digit * upper * (-1) ** positive
        table.append(((carried ^ -negative) + square + 4 * last) % 16)
    return table
