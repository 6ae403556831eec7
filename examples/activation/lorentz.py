"""Lorentz: y = 1 / (1 + x^2), from a table of half its range. An activation of one's own, in this file alone.

It fades like a Gaussian with longer tails. The circuit comes from `HalfTableNode`, which builds any even
function of an argument that saturates. Other circuits, and other kinds of function, are in
`inrhw/ops/curves`.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from inrhw.ops.kinds.activation import BoundedActivation
from inrhw.ops.kinds.half_table import HalfTableNode


class Lorentz(HalfTableNode):
    """``y = 1 / (1 + x^2)`` rounded half up and saturated to +-element.hi."""

    #: Where the argument saturates; the function is 1/65 there.
    reach = 8

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return 1 / (1 + x^2)."""
        return np.asarray(1 / (1 + x * x))


class LorentzActivation(BoundedActivation):
    """1 / (1 + t^2), t = omega_0 (W x + b)."""

    model_name = "lorentz"
    default_omega_0 = 20.0
    learning_rate = 1e-2
    node_class = Lorentz
    reach = Lorentz.reach

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return the factor of the argument, ``omega_0`` itself."""
        return omega_0

    def wave(self, x: Tensor) -> Tensor:
        """Return 1 / (1 + x^2)."""
        return 1 / (1 + x * x)
