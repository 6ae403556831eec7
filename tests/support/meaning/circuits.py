"""Circuits that do not round exactly ("CORDIC", "Polynomial", "Truncated squarer")."""

from fractions import Fraction
from functools import cache
from math import floor, isqrt

from support.meaning.functions import PI
from support.meaning.lines import mirrored
from support.meaning.numbers import Format, half_up, power


def _inverse_tangent(i: int) -> Fraction:
    """Return arctan(2**-i) of i from 1 on, to more than 100 places."""
    total, k = Fraction(0), 0
    while (2 * k + 1) * i < 110:
        total += Fraction((-1) ** k, (2 * k + 1) * 2 ** (i * (2 * k + 1)))
        k += 1
    return total


@cache
def _angle(i: int, places: int) -> int:
    return half_up(2**places * _inverse_tangent(i) / (PI / 2))


@cache
def _start(n: int, guard: int) -> int:
    """Return K: of a square root rounded half up the integer is that of twice it, rounded."""
    square = Fraction(4 ** (n - 1 + guard))
    for i in range(n + 1):
        square /= 1 + power(-2 * i)
    return (isqrt(floor(4 * square)) + 1) // 2


def cordic(code: int, width: int, o: Format) -> int:
    """Return the sine by rotations ("CORDIC")."""
    n = o.width
    m, half = mirrored(code, width)
    a, guard = max(width - 2, n + 3), 1 + len(bin(n)) - 2
    left = m * 2 ** (a - width + 2) - 2 ** (a - 1)
    cosine = sine = _start(n, guard)
    for i in range(1, n + 1):
        d = 1 if left >= 0 else -1
        cosine, sine = cosine - d * (sine // 2**i), sine + d * (cosine // 2**i)
        left -= d * _angle(i, a)
    return half * min(o.hi, half_up(Fraction(sine, 2**guard)))


#: The widest value of each row: coefficients, g, s.
POLYNOMIALS = {
    8: ((26064770, 9470304), (3, 2), (2,)),
    13: ((26345598, 10772871, 1205625), (3, 2, 1), (1, -2)),
    16: ((26353500, 10836284, 1332687, 72697), (2, 2, 2, 1), (1, -1, -5)),
}


def polynomial(code: int, width: int, o: Format) -> int:
    """Return the sine by Horner's rule ("Polynomial")."""
    u, half = mirrored(code, width)
    quarter, frac = 2 ** (width - 2), o.width - 1
    if u == quarter:
        return half * o.hi
    coefficients, g, s = next(row for most, row in POLYNOMIALS.items() if o.width <= most)
    scaled = [c * power(frac + bits - 24) for c, bits in zip(coefficients, g, strict=True)]
    t = half_up(scaled[-1])
    for k in reversed(range(len(s))):
        square_bits = min(2 * (width - 2), frac + s[k])
        square = floor(u * u * power(square_bits - 2 * (width - 2)))
        t = floor(scaled[k]) - floor(square * t * power(-(square_bits + g[k + 1] - g[k])))
    return half * min(o.hi, half_up(Fraction(u * t, quarter * 2 ** g[0])))


def truncated(code: int, width: int, o: Format) -> int:
    """Return QuadINR's wave by a squarer that drops bits ("Truncated squarer")."""
    w = max(7, width if width % 2 else width - 1)
    d = 2 * w - 1 - o.width
    e, p, h = max(0, -d), code << w + 1 - width, (d + 5) // 2 - 1
    f = max(5, min(h if h % 2 else h + 1, w - 2))
    turn, span, step = 1 << w, 1 << f, 1 << f - 5
    s = p % turn - turn // 2
    low = (s + span // 2) % span - span // 2
    unit, i = min(f + 1, d), low // step
    ends = (i * step) ** 2 + ((i + 1) * step - 1) ** 2
    t = max(0, floor((ends * power(e) - power(e + d)) / power(e + unit + 1)))
    y = o.hi - floor(((s * s - low * low) * power(e) + t * power(e + unit)) / power(e + d))
    return -y if p >= turn else y
