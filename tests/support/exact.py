"""Functions of numbers of fifty digits, to prove what float64 rounds."""

import decimal
from decimal import Decimal

decimal.getcontext().prec = 50

PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
HALF = Decimal("0.5")


def sine(x: Decimal) -> Decimal:
    """Return sin(x) by its Taylor series; digits are lost as |x| grows, 15 of the 50 at 30."""
    term = total = x
    n = 1
    while abs(term) > Decimal("1e-48"):
        n += 2
        term *= -x * x / ((n - 1) * n)
        total += term
    return total


def cosine(x: Decimal) -> Decimal:
    """Return cos(x)."""
    return sine(x + PI / 2)


def gaussian(x: Decimal) -> Decimal:
    """Return exp(-x^2)."""
    return (-x * x).exp()


def gabor(x: Decimal) -> Decimal:
    """Return exp(-x^2) cos(2 x)."""
    return gaussian(x) * cosine(2 * x)


def tanh(x: Decimal) -> Decimal:
    """Return tanh(x)."""
    square = (2 * x).exp()
    return (square - 1) / (square + 1)


def sinc(x: Decimal) -> Decimal:
    """Return sin(pi x) / (pi x)."""
    return sine(PI * x) / (PI * x) if x else Decimal(1)


def half_up(value: Decimal, bits: int) -> int:
    """Return the specification: rounded half up to `bits` bits from -1 to 1, saturated to +-hi."""
    hi = (1 << bits - 1) - 1
    return max(-hi, min(hi, int((value * (hi + 1) + HALF).to_integral_value(decimal.ROUND_FLOOR))))


def distance_from_tie(value: Decimal, bits: int) -> Decimal:
    """Return how far a value is from the middle between two codes, in units of the last place."""
    return abs(abs(value * (1 << bits - 1)) % 1 - HALF)
