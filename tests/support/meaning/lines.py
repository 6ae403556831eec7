"""Straight lines in place of a function ("Straight lines")."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor

from support.meaning.curves import bent_phase, gabor, gaussian, sinc
from support.meaning.functions import PI, sine
from support.meaning.numbers import Format, half_up


@dataclass(frozen=True)
class Range:
    """What the table of the section says of a function."""

    of_part: Callable[[Fraction], Fraction]
    bulge: Fraction


RANGES = {
    "sine": Range(lambda t: sine(t / 4), (PI / 2) ** 2),
    "gaussian": Range(lambda t: gaussian(4 * (1 - t)), Fraction(2 * 16)),
    "gabor": Range(lambda t: gabor(4 * (1 - t)), Fraction(6 * 16)),
    "sinc": Range(lambda t: sinc(8 * (1 - t)), PI**2 / 3 * 64),
}


def _line_bits(function: str, bits: int, n: int) -> int:
    b = 0
    while RANGES[function].bulge * Fraction(2) ** (n - 1 - 2 * b) / 16 > Fraction(1, 2):
        b += 1
    return min(b, bits)


@cache
def _line(function: str, i: int, line_bits: int, bits: int, n: int) -> tuple[int, int]:
    """Return value and rise of line i."""
    p, q, r = (
        RANGES[function].of_part(Fraction(2 * i + half, 2 ** (line_bits + 1))) * 2 ** (n + 1)
        for half in (0, 1, 2)
    )
    if line_bits == bits:
        return half_up(p + 2), 0
    return half_up(p + (q - (p + r) / 2) / 2 + 2), half_up(r - p)


def _along(function: str, m: int, bits: int, o: Format) -> int:
    if m == 2**bits:
        return o.hi
    line_bits = _line_bits(function, bits, o.width)
    i, j = divmod(m, 2 ** (bits - line_bits))
    value, rise = _line(function, i, line_bits, bits, o.width)
    return min(o.hi, floor(Fraction(value + floor(Fraction(rise * j, 2 ** (bits - line_bits))), 4)))


def mirrored(phase: int, width: int) -> tuple[int, int]:
    """Return a phase mirrored into the first quarter turn, and the sign of the wave."""
    half, within = divmod(phase, 2 ** (width - 1))
    return min(within, 2 ** (width - 1) - within), -1 if half else 1


def sine_interpolated(code: int, width: int, o: Format) -> int:
    """Return the sine by lines."""
    m, sign = mirrored(code, width)
    return sign * _along("sine", m, width - 2, o)


def interpolated(function: str, code: int, width: int, o: Format) -> int:
    """Return an even function by lines."""
    return _along(function, 2 ** (width - 1) - abs(code), width - 1, o)


def finer_interpolated(code: int, width: int, omega_0: float, o: Format) -> int:
    """Return FINER by lines ("FINER")."""
    phase = bent_phase(code, width, omega_0)
    return sine_interpolated((-phase if code < 0 else phase) % 2**16, 16, o)
