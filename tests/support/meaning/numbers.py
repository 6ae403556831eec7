"""Numbers and rounding, by docs/semantics.md, "Numbers" and "Rounding and saturation"."""

import math
from fractions import Fraction


def half_up(x: Fraction) -> int:
    """Return the integer next to x; a tie goes up ("Rounding and saturation")."""
    return math.floor(x + Fraction(1, 2))


def clamped(code: int, low: int, high: int) -> int:
    """Return the code, or the end of its range that is next ("Rounding and saturation")."""
    return max(low, min(high, code))


def power(exponent: int) -> Fraction:
    """Return two to that power."""
    return Fraction(2) ** exponent


def finest(magnitude: Fraction, width: int) -> int:
    """Return the fraction bits of the finest unit in which a magnitude still fits ("Numbers")."""
    if magnitude < Fraction(1e-200):
        return width - 1
    most = 2 ** (width - 1) - 1
    places = width - math.frexp(magnitude)[1] + 2
    while half_up(magnitude * power(places)) > most:
        places -= 1
    return places
