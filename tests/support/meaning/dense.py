"""Dense layers on codes, by docs/semantics.md, "Dense" and "Guard bits"."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Row:
    """One neuron: weights in its own unit, a bias in that of the sum, and what is dropped of the sum."""

    weight: list[int]
    bias: int
    shift: int


def sum_of(row: Row, x: list[int]) -> int:
    """Return y of one neuron ("Dense")."""
    return sum(w * each for w, each in zip(row.weight, x, strict=True)) + row.bias >> row.shift


def signed_digits(weight: int) -> list[tuple[int, int]]:
    """Return sign and place of each canonical signed digit, of which no two are neighbours ("Guard bits")."""
    digits, place = [], 0
    while weight:
        if weight % 2:
            digit = 1 if weight % 4 == 1 else -1
            digits.append((digit, place))
            weight -= digit
        weight //= 2
        place += 1
    return digits
