"""Functions of exact numbers, in integers of 160 bits behind the point."""

from fractions import Fraction

PLACES = 160
ONE = 1 << PLACES


def _inverse_tangent(n: int) -> int:
    """Return arctan(1 / n) by its series."""
    total, power, k = 0, ONE // n, 1
    while power:
        total += power // k if k % 4 == 1 else -(power // k)
        power //= n * n
        k += 2
    return total


#: Half a turn, by Machin's formula.
PI = Fraction(4 * (4 * _inverse_tangent(5) - _inverse_tangent(239)), ONE)


def _fixed(x: Fraction) -> int:
    return x.numerator * ONE // x.denominator


def sine(turns: Fraction) -> Fraction:
    """Return the sine of an angle."""
    x = _fixed(2 * PI * (turns - round(turns)))
    term = total = x
    square, n = x * x >> PLACES, 1
    while abs(term) > 1:
        n += 2
        term = -(term * square >> PLACES) // ((n - 1) * n)
        total += term
    return Fraction(total, ONE)


def cosine(turns: Fraction) -> Fraction:
    """Return the cosine of an angle."""
    return sine(turns + Fraction(1, 4))


def exponential(x: Fraction) -> Fraction:
    """Return e to the power of a number that is not above zero."""
    halvings = max(0, int(-x).bit_length())
    x_ = _fixed(x / 2**halvings)
    term, total, n = ONE, ONE, 0
    while abs(term) > 1:
        n += 1
        term = (term * x_ >> PLACES) // n
        total += term
    for _ in range(halvings):
        total = total * total >> PLACES
    return Fraction(total, ONE)
