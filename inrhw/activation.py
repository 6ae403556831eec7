"""What every periodic activation of an INR shares: its argument is a phase, its output is quantized."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from inrhw.node import Node
from inrhw.quantize import quantize, round_to
from inrhw.types import Fixed, Phase, Vector


class PeriodicActivation(nn.Module, ABC):
    """An activation of period one in turns, with values from -1 to 1.

    Subclasses live in `inrhw.ops`, one file each, and are found there by `model_name`.
    """

    #: Name of the network that uses this activation everywhere, as the user types it.
    model_name: ClassVar[str]
    #: Period in the units of the paper, where the activation is f(omega_0 (W x + b)).
    period: ClassVar[float]
    #: omega_0 when the user names none.
    default_omega_0: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        #: None while the activation is in floating point.
        self.phase: Phase | None = None
        self.element: Fixed | None = None

    def quantize(self, phase_bits: int, activation_bits: int) -> None:
        """Round the phase to `phase_bits` and the value to `activation_bits`, from now on."""
        self.phase = Phase(phase_bits)
        self.element = Fixed(activation_bits, activation_bits - 1)

    @abstractmethod
    def wave(self, turns: Tensor) -> Tensor:
        """Return the function itself, of an argument in turns."""

    def forward(self, turns: Tensor) -> Tensor:
        """Apply the function, with rounding before and after it once quantized."""
        if self.phase is None or self.element is None:
            return self.wave(turns)
        return quantize(self.wave(round_to(turns, self.phase.frac)), self.element, symmetric=True)

    @abstractmethod
    def node(self, i: Vector) -> Node:
        """Return the quantized activation as an integer node."""

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return the bound of the uniform initial weights of a hidden layer.

        SIREN's sqrt(6 / n) / omega_0 (Sitzmann et al. 2020, section 3.2), for any period: the phases in
        turns are distributed alike.
        """
        return math.sqrt(6 / in_features) / omega_0 * cls.period / (2 * math.pi)
