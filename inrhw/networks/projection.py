"""Projections: what stands between a picture's own first layer and the layers that pictures share.

The publication (MINR, Zhou et al., arXiv 2508.13471) does not give their shape.
"""

from typing import get_args

import torch
from torch import Tensor

from inrhw.base.types import Fixed, Vector
from inrhw.networks.network import Projection
from inrhw.ops.kinds.activation import Affine, Gain
from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.linear.dense.layer import UNIFORM, DenseLayer
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node
from inrhw.ops.rounding import quantize

#: Shapes, by the names of the option.
PROJECTIONS: tuple[str, ...] = get_args(Projection)

#: Numbers between the two factors of a low-rank projection saturate at +-2**_REACH_LOG2.
_REACH_LOG2 = 2

#: Bits that they have more than values of activations.
_FINER_BITS = 2


def between_format(x_bits: int) -> Fixed:
    """Return the format between the factors of a low-rank projection with inputs of `x_bits` bits."""
    bits = max(x_bits, min(16, x_bits + _FINER_BITS))
    return Fixed(bits, bits - 1 - _REACH_LOG2)


class DiagonalLayer(DenseLayer):
    """A factor and a bias for each feature: a `DenseLayer` that is zero beside the diagonal, and stored so.

    Parameters
    ----------
    features
        Width.
    gain
        See `DenseLayer`.
    arguments
        Rows for each feature.
    """

    def __init__(self, features: int, gain: Gain, arguments: int = 1) -> None:
        super().__init__(1, arguments * features, gain)
        self._arguments = arguments

    def absorbed(self) -> tuple[Tensor, Tensor]:
        """Return weight, [rows, features], and bias that have absorbed the gain."""
        weight, bias = super().absorbed()
        ones = torch.eye(len(bias) // self._arguments, dtype=weight.dtype, device=weight.device)
        return weight * ones.repeat_interleave(self._arguments, dim=0), bias


class LowRankLayer(DenseLayer):
    """Two dense layers without an activation between them, only rounding and saturation.

    Parameters
    ----------
    in_features, out_features, gain
        See `DenseLayer`.
    rank
        Numbers between the two.
    """

    def __init__(self, in_features: int, out_features: int, gain: Gain, rank: int) -> None:
        super().__init__(rank, out_features, gain)
        self.down = DenseLayer(in_features, rank, 1.0)
        #: Whether numbers between the factors are rounded; faults take `weight_bits` away, but not this.
        self._rounds = False

    def reset_down(self, generator: torch.Generator) -> None:
        """Draw the first factor so that its result has the variance of its input."""
        self.down.reset((3 / self.down.weight.shape[1]) ** 0.5, generator)

    def take_input(self, before: Affine) -> None:
        """Absorb `before`, which was applied to the input."""
        self.down.take_input(before)

    def quantize(self, weight_bits: int, x: Fixed, max_row_shift: int, code: WeightCode = UNIFORM) -> None:
        """Round both factors and what is between them; see `DenseLayer`."""
        self.down.quantize(weight_bits, x, max_row_shift, code)
        super().quantize(weight_bits, between_format(x.width), max_row_shift, code)
        self._rounds = True

    def stored_bits(self) -> int:
        """Return the bits of both factors."""
        return self.down.stored_bits() + super().stored_bits()

    def prepare(self, name: str, i: Vector) -> dict[str, Node]:
        """Return the first factor and its rounding."""
        between = self.input_format
        down = self.down.node(i, between.frac, wrap=False)
        return {f"{name}_down": down, f"{name}_between": Requantize(down.o, between)}

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, in_features] to [batch, out_features]."""
        x = self.down(x)
        if not self._rounds:
            reach = 2.0**_REACH_LOG2
            return super().forward(x.clamp(-reach, reach))
        return super().forward(quantize(x, self.input_format))
