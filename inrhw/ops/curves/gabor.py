"""Gabor: y = exp(-x^2) cos(2 x), from a table of half its range.

The real form of WIRE's wavelet exp(j omega z - |s z|^2) (Saragadam et al. 2023, arXiv 2301.05187), x = s z,
with the omega = 2 s (20 and 10) of FINER's comparison; omega is `omega_0` here. The complex form is left out:
its weights, sums and activations are complex, which takes the multipliers of two real networks or more.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.ops.kinds.activation import BoundedActivation
from inrhw.ops.kinds.half_table import HalfTableNode


class Gabor(HalfTableNode):
    """``y = exp(-x^2) cos(2 x)`` rounded half up and saturated to +-element.hi."""

    #: exp(-4^2) is a 270th of the last place of 16 bits.
    reach = 4

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return exp(-x^2) cos(2 x)."""
        return np.asarray(np.exp(-(x**2)) * np.cos(2 * x))


class GaborActivation(BoundedActivation):
    """exp(-x^2) cos(2 x), x = omega_0 / 2 (W x + b)."""

    model_name = "wire"
    default_omega_0 = 20.0
    learning_rate = 1.5e-2
    node_class = Gabor
    reach = Gabor.reach

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return s, half of omega."""
        return omega_0 / 2

    def wave(self, x: Tensor) -> Tensor:
        """Return exp(-x^2) cos(2 x)."""
        return torch.exp(-x.square()) * torch.cos(2 * x)
