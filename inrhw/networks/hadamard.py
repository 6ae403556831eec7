"""DHQ: a dense layer whose weights and inputs are quantized after a Hadamard rotation.

Distribution-aware Hadamard quantization (Zhou et al., arXiv 2508.13478): ``W x = (W H D^-1) (H x)`` with
``H H = D``. Weights are rotated offline, inputs online, and what is quantized is bell-shaped in every layer.
The paper does not say which matrices are rotated, nor how widths that are not powers of two are
treated: both are choices here.
"""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed, Vector
from inrhw.ops.kinds.activation import Gain
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.fwht.node import Fwht, butterflies
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node
from inrhw.ops.rotation import Rotation
from inrhw.ops.rounding import quantize

#: Whether weights and inputs are rotated, by the names of the option.
_SIDES = {"both": (True, True), "weights": (True, False), "activations": (False, True)}

#: Bits that values have more in front of a rotation: they are rounded behind it.
_FINER_BITS = 2

#: Bits finer than the largest rotated input allows that are tried: what is beyond is clipped.
_CLIPPED_BITS = 4

#: Bits of a weight for which an adder graph has about one adder (canonical signed digits).
_BITS_AN_ADDER = 3


def widened(element: Fixed) -> Fixed:
    """Return the format of values that are rotated before they are brought to `element`'s width.

    It has 16 bits at most, which all activations give, unless `element` has more.

    Examples
    --------
    >>> widened(Fixed(8, 7))
    Fixed(width=10, frac=9, signed=True)
    """
    bits = max(0, min(_FINER_BITS, 16 - element.width))
    return replace(element, width=element.width + bits, frac=element.frac + bits)


class HadamardLayer(DenseLayer):
    """A `DenseLayer` that is quantized in a rotated domain; in floating point it is no different.

    What is rotated is state, and saved with the weights: `calibrate` decides it.

    Parameters
    ----------
    in_features, out_features, gain, offset
        See `DenseLayer`.
    stored
        Take one Hadamard matrix of order K 2**m where there is one of that width, not powers of two along
        the diagonal.
    """

    rotates: Tensor
    rotated_frac: Tensor
    matrix: Tensor
    scales: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        gain: Gain,
        offset: float = 0.0,
        *,
        stored: bool = False,
    ) -> None:
        super().__init__(in_features, out_features, gain, offset=offset)
        self.rotation = rotation_of(in_features, stored)
        # Whether weights and inputs are rotated, and the fraction bits of rotated inputs.
        self.register_buffer("rotates", torch.zeros(2, dtype=torch.bool))
        self.register_buffer("rotated_frac", torch.zeros((), dtype=torch.int64))
        matrix = torch.from_numpy(self.rotation.matrix()).to(torch.float32)
        self.register_buffer("matrix", matrix, persistent=False)
        self.register_buffer(
            "scales", torch.from_numpy(self.rotation.scales).to(torch.float32), persistent=False
        )

    @property
    def rotates_weights(self) -> bool:
        """Whether weights are rotated before they are rounded."""
        return bool(self.rotates[0])

    @property
    def rotates_inputs(self) -> bool:
        """Whether inputs are rotated and then rounded."""
        return bool(self.rotates[1])

    @property
    def rotated(self) -> str:
        """What is rotated, and the format of rotated inputs: part of the circuit, not of the weights."""
        sides = (self.rotates_weights, self.rotates_inputs)
        what = next((name for name, both in _SIDES.items() if both == sides), "none")
        return f"{what} to {self.input_format}" if self.rotates_inputs else what

    @property
    def input_format(self) -> Fixed:
        """Format of what is multiplied: as many bits as the input has, rotated or not."""
        if not self.rotates_inputs:
            return super().input_format
        return Fixed(super().input_format.width, int(self.rotated_frac))

    def quantized(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return what multiplies the input as it comes, rotated or not; see `DenseLayer`.

        Where only one side is rotated, its rotation is in these weights, which then take more bits.
        """
        weight, bias = self.absorbed()
        if self.rotates_weights:
            weight = weight @ self._back
        weight, bias, frac = self.rounded(weight, bias)
        weight, finer_bits = self.multiplied(weight)
        return weight, bias, frac + finer_bits

    @property
    def _back(self) -> Tensor:
        return self.matrix / self.scales

    def multiplied(self, weight: Tensor) -> tuple[Tensor, int]:
        """Return weights with the rotation in them if one side alone is rotated; see `DenseLayer`."""
        if self.rotates_weights and not self.rotates_inputs:
            return weight @ self.matrix, 0
        if self.rotates_inputs and not self.rotates_weights:
            return weight @ self._back, int(self.scales.max()).bit_length() - 1
        return weight, 0

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, in_features] to [batch, out_features]."""
        if self.weight_bits is not None and self.rotates_inputs:
            x = quantize(x @ self.matrix, self.input_format)
        return super().forward(x)

    def prepare(self, name: str, i: Vector) -> dict[str, Node]:
        """Return the rotation of the input and its rounding, if it is rotated.

        Raises
        ------
        InputError
            No bit of an input is left.
        """
        if not self.rotates_inputs:
            return {}
        fwht = Fwht.pipelined(i, self.rotation)
        values = fwht.o.element
        if values.width - values.frac + self.input_format.frac < 1:
            width = self.input_format.width
            raise InputError(f"{name} has no bit left of its rotated inputs at {width} bits; use more")
        return {f"{name}_fwht": fwht, f"{name}_rotated": Requantize(fwht.o, self.input_format)}

    def calibrate(self, x: Tensor, what: str | None) -> None:
        """Do `calibrate` for this layer alone."""
        calibrate([self], [x], what)

    def _rotate(self, weights: bool, inputs: bool) -> None:
        self.rotates.copy_(torch.tensor([weights, inputs]))

    def _best_rotated_frac(self, x: Tensor) -> int:
        """Return the fraction bits with the least mean squared error."""
        u = x @ self.matrix
        width, finest = super().input_format.width, widened(super().input_format).frac
        coarsest = Fixed.covering(float(u.abs().max()), width).frac
        fracs = [min(coarsest + k, finest) for k in range(_CLIPPED_BITS + 1)]
        errors = [float((quantize(u, Fixed(width, frac)) - u).square().mean()) for frac in fracs]
        return fracs[errors.index(min(errors))]

    def _error(self, x: Tensor, weights: bool, inputs: bool) -> float:
        """Return the mean squared error of the quantized layer."""
        self._rotate(weights, inputs)
        exact = nn.functional.linear(x, *self.absorbed())
        element = super().input_format
        rounded = quantize(x, widened(element) if inputs else element)
        return float((self(rounded) - exact).square().mean())

    def _worth(self, weights: bool, inputs: bool) -> float:
        """Return the factor by which weight bits of the same cost would divide the mean squared error."""
        assert self.weight_bits is not None
        bits = float(self.weight_bits)
        growth_bits = math.log2(max(self.rotation.blocks)) if weights != inputs else 0.0
        adders = len(butterflies(self.rotation).adders) if inputs else 0
        own_adders = self.weight.numel() * bits / _BITS_AN_ADDER
        growth = (1 + growth_bits / bits) * (1 + adders / own_adders)
        return float(4 ** (bits * (growth - 1)))


@torch.no_grad()
def calibrate(layers: Sequence[HadamardLayer], xs: Sequence[Tensor], what: str | None) -> None:
    """Decide what is rotated, and how rotated inputs are rounded: alike in all layers, of one shape.

    Parameters
    ----------
    layers
        Quantized layers. One that several networks share is there several times.
    xs
        The inputs of each as the network without rounding has them, [batch, in_features].
    what
        "both", "weights" or "activations". None: whichever, or nothing, errs least for what it costs.
        With one more bit a weight the mean squared error falls to a quarter; a rotation must do better
        than bits that cost as many adders.
    """
    rotated_frac = layers[0]._best_rotated_frac(torch.cat(list(xs)))
    for layer in layers:
        layer.rotated_frac.fill_(rotated_frac)

    def cost(sides: tuple[bool, bool]) -> float:
        errors = [layer._error(x, *sides) for layer, x in zip(layers, xs, strict=True)]
        return sum(errors) * layers[0]._worth(*sides)

    choices = [_SIDES[what]] if what else [(False, False), *_SIDES.values()]
    sides = min(choices, key=cost) if len(choices) > 1 else choices[0]
    for layer in layers:
        layer._rotate(*sides)


def rotation_of(length: int, stored: bool) -> Rotation:
    """Return the rotation of so many inputs: by one stored matrix if asked for and there is one."""
    if stored:
        with contextlib.suppress(ValueError):
            return Rotation.stored(length)
    return Rotation.blocks_of(length)
