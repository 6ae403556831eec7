"""Quadratic from a squarer that drops what it can, within one unit of the last place.

See `inrhw.ops.kinds.squarer`.
The table of the lowest bits' square takes in as many bits as the output allows, but only the highest of them.
Its entries lie below the squares as far as they can, about half a unit of the output, but never below zero:
nothing then rounds to the crest, which has no code, and floor is all the rounding there is.
"""

from collections.abc import Iterator

import numpy as np

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.kinds.squarer import TABLE_BITS, SquarerNode


class QuadraticTruncated(SquarerNode):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), within one unit of the last place.

    Half a turn on, the result is exactly minus what it was. Stages are from 1 to one more than twice the
    number of rows of the squarer.
    """

    curve = "quadratic"

    def forward_int(self, x: Codes) -> Codes:
        """Square the distance from the crest, the lowest bits of it by table; see `Node`."""
        turn = 2 << self.width
        phase = x * (turn >> self.i.element.width)
        s = phase % (turn // 2) - turn // 4
        below, buckets = 1 << self.first, 1 << TABLE_BITS
        low = (s + below // 2) % below - below // 2
        table = np.array([self.lowest(index, 1) for index in range(-buckets // 2, buckets // 2)], np.int64)
        approximate = table[(low >> self.first - TABLE_BITS) + buckets // 2]
        fraction = max(0, -self.dropped)
        scaled = (s**2 - low**2 << fraction) + (approximate << fraction + self.unit(self.first))
        magnitude = self.element.hi - (scaled >> fraction + self.dropped)
        y: Codes = np.where(phase < turn // 2, magnitude, -magnitude)
        return y

    @property
    def first(self) -> int:
        """Most bits below the first row that leave squares of one entry less than one unit apart."""
        most = (self.dropped + TABLE_BITS) // 2
        return max(TABLE_BITS, min(most - 1 | 1, self.width - 2))

    def lowest(self, index: int, positive: int) -> int:
        """Return the middle of an entry's squares less half a unit; below zero, a unit more is minus it."""
        step = 1 << self.first - TABLE_BITS
        ends = (index * step) ** 2, ((index + 1) * step - 1) ** 2
        fraction, unit = max(0, -self.dropped), self.unit(self.first)
        middle = (sum(ends) << fraction) - (1 << fraction + self.dropped)
        return max(0, middle >> fraction + unit + 1) + (0 if positive else 1 << self.dropped - unit)

    @classmethod
    def examples(cls) -> Iterator["QuadraticTruncated"]:
        """Yield formats that drop, keep and add low bits, with few and many stages."""
        for phase_bits, bits in ((8, 8), (3, 2), (3, 8), (5, 7), (10, 6), (9, 12), (12, 12)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            most = len(cls(vector, element, 1).steps())
            for n_stages in (1, 2, most):
                yield cls(vector, element, n_stages)
