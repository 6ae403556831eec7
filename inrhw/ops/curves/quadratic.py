"""Quadratic: QuadINR's piecewise quadratic wave, from a table of a quarter wave.

phi(x) = x^2 + 2x on (-2, 0], -x^2 + 2x on (0, 2), period 4 (Zhou et al., "QuadINR", arXiv 2508.14374); in
units of its period, phi(4 t) = 1 - (1 - 4 t)^2 for t from 0 to 1/2, and minus that for the other half.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.kinds.activation import PeriodicActivation
from inrhw.ops.kinds.waves import MidRiseQuarter, QuarterWave, QuarterWaveNode


class Quadratic(QuarterWaveNode):
    """``y = r (2 - |r|)`` with r = 4 x wrapped to [-2, 2), rounded half up and saturated to +-element.hi."""

    curve = "quadratic"

    @property
    def unit(self) -> int:
        """Codes of the phase in one unit of r: a quarter turn."""
        return 1 << (self.i.element.width - 2)

    def forward_int(self, x: Codes) -> Codes:
        """Multiply r by 2 - |r|; see `Node`."""
        if self.element.mid_rise:
            return self._mid_rise(x)
        r = (x + 2 * self.unit) % (4 * self.unit) - 2 * self.unit
        product = r * (2 * self.unit - np.abs(r)) << self.element.frac
        y = (2 * product + self.unit**2) // (2 * self.unit**2)
        clipped: Codes = np.clip(y, -self.element.hi, self.element.hi)
        return clipped

    def _mid_rise(self, x: Codes) -> Codes:
        """Return the same in halves of codes, rounded to the middle; minus a value is its complement."""
        r = (2 * x + 1 + 4 * self.unit) % (8 * self.unit) - 4 * self.unit
        product = np.abs(r) * (4 * self.unit - np.abs(r)) << self.element.frac
        magnitude = product // (4 * self.unit**2)
        y: Codes = np.where(r < 0, ~magnitude, magnitude)
        return y

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return phi; see `CurveNode`."""
        half = self.element.mid_rise / 2
        r = ((x + half) / self.unit + 2) % 4 - 2
        return np.asarray(r * (2 - np.abs(r)) * 2.0**self.element.frac - half)

    def quarter_wave(self) -> QuarterWave | MidRiseQuarter:
        """Return the table of the circuit."""
        if self.element.mid_rise:
            squares = [(2 * self.unit - 2 * k - 1) ** 2 for k in range(self.unit)]
            whole = 4 * self.unit**2
            codes = [(whole - square << self.element.frac) // whole for square in squares]
            return MidRiseQuarter(codes, self.element.width)
        below = [self.unit - k for k in range(self.unit)]  # distance from the crest
        scaled = [(self.unit**2 - distance**2) << self.element.frac for distance in below]
        rounded = [divmod(value, self.unit**2) for value in scaled]
        half = [2 * rest - self.unit**2 for _, rest in rounded]
        magnitudes = [
            min(self.element.hi, whole + (over > 0)) for (whole, _), over in zip(rounded, half, strict=True)
        ]
        ties = [over == 0 and whole < self.element.hi for (whole, _), over in zip(rounded, half, strict=True)]
        return QuarterWave(magnitudes, ties, self.element.hi, self.element.width)

    @classmethod
    def examples(cls) -> Iterator["Quadratic"]:
        """Yield formats that drop, keep and add low bits, with every number of stages."""
        for phase_bits, bits in ((3, 2), (3, 8), (5, 7), (8, 8), (10, 6), (9, 12)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            for n_stages in range(1, len(cls(vector, element, 1).steps()) + 1):
                yield cls(vector, element, n_stages)
            yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1, mid_rise=True))


class QuadraticActivation(PeriodicActivation):
    """phi(4 x), x in turns."""

    model_name = "quadinr"
    period = 4.0
    default_omega_0 = 20.0
    node_class = Quadratic

    def wave(self, turns: Tensor) -> Tensor:
        """Return r (2 - |r|) with r = 4 x wrapped to [-2, 2)."""
        r = 4 * (turns - torch.floor(turns.detach() + 0.5))
        return r * (2 - r.abs())
