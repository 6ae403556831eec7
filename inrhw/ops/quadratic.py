"""Quadratic: QuadINR's piecewise quadratic wave, from a table of a quarter wave.

phi(x) = x^2 + 2x on (-2, 0], -x^2 + 2x on (0, 2), period 4 (Zhou et al., "QuadINR", arXiv 2508.14374); in
units of its period, phi(4 t) = 1 - (1 - 4 t)^2 for t from 0 to 1/2, and minus that for the other half.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inrhw.activation import PeriodicActivation
from inrhw.node import Node
from inrhw.quarter_wave import QuarterWave
from inrhw.stage import Staged
from inrhw.types import Codes, Fixed, Phase, Vector


@dataclass(frozen=True)
class Quadratic(Node):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), rounded half up and saturated to +-element.hi.

    Parameters
    ----------
    i
        Phases of 3 to 16 bits.
    element
        Format of the output: signed, 2 to 16 bits, all but the sign fraction bits.
    n_stages
        Registers, 1 to 3.
    """

    i: Vector
    element: Fixed
    n_stages: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.i.element, Phase) or not 3 <= self.i.element.width <= 16:
            raise ValueError(f"i must be a vector of phases of 3 to 16 bits, not {self.i}")
        if not 2 <= self.element.width <= 16 or self.element != Fixed(
            self.element.width, self.element.width - 1
        ):
            raise ValueError(f"element must be Fixed(w, w - 1) with w from 2 to 16, not {self.element!r}")
        if not 1 <= self.n_stages <= 3:
            raise ValueError(f"n_stages must be from 1 to 3, not {self.n_stages}")

    @property
    def o(self) -> Vector:
        """As many numbers as phases, in `element`."""
        return Vector(self.element, self.i.length)

    @property
    def latency(self) -> int:
        """``n_stages`` cycles."""
        return self.n_stages

    @property
    def unit(self) -> int:
        """Codes of the phase in one unit of r: a quarter turn."""
        return 1 << (self.i.element.width - 2)

    def forward_int(self, x: Codes) -> Codes:
        """Multiply r by 2 - |r|; see `Node`."""
        r = (x + 2 * self.unit) % (4 * self.unit) - 2 * self.unit
        product = r * (2 * self.unit - np.abs(r)) << self.element.frac
        y = (2 * product + self.unit**2) // (2 * self.unit**2)
        clipped: Codes = np.clip(y, -self.element.hi, self.element.hi)
        return clipped

    def component(self) -> Staged:
        """Return fold, look up, sign: only a quarter of the period is stored."""
        below = [self.unit - k for k in range(self.unit)]  # distance from the crest
        scaled = [(self.unit**2 - distance**2) << self.element.frac for distance in below]
        rounded = [divmod(value, self.unit**2) for value in scaled]
        half = [2 * rest - self.unit**2 for _, rest in rounded]
        magnitudes = [
            min(self.element.hi, whole + (over > 0)) for (whole, _), over in zip(rounded, half, strict=True)
        ]
        ties = [over == 0 and whole < self.element.hi for (whole, _), over in zip(rounded, half, strict=True)]
        wave = QuarterWave(magnitudes, ties, self.element.hi, self.element.width)
        return Staged(self.i, self.o, wave.steps, self.n_stages)

    @classmethod
    def examples(cls) -> Iterator["Quadratic"]:
        """Yield formats that drop, keep and add low bits, with every number of stages."""
        for phase_bits, bits in ((3, 2), (3, 8), (5, 7), (8, 8), (10, 6), (9, 12)):
            for n_stages in (1, 2, 3):
                yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1), n_stages)


class QuadraticActivation(PeriodicActivation):
    """phi(4 x), x in turns."""

    model_name = "quadinr"
    period = 4.0
    default_omega_0 = 20.0

    def wave(self, turns: Tensor) -> Tensor:
        """Return r (2 - |r|) with r = 4 x wrapped to [-2, 2)."""
        r = 4 * (turns - torch.floor(turns + 0.5))
        return r * (2 - r.abs())

    def node(self, i: Vector) -> Quadratic:
        """Return the integer node."""
        assert self.element is not None
        return Quadratic(i, self.element)
