"""Gaussian: y = exp(-x^2), from a table of half its range.

The Gaussian activation of INRs, exp(-(s (W x + b))^2) (Ramasinghe and Lucey 2022, arXiv 2111.15135), in the
form and with the s = 30 of FINER's comparison; s is `omega_0` here.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.ops.kinds.activation import BoundedActivation
from inrhw.ops.kinds.half_table import HalfTableNode


class Gaussian(HalfTableNode):
    """``y = exp(-x^2)`` rounded half up and saturated to element.hi."""

    #: exp(-4^2) is a 270th of the last place of 16 bits.
    reach = 4

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return exp(-x^2)."""
        return np.exp(-(x**2))


class GaussianActivation(BoundedActivation):
    """exp(-x^2), x = omega_0 (W x + b)."""

    model_name = "gauss"
    default_omega_0 = 30.0
    node_class = Gaussian
    reach = Gaussian.reach

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return omega_0 itself."""
        return omega_0

    def wave(self, x: Tensor) -> Tensor:
        """Return exp(-x^2)."""
        return torch.exp(-x.square())
