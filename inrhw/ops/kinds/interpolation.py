"""Straight lines instead of a table of every value: for functions that end at a crest of 1, one multiplier.

Over a segment of length h a chord lies at most h^2 c / 8 off the function, c the largest second derivative;
shifted by half of what the function bulges there, it errs by h^2 c / 16. Segments are as few as keep that
below half a unit of the output's last place; values and rises, rounded `_GUARD` bits finer, add a quarter.
What the product drops adds nothing: a floor of a floor is one floor.
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from amaranth.hdl import Cat, Const, Value
from numpy.typing import NDArray

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.cost import Cost, product, table
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import lookup, negated_if
from inrhw.ops.kinds.curve import EVERY_STEP
from inrhw.ops.kinds.saturating import EvenNode

#: Bits of the tables below the output's last place.
_GUARD = 2
#: Most that a line may be off the function, in units of the output's last place.
_CHORD = 0.5


@dataclass(frozen=True)
class Lines:
    """Lines over equal segments of a range that ends at the crest, and the steps that find and follow one.

    Parameters
    ----------
    function
        Maps 0 to 1, a fraction of the range, to values well above -1, and 1 to 1.
    curvature
        Largest magnitude of its second derivative.
    argument_bits
        The range has 2**argument_bits codes, and the crest is the one after.
    width
        Bits of the signed output, all but the sign fraction bits.
    """

    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    curvature: float
    argument_bits: int
    width: int

    def _chord(self, index_bits: int) -> float:
        """Return the most that a line is off, in units of the output's last place."""
        return self.curvature * 2.0 ** (self.width - 1 - 2 * index_bits) / 16

    @property
    def index_bits(self) -> int:
        """Bits of a segment's number."""
        wanted = next(bits for bits in itertools.count() if self._chord(bits) <= _CHORD)
        return min(wanted, self.argument_bits)

    @property
    def _offset_bits(self) -> int:
        return self.argument_bits - self.index_bits

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding, the chord, and half a unit of each table; one unit at 1."""
        chord = self._chord(self.index_bits) if self._offset_bits else 0.0
        return max(1.0, 0.5 + chord + 2.0**-_GUARD)

    @functools.cached_property
    def tables(self) -> tuple[list[int], list[int]]:
        """Each segment's value and rise, in units of 2**-_GUARD of the output's last place.

        The value holds half a unit of the output, so that dropping bits rounds. No entry lies near a tie
        (tests/ops/kinds/test_interpolation.py): float64 rounds as exact arithmetic would.
        """
        nodes = np.arange((2 << self.index_bits) + 1) / (2 << self.index_bits)
        exact = self.function(nodes) * 2.0 ** (self.width - 1 + _GUARD)
        start, middle, end = exact[:-2:2], exact[1::2], exact[2::2]
        half = 1 << _GUARD - 1
        if not self._offset_bits:
            return _rounded(start + half), [0] * len(start)
        bulge = middle - (start + end) / 2
        return _rounded(start + bulge / 2 + half), _rounded(end - start)

    def cost(self) -> Cost:
        """Return what the steps take: both tables, the product, the adder and what saturates behind it.

        A DSP has the register of the offset itself.
        """
        values, rises = self.tables
        found = table(values) + Cost(lut=2 * self.width + 1 + _GUARD)
        if not self._offset_bits:
            return found
        rise = Fixed.holding(min(rises), max(rises), frac=0).width
        return found + table(rises) + product(rise, self._offset_bits, own=self._offset_bits)

    def at(self, mirrored: Codes) -> Codes:
        """Return the codes at arguments from 0 to the crest."""
        values, rises = (np.array(table, np.int64) for table in self.tables)
        crest = 1 << self.argument_bits
        index, offset = np.divmod(np.minimum(mirrored, crest - 1), 1 << self._offset_bits)
        line = values[index] + (rises[index] * offset >> self._offset_bits)
        hi = (1 << self.width - 1) - 1
        return np.where(mirrored == crest, hi, np.minimum(line >> _GUARD, hi))

    @property
    def steps(self) -> list[Step]:
        """Look up, multiply, add: from "folded" and "crest" to "y"; other values pass."""
        return [self._look_up, self._multiply, self._add]

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        values, rises = self.tables
        index, offset = x["folded"][self._offset_bits :], x["folded"][: self._offset_bits]
        return {
            **_without(x, "folded"),
            "value": _found(values, index),
            "rise": _found(rises, index),
            "offset": offset if len(offset) else Const(0, 1),
        }

    def _multiply(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        return {**_without(x, "rise", "offset"), "product": x["rise"] * x["offset"]}

    def _add(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        # Signed and a bit wider than the output: what reaches 1 saturates.
        zero = Const(0, self.width + 1 + _GUARD)
        line = (x["value"] + (x["product"] >> self._offset_bits) + zero)[_GUARD:]
        fraction, one, negative = line[: self.width - 1], line[self.width - 1], line[self.width]
        over = x["crest"] | one & ~negative
        y = Cat(fraction | over.replicate(len(fraction)), negative & ~x["crest"])
        return {**_without(x, "value", "product", "crest"), "y": y.as_signed()}


@dataclass(frozen=True)
class InterpolatedNode(EvenNode):
    """An even `function`, 1 at 0 and well above -1, by lines, saturated to element.hi.

    Stages are 1 to 4: mirror, look up, multiply, add.
    """

    most_bits = 16
    fast_stages = EVERY_STEP

    #: Largest magnitude of the second derivative.
    curvature: ClassVar[float]

    @functools.cached_property
    def lines(self) -> Lines:
        """Lines from the lowest argument up to 0: what rises to its crest has rises without a sign."""
        return Lines(
            lambda part: self.function(self.reach * (1 - part)),
            self.curvature * self.reach**2,
            self.i.element.width - 1,
            self.element.width,
        )

    @property
    def error_bound(self) -> float:
        """That of the lines."""
        return self.lines.error_bound

    def forward_int(self, x: Codes) -> Codes:
        """Interpolate at -abs(x); see `Node`."""
        return self.lines.at((1 << self.i.element.width - 1) - np.abs(x))

    def logic(self) -> Cost:
        """Return what folds, and the lines."""
        return Cost(lut=self.lines.argument_bits) + self.lines.cost()

    def steps(self) -> list[Step]:
        """Return mirror, look up, multiply, add."""
        return [self._mirror, *self.lines.steps]

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        below, negative = x["x"][:-1], x["x"][-1]
        # -abs(x) less the lowest argument. 0 has a bit more: it is the crest.
        return {"folded": negated_if(~negative, below), "crest": ~negative & (below == 0)}

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield formats with and without anything to interpolate, and every number of stages."""
        for argument_bits, bits in ((3, 2), (4, 8), (10, 10), (11, 5)):
            for n_stages in (1, 2, 3, 4):
                yield cls(Vector(cls.argument_of(argument_bits), 2), Fixed(bits, bits - 1), n_stages)


def _rounded(values: NDArray[np.float64]) -> list[int]:
    return [int(value) for value in np.floor(values + 0.5)]


def _found(table: Sequence[int], index: Value) -> Value:
    element = Fixed.holding(min(table), max(table), frac=0)
    found = lookup([entry % (1 << element.width) for entry in table], index, element.width)
    return found.as_signed() if element.signed else found


def _without(x: Mapping[str, Value], *names: str) -> dict[str, Value]:
    return {name: value for name, value in x.items() if name not in names}
