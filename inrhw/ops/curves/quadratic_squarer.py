"""Quadratic from a squarer, rounded exactly; see `inrhw.ops.kinds.squarer`.

Bits that no later row touches are dropped at once, which is floor; half a unit in the table makes it round.
"""

import math
from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Cat, Value

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.selection import lookup
from inrhw.ops.kinds.squarer import SquarerNode, signed


class QuadraticSquarer(SquarerNode):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), rounded half up and saturated to +-element.hi.

    Stages are from 1 to one more than twice the number of rows of the squarer.
    """

    curve = "quadratic"

    def forward_int(self, x: Codes) -> Codes:
        """Square the distance from the crest; see `Node`."""
        turn = 1 << self.i.element.width
        r = (x + turn // 2) % turn - turn // 2
        unit = turn // 4
        magnitude = unit**2 - (unit - np.abs(r)) ** 2 << self.element.frac
        y = (2 * np.sign(r) * magnitude + unit**2) // (2 * unit**2)
        clipped: Codes = np.clip(y, -self.element.hi, self.element.hi)
        return clipped

    @property
    def _half(self) -> int:
        """Half a unit of the output, in units of the square."""
        return 1 << self.dropped - 1 if self.dropped > 0 else 0

    def lowest(self, index: int, positive: int) -> int:
        """Return the square with half a unit, so that floor rounds; above zero, -n is ~(n - 1)."""
        fraction = max(0, -self.dropped)
        exact = (index**2 << fraction) + (-self._half - 1 if positive else self._half)
        return exact >> fraction + self.unit(self.first)

    def overflows(self, s: Value, positive: Value) -> Value:
        """Return whether the wave rounds to the crest; a tie does so above zero only."""
        most = (math.isqrt(max(self._half - 1, 0)), math.isqrt(self._half))
        bits = min(most[1].bit_length(), self.width - 1)
        table = [int(abs(signed(n, bits + 1)) <= least) for least in most for n in range(2 << bits)]
        near = s[bits:].all() | ~s[bits:].any()
        return near & lookup(table, Cat(s[: bits + 1], positive), 1)

    def logic(self) -> Cost:
        """Return that of the squarer, and what finds the crest."""
        return super().logic() + Cost(lut=self.width / 2)

    @classmethod
    def examples(cls) -> Iterator["QuadraticSquarer"]:
        """Yield formats that drop, keep and add low bits, with few and many stages."""
        for phase_bits, bits in ((8, 8), (3, 2), (3, 8), (5, 7), (10, 6), (9, 12), (12, 12)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            most = len(cls(vector, element, 1).steps())
            for n_stages in (1, 2, most):
                yield cls(vector, element, n_stages)
