"""Which levels a weight may have ("Weights and biases")."""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, product

from support.meaning.numbers import half_up

Levels = list[int]


def uniform(row: list[Fraction], bits: int) -> list[int]:
    """Return every weight's code, rounded and saturated."""
    hi = 2 ** (bits - 1) - 1
    return [max(-hi, min(hi, half_up(weight))) for weight in row]


def _binary(n: int) -> list[Levels]:
    return [[-(2**k), 2**k] for k in range(n)]


def _ternary(n: int) -> list[Levels]:
    return [[-(2**k), 0, 2**k] for k in range(n)]


def _trit_planes(n: int) -> list[Levels]:
    trits = (-1, 0, 1)
    scales = [0, *(2**k for k in range(n))]
    return [[a * s + b * t for a, b in product(trits, trits)] for s, t in combinations(scales, 2)]


def _digits(n: int) -> Levels:
    return [0, *(2**k for k in range(n)), *(-(2**k) for k in range(n))]


def _csd2(n: int) -> list[Levels]:
    return [[a + b for a, b in product(_digits(n), _digits(n)) if abs(a + b) < 2**n]]


def _power_of_two(n: int) -> list[Levels]:
    return [_digits(n)]


SETS: dict[str, Callable[[int], list[Levels]]] = {
    "binary": _binary,
    "ternary": _ternary,
    "trit-planes": _trit_planes,
    "csd2": _csd2,
    "power-of-two": _power_of_two,
}


def chosen(code: str, row: list[Fraction], bits: int) -> list[int]:
    """Return the levels of a neuron's weights, in units of it."""

    def fitted(levels: Levels) -> list[int]:
        return [min(levels, key=lambda level: (abs(level - weight), -level)) for weight in row]

    def error(fit: list[int]) -> int:
        return sum((16 * level - round(16 * weight)) ** 2 for level, weight in zip(fit, row, strict=True))

    return min(map(fitted, SETS[code](bits - 1)), key=error)
