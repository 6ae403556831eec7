"""Sinc: y = sin(pi t) / (pi t), from a table of half its range.

The sinc activation of INRs, sin(omega z) / (omega z) with z = W x + b (Saratchandran et al., ICML 2024). No
default of omega is known from the paper: 30 as in SIREN. With t = omega z / pi zeros are integers.
Weights start as torch's default, uniform to 1 / sqrt(n), as those of the other activations that fade.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.ops.kinds.activation import BoundedActivation
from inrhw.ops.kinds.half_table import HalfTableNode


class Sinc(HalfTableNode):
    """``y = sin(pi t) / (pi t)`` rounded half up and saturated to +-element.hi."""

    #: A zero: where the argument saturates, the value does not jump. The lobes left out are below 1 / (8 pi).
    reach = 8

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sin(pi x) / (pi x)."""
        return np.asarray(np.sinc(x))


class SincActivation(BoundedActivation):
    """sin(pi t) / (pi t), t = omega_0 / pi (W x + b)."""

    model_name = "sinc"
    default_omega_0 = 30.0
    learning_rate = 2e-2
    node_class = Sinc
    reach = Sinc.reach

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return ``omega_0 / pi``: zeros are then integers."""
        return omega_0 / math.pi

    def wave(self, x: Tensor) -> Tensor:
        """Return sin(pi x) / (pi x)."""
        return torch.sinc(x)
