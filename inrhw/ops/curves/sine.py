"""Sine: y = sin(2 pi x) of a phase in turns, from a table of a quarter wave.

SIREN's activation sin(omega_0 (W x + b)) (Sitzmann et al., 2020, arXiv 2006.09661), and INCODE's, which has
an affine function before and after it (Kazerouni et al., WACV 2024, arXiv 2310.18846). That one needs no
circuit of its own: both functions go into the dense layers around it.
"""

import functools
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.kinds.activation import Activation, Affine, PeriodicActivation
from inrhw.ops.kinds.waves import MidRiseQuarter, QuarterWave, QuarterWaveNode, SineNode


# A planner asks a thousand times for the same few.
@functools.lru_cache(maxsize=32)
def _rising(phase_bits: int, element: Fixed) -> tuple[int, ...]:
    """Return the codes of the first quarter wave."""
    quarter, scale = 1 << (phase_bits - 2), 1 << element.frac
    if element.mid_rise:
        return tuple(math.floor(math.sin(math.pi / 2 * (k + 0.5) / quarter) * scale) for k in range(quarter))
    waves = (math.sin(math.pi / 2 * k / quarter) * scale for k in range(quarter))
    return tuple(min(element.hi, math.floor(wave + 0.5)) for wave in waves)


class Sine(SineNode, QuarterWaveNode):
    """``y = sin(2 pi x)`` rounded half up and saturated to +-element.hi; see `QuarterWaveNode`."""

    curve = "sine"

    def forward_int(self, x: Codes) -> Codes:
        """Look each phase up in a table of the whole period; see `Node`."""
        codes = np.arange(1 << self.i.element.width)
        if self.element.mid_rise:
            floors: Codes = np.floor(self.ideal(codes) + 0.5).astype(np.int64)
            return floors[x]
        turns = codes / len(codes)
        # No value lies near a tie (tests/ops/curves/test_sine.py), so float64 rounds exactly.
        wave = np.floor(np.sin(2 * np.pi * turns) * 2.0**self.element.frac + 0.5).astype(np.int64)
        table: Codes = np.clip(wave, -self.element.hi, self.element.hi)
        return table[x]

    def quarter_wave(self) -> QuarterWave | MidRiseQuarter:
        """Return the table of the circuit."""
        magnitudes = _rising(self.i.element.width, self.element)
        if self.element.mid_rise:
            return MidRiseQuarter(magnitudes, self.element.width)
        return QuarterWave(magnitudes, [False] * len(magnitudes), self.element.hi, self.element.width)

    @classmethod
    def examples(cls) -> Iterator["Sine"]:
        """Yield small and usual formats with every number of stages."""
        for phase_bits, bits in ((3, 2), (4, 8), (8, 8), (10, 6)):
            vector, element = Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1)
            for n_stages in range(1, len(cls(vector, element, 1).steps()) + 1):
                yield cls(vector, element, n_stages)
            yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1, mid_rise=True))


class SineActivation(PeriodicActivation):
    """sin(2 pi x), x in turns."""

    model_name = "siren"
    period = 2 * math.pi
    default_omega_0 = 30.0
    node_class = Sine

    def wave(self, turns: Tensor) -> Tensor:
        """Return sin(2 pi x)."""
        # Reduced first: the float64 sine of a large argument would round differently.
        return torch.sin(2 * math.pi * (turns - torch.floor(turns.detach())))


class IncodeActivation(SineActivation):
    """exp(a) sin(2 pi (exp(b) x + c / (2 pi))) + d, x in turns.

    One a, b, c and d for all layers, trained from 0, where the activation is SIREN's. In the paper a network
    that sees the picture gives them, and terms of the loss keep them positive; both are left out. What is
    quantized is the sine in between, see `split`.
    """

    model_name = "incode"

    def __init__(self, omega_0: float | None = None) -> None:
        super().__init__(omega_0)
        self.a, self.b, self.c, self.d = (nn.Parameter(torch.zeros(())) for _ in range(4))

    def split(self) -> tuple[Activation, Affine, Affine]:
        """Return the sine, what happens to its phase before, and to its value after."""
        a, b, c, d = (value.item() for value in (self.a, self.b, self.c, self.d))
        argument, value = Affine(math.exp(b), c / (2 * math.pi)), Affine(math.exp(a), d)
        return SineActivation(self.omega_0), argument, value

    def wave(self, turns: Tensor) -> Tensor:
        """Return the sine between its two affine functions."""
        inner = torch.exp(self.b) * turns + self.c / (2 * math.pi)
        return torch.exp(self.a) * super().wave(inner) + self.d
