"""Addends that are cut below a place: a weight is signed powers of two, and each of them adds the input.

A digit at place p of a weight adds ``x << p`` to a sum. Where addends are cut at place c > p, it adds no more
than ``floor(x / 2**(c - p)) << c``: the low c - p bits of x are lost. Where fewer than two bits of x would be
left, all of x is lost. Which digits there are follows from the weight alone (its canonical signed digits), so
the sum does not depend on the order of additions, nor on what rows share.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from torch import Tensor

from inrhw.base.types import Codes, Fixed

#: int64 of numpy or of torch.
_Integers = TypeVar("_Integers", Codes, Tensor)


def digits_at(codes: _Integers, place: int) -> _Integers:
    """Return the canonical signed digit, -1, 0 or 1, that each code has at a place.

    Examples
    --------
    >>> [digits_at(np.array([7, -6]), place).tolist() for place in range(4)]  # 7 = 8 - 1, -6 = 2 - 8
    [[-1, 0], [0, 1], [0, 0], [1, -1]]
    """
    # Twice a number is three times it less it, and no two neighbouring bits of that differ.
    digits: _Integers = (3 * codes >> place + 1 & 1) - (codes >> place + 1 & 1)
    return digits


@dataclass(frozen=True)
class Cut:
    """Where the addends of a sum are cut.

    Parameters
    ----------
    place
        The lowest place that is kept; 0 or less: nothing is cut.
    element
        Format of the inputs.
    """

    place: int
    element: Fixed

    def bits_lost(self, place: int) -> int:
        """Return how many low bits of the input a digit at a place does not add; all of them if few are left.

        Examples
        --------
        >>> [Cut(9, Fixed(8, 7)).bits_lost(place) for place in (0, 2, 3, 8, 9)]
        [8, 8, 6, 1, 0]
        """
        bits, width = max(0, self.place - place), self.element.width
        return width if bits > 0 and bits > width - 2 else bits

    def lost_range(self, place: int) -> tuple[int, int]:
        """Return the least and the largest part of an input that a digit at a place does not add."""
        bits = self.bits_lost(place)
        if bits == self.element.width:
            return self.element.lo, self.element.hi
        return 0, (1 << bits) - 1

    def products(self, x: Codes, weight: Codes) -> Codes:
        """Return ``weight @ x`` summed from the cut addends.

        Parameters
        ----------
        x
            int64 [batch, columns].
        weight
            int64 [rows, columns].

        Returns
        -------
        array
            int64 [batch, rows], multiples of ``2**place``.
        """
        sums = np.zeros((len(x), len(weight)), np.int64)
        for bits, part in self.parts(weight).items():
            sums += (x >> bits << bits) @ part.T
        return sums

    def parts(self, weight: Codes) -> dict[int, Codes]:
        """Return the parts of the weights by how many low bits of inputs they do not add; at least one.

        Examples
        --------
        >>> Cut(2, Fixed(8, 7)).parts(np.array([[7]]))  # 8 - 1
        {2: array([[-1]]), 0: array([[8]])}
        """
        parts: dict[int, Codes] = {}
        for place, digits in enumerate(_digits(weight)):
            if (bits := self.bits_lost(place)) < self.element.width and digits.any():
                parts[bits] = parts.get(bits, 0) + (digits << place)
        return parts or {0: np.zeros_like(weight)}

    def lost(self, weight: Codes) -> tuple[Codes, Codes]:
        """Return the least and the most that each row of ``weight @ x`` loses.

        Half of their sum is the mean over inputs with all codes equally often.
        """
        least, most = np.zeros((2, len(weight)), np.int64)
        for place, digits in enumerate(_digits(weight)[: self.place]):
            ends = [digits * end for end in self.lost_range(place)]
            least += np.minimum(*ends).sum(axis=1) << place
            most += np.maximum(*ends).sum(axis=1) << place
        return least, most

    def lost_beyond_mean(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return what each row of ``weight @ x`` loses, minus the mean loss.

        Parameters
        ----------
        x
            [batch, columns], integers in floating point.
        weight
            int64 [rows, columns].

        Returns
        -------
        Tensor
            [batch, rows], multiples of a half.
        """
        lost = x.new_zeros(len(x), len(weight))
        for place in range(min(self.place, _places(int(weight.abs().max())))):
            lo, hi = self.lost_range(place)
            low = x if self.bits_lost(place) == self.element.width else x.remainder(hi + 1)
            lost += (low - (lo + hi) / 2) @ digits_at(weight, place).to(x).T * 2.0**place
        return lost


def _digits(weight: Codes) -> list[Codes]:
    """Return the digits at each place."""
    return [digits_at(weight, place) for place in range(_places(int(np.abs(weight).max(initial=0))))]


def _places(largest: int) -> int:
    """Return how many places the digits of numbers up to the largest have."""
    return largest.bit_length() + 1
