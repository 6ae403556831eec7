"""Finer: y = sin(omega_0 (|z| + 1) z), from a table of half its range.

FINER's activation (Liu et al., CVPR 2024, arXiv 2312.02434). In turns, t = omega_0 z / (2 pi), it is the sine
of the phase t + c t |t| with c = 2 pi / omega_0. No proof could exclude ties for any omega_0: the phase
is therefore defined in integers, for arguments of `w` bits with w - 4 fraction bits (reach 8)::

    a     = |x|
    c     = floor(2**22 * 2 pi / omega_0 + 1/2)
    exact = a * 2**(w + 18) + c * a**2          2 w + 14 fraction bits
    phase = floor(exact / 2**(2 w - 2) + 1/2)   modulo 2**16: 16 bits of a turn
    y     = Sine of phase, negative where x < 0

Its circuit is a table of y: 32 LUTs at 8 bits, where computing the phase takes 476 (`finer_interpolated`);
from 12 bits on that is cheaper.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.types import Codes, Element, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Step
from inrhw.ops.curves.sine import Sine, SineActivation
from inrhw.ops.kinds.activation import BoundedActivation
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.half_table import HalfTable
from inrhw.ops.kinds.saturating import SaturatingNode

#: Turns at which the argument saturates: with omega_0 = 30 the first layer starts with up to 8.2.
REACH = 8

#: Bits of the phase: as many as the sine is proven for.
PHASE_BITS = 16


@dataclass(frozen=True)
class Finer(SaturatingNode):
    """``y = sin(2 pi (t + c t |t|))`` by the integers above.

    Parameters
    ----------
    i
        Arguments of 3 to 12 bits, in turns from -8 up to, but not including, 8.
    element
        Format of the output: signed, 2 to 16 bits, all but the sign fraction bits.
    n_stages
        Registers, 1 to 4.
    omega_0
        Frequency factor: it says where the bend is.
    """

    omega_0: float = 30.0

    reach = REACH
    most_bits = 12

    @functools.cached_property
    def half_table(self) -> HalfTable:
        """Square, bend, take the sine of every magnitude."""
        magnitudes = np.arange((1 << self.i.element.width - 1) + 1, dtype=np.int64)
        phase = bent_phase(magnitudes, self.i.element.width, self.omega_0)
        values = Sine(Vector(Phase(PHASE_BITS), 1), self.element).forward_int(phase)
        return HalfTable(values.tolist(), self.element.width, odd=True)

    def forward_int(self, x: Codes) -> Codes:
        """Look each magnitude up and give it its sign; see `Node`."""
        values: Codes = np.array(self.half_table.values, np.int64)
        return np.sign(x) * values[np.abs(x)]

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function; see `CurveNode`."""
        return (
            bent_sine(x.astype(np.float64) * 2.0**-self.i.element.frac, self.omega_0) * 2.0**self.element.frac
        )

    @property
    def error_bound(self) -> float:
        """A whole unit at the crest, plus the error of the phase."""
        return 1.0 + phase_error(self.element)

    def logic(self) -> Cost:
        """Return what the table costs."""
        return self.half_table.cost()

    def spared(self, unused: int) -> Cost:
        """Return what its unused entries save; see `CurveNode`."""
        return self.half_table.spared(unused)

    def steps(self) -> list[Step]:
        """Return magnitude, look up, select, sign: only half of the range is stored."""
        return self.half_table.steps

    @classmethod
    def examples(cls) -> Iterator["Finer"]:
        """Yield small and usual formats with every number of stages, and other bends."""
        for argument_bits, bits in ((3, 2), (4, 8), (9, 8), (10, 6)):
            for n_stages in (1, 2, 3, 4):
                i = Vector(FinerActivation.argument_format(argument_bits), 2)
                yield cls(i, Fixed(bits, bits - 1), n_stages)
        for omega_0 in (0.001, 3.0, 1000.0):
            yield cls(Vector(FinerActivation.argument_format(8), 2), Fixed(8, 7), omega_0=omega_0)


def bend(omega_0: float, width: int) -> int:
    """Return the integer c for arguments of `width` bits, less what adds only whole turns to the phase."""
    return math.floor(2 * math.pi / omega_0 * 2**22 + 0.5) % (1 << 2 * width + 14)


def bent_phase(magnitude: Codes, width: int, omega_0: float) -> Codes:
    """Return the phases, of `PHASE_BITS` bits, of the magnitudes of arguments of `width` bits."""
    # What int64 may drop lies above the turn.
    exact = (magnitude << (width + 18)) + bend(omega_0, width) * magnitude * magnitude
    return (exact + (1 << (2 * width - 3)) >> (2 * width - 2)) % (1 << PHASE_BITS)


def bent_sine(turns: NDArray[np.float64], omega_0: float) -> NDArray[np.float64]:
    """Return FINER's function as the paper writes it, of an argument in turns."""
    z = turns * 2 * np.pi / omega_0
    return np.asarray(np.sin(omega_0 * (np.abs(z) + 1) * z))


def phase_error(element: Fixed) -> float:
    """Return the output error, in its last place, from rounding the phase and c by half a step each."""
    return 2 * math.pi * 2.0 ** (element.frac - PHASE_BITS)


class FinerActivation(BoundedActivation):
    """sin(2 pi (t + c t |t|)), t in turns, c = 2 pi / omega_0.

    Quantized, the phase is that of `Finer`, bit for bit; its gradient is that of the phase without rounding.
    As in the paper, and in its code, |t| is a constant to the gradient.
    """

    model_name = "finer"
    default_omega_0 = 30.0
    default_phase_bits = 11
    learning_rate = 7e-3
    noise_training = 0.005
    node_class = Finer
    reach = REACH

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return ``omega_0 / (2 pi)``."""
        return SineActivation.gain(omega_0)

    @classmethod
    def first_bound(cls, in_features: int) -> float:
        """Return SIREN's 1 / n."""
        return SineActivation.first_bound(in_features)

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return SIREN's sqrt(6 / n) / omega_0."""
        return SineActivation.hidden_bound(in_features, omega_0)

    def wave(self, x: Tensor) -> Tensor:
        """Return the sine of the bent phase."""
        turns = x + (2 * math.pi / self.omega_0) * x.abs().detach() * x
        if self.argument is not None:
            turns = self._phase(x.detach(), self.argument) + (turns - turns.detach())
        return torch.sin(2 * math.pi * (turns - torch.floor(turns.detach())))

    def _phase(self, x: Tensor, argument: Element) -> Tensor:
        """Return the rounded phase in turns of an argument that is rounded already."""
        width = argument.width
        code = (x * 2.0**argument.frac).to(torch.int64)
        fine = (code.abs() << (width + 18)) + code**2 * bend(self.omega_0, width)
        steps = (fine + (1 << (2 * width - 3))) >> (2 * width - 2)
        return (steps * code.sign() % (1 << PHASE_BITS)).to(x.dtype) * 2.0**-PHASE_BITS

    def _node(self, cls: type[ActivationNode], i: Vector) -> ActivationNode:
        assert self.element is not None
        constants: dict[str, Any] = {"omega_0": self.omega_0}
        return cls(i, self.element, **constants)
