"""Numbers and rounding ("Numbers", "Rounding and saturation")."""

import math
from dataclasses import dataclass
from fractions import Fraction

#: Magnitudes below it count as zero ("Weights and biases").
SMALLEST = 1e-200


@dataclass(frozen=True)
class Format:
    """A number is ``code * 2**-frac`` ("Numbers"), and half a unit more if mid-rise ("Mid-rise values")."""

    width: int
    frac: int
    signed: bool = True
    mid_rise: bool = False

    @property
    def lo(self) -> int:
        """The least code."""
        return -(1 << self.width - 1) if self.signed else 0

    @property
    def hi(self) -> int:
        """The largest code."""
        return (1 << self.width - self.signed) - 1

    def saturated(self, code: int) -> int:
        """Return the code that is next in the format."""
        return max(self.lo, min(self.hi, code))


def power(exponent: int) -> Fraction:
    """Return two to that power."""
    return Fraction(2) ** exponent


def half_up(x: Fraction) -> int:
    """Return the next integer, of two equally near ones the upper ("Rounding and saturation")."""
    return math.floor(x + Fraction(1, 2))


def requantized(code: int, frac: int, o: Format) -> int:
    """Return a code of so many fraction bits in another format ("Requantize and pixels")."""
    return o.saturated(half_up(code * power(o.frac - frac)))


def finest(magnitude: Fraction, width: int) -> int:
    """Return the fraction bits of the finest unit that a magnitude fits ("Weights and biases")."""
    if magnitude < SMALLEST:
        return width - 1
    most = 2 ** (width - 1) - Fraction(1, 2)
    frac = width - math.frexp(magnitude)[1] + 2
    while magnitude * power(frac) > most:
        frac -= 1
    return frac
