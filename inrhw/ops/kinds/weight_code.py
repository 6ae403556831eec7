"""What weights a layer may have: integers of a row that share a power of two.

Whatever the code, a layer multiplies by integers. What is rare among these is what a circuit saves: digits in
an adder graph, bits in a memory.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

#: Parts of a unit in which errors are counted: as integers, so that no order of sums changes the choice.
_PARTS = 16


class WeightCode(ABC):
    """A rule that rounds the weights of a row to integers.

    Attributes
    ----------
    headroom_bits
        Bits by which a row's unit is coarser than its largest weight allows, so that this can be rounded up.
    sign_bits
        1 if the weights of a row are plus or minus one power of two, 2 if they may also be 0, otherwise 0. A
        folded layer with such weights has lanes without multipliers.
    """

    headroom_bits: ClassVar[int] = 0
    sign_bits: ClassVar[Literal[0, 1, 2]] = 0

    @abstractmethod
    def fit(self, weight: Tensor, bits: int) -> Tensor:
        """Return the integers of weights; the gradient passes as if they were not rounded.

        Parameters
        ----------
        weight
            [..., rows, columns] in units of each row, at most ``2**(bits - 1 - headroom_bits)``.
        bits
            Width of an integer, sign included; the lowest code is never used.
        """

    @abstractmethod
    def stored_bits(self, bits: int) -> int:
        """Return the bits that store a weight, the scales of its row not counted."""


class Levels(WeightCode):
    """A code whose rows choose one of several sets of levels: the one with the least squared error.

    For given levels the nearest one is best for every weight, and the sets are few: so trying all is the
    closed form.
    """

    headroom_bits = 1

    @abstractmethod
    def sets(self, bits: int) -> list[list[int]]:
        """Return the sets, of equal length, of levels between ``-2**(bits - 1)`` and ``2**(bits - 1)``."""

    def fit(self, weight: Tensor, bits: int) -> Tensor:
        """Choose the set of each row and the level of each weight; halves go up. See `WeightCode`."""
        sets = torch.tensor(self.sets(bits), device=weight.device).sort(dim=-1).values
        flat = weight.detach().double().flatten()
        edges = (sets[:, 1:] + sets[:, :-1]).double() / 2
        places = torch.searchsorted(edges, flat.expand(len(sets), -1).contiguous(), right=True)
        levels = sets.gather(1, places).reshape(len(sets), *weight.shape)
        wanted = (_PARTS * weight.detach().double()).round().long()
        errors = (_PARTS * levels - wanted).square().sum(dim=-1, keepdim=True)
        # Of sets that err alike the first.
        order = torch.arange(len(sets), device=weight.device).reshape(-1, *[1] * weight.dim())
        best = (errors * len(sets) + order).argmin(dim=0, keepdim=True)
        chosen = levels.gather(0, best.expand(1, *weight.shape))[0]
        return chosen.to(weight.dtype) + (weight - weight.detach())

    def stored_bits(self, bits: int) -> int:
        """Return the bits of a level's index in its set."""
        return max(len(set(levels)) - 1 for levels in self.sets(bits)).bit_length()
