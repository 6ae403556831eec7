"""What a network renders with faults in its stored weights: noise, flipped and stuck bits.

It is one network, or those of tiles, or of pictures that share layers. Weights and biases are codes in two's
complement, those that a folded core keeps in its memories; binary and ternary weights are signs. A changed
code is used as it is: no row gets another scale because one of its weights grew.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed
from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.inr import INR
from inrhw.networks.projection import DiagonalLayer, LowRankLayer
from inrhw.networks.shared import SharedINR
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.folded_dense.signs import from_words, to_words

Model = TypeVar("Model", bound=INR | SharedINR)


@dataclass(frozen=True, eq=False)
class Stored:
    """The weights or the biases of a layer, as memories hold them.

    Attributes
    ----------
    layer
        Number of the layer, 0 for the first; a low-rank projection counts as two.
    what
        "weights" or "biases".
    codes
        int64 [rows, columns]; biases have one column. Of layers that each tile or picture has for itself
        [sets, rows, columns], one set for each.
    unit
        Value of code 1, float64 [rows, 1] or [sets, rows, 1].
    bits
        Width of a code, sign included.
    signs
        Whether a code tells a sign, or a sign or zero: see `inrhw.ops.linear.folded_dense.signs`.
    """

    layer: int
    what: Literal["weights", "biases"]
    codes: Codes
    unit: NDArray[np.float64]
    bits: int
    signs: bool = False

    @property
    def values(self) -> NDArray[np.float64]:
        """The numbers that the codes stand for, of the codes' shape.

        Examples
        --------
        >>> words = np.array([[-2, -1, 0, 1]])
        >>> Stored(0, "weights", words, np.array([[0.5]]), 2, signs=True).values.tolist()
        [[0.0, -0.5, 0.0, 0.5]]
        """
        words = self.codes & (1 << self.bits) - 1
        return (from_words(words, self.bits) if self.signs else self.codes) * self.unit

    def with_bits(self, flips: Codes) -> "Stored":
        """Return a copy with the bits flipped that are 1 in `flips`, int64 of the codes' shape.

        Examples
        --------
        >>> four = Stored(0, "biases", np.array([[5]]), np.ones((1, 1)), 4)
        >>> four.with_bits(np.array([[8]])).codes.tolist()  # 0101 becomes 1101
        [[-3]]
        """
        sign = 1 << (self.bits - 1)
        return replace(self, codes=((self.codes + sign) ^ flips) - sign)


def stored(model: INR | SharedINR) -> list[Stored]:
    """Return what the memories of quantized networks hold: weights, then biases, layer by layer.

    A layer that is not trained follows from the picture's size and is not among them.

    Raises
    ------
    InputError
        If weights are stored rotated.
    """
    found = []
    for k, layers in enumerate(_layers(copy.deepcopy(model).cpu().double())):
        layer = layers[0]
        if isinstance(layer, HadamardLayer):
            raise InputError("faults need weights that are stored as they are, not rotated (dhq)")
        if not layer.weight.requires_grad:
            continue
        assert layer.weight_bits is not None
        weight, bias, frac = (_stacked(sets) for sets in zip(*map(_rounded, layers), strict=True))
        unit = 2.0 ** -frac[..., None]
        bias_unit = unit * 2.0**-layer.input_format.frac
        codes, bias_codes = np.rint(weight / unit), np.rint(bias[..., None] / bias_unit)
        bias_bits = Fixed.holding(min(-1, int(bias_codes.min())), int(bias_codes.max()), 0).width
        if sign_bits := layer.code.sign_bits:
            found.append(_signs(k, weight, unit, sign_bits))
        else:
            found.append(Stored(k, "weights", codes.astype(np.int64), unit, layer.weight_bits))
        found.append(Stored(k, "biases", bias_codes.astype(np.int64), bias_unit, bias_bits))
    return found


def networks_of(model: INR | SharedINR) -> list[INR]:
    """Return the network of each picture; that of a signal in tiles is one."""
    return list(model) if isinstance(model, SharedINR) else [model]


def _layers(model: INR | SharedINR) -> list[list[DenseLayer]]:
    """Return the layers in each place of the networks: one, or one for each picture.

    The two factors of a low-rank projection have a place each.
    """
    places = zip(*(network.dense_layers() for network in networks_of(model)), strict=True)
    found = []
    for layers in map(dict.fromkeys, places):  # shared ones once
        factors = [layer.down for layer in layers if isinstance(layer, LowRankLayer)]
        found += [factors, list(layers)] if factors else [list(layers)]
    return found


def _rounded(layer: DenseLayer) -> list[NDArray[np.float64]]:
    """Return weight, bias and fraction bits as they are stored."""
    weight, bias, frac = (x.detach().numpy() for x in layer.quantized())
    if isinstance(layer, DiagonalLayer):
        weight = weight.sum(axis=-1, keepdims=True)  # all others are zero
    return [weight, bias, frac]


def _stacked(sets: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.stack(sets) if len(sets) > 1 else sets[0]


def _signs(layer: int, weight: NDArray[np.float64], unit: NDArray[np.float64], bits: int) -> Stored:
    """Return weights that are a power of two of their row, its opposite, or 0."""
    level = np.abs(weight).max(axis=-1, keepdims=True)
    # What a bit that flips in a row of zeros is worth: see `folded_dense.rows`.
    living = level[level > 0]
    level = np.where(level > 0, level, living.min() if living.size else unit)
    sign = 1 << (bits - 1)
    words = to_words(np.sign(weight).astype(np.int64), bits)
    return Stored(layer, "weights", (words ^ sign) - sign, level, bits, signs=True)


def with_stored(model: Model, numbers: Sequence[Stored]) -> Model:
    """Return a copy of quantized networks that computes with other stored numbers."""
    return _with(model, [(one, one.values) for one in numbers])


def with_noise(model: Model, numbers: Sequence[Stored], sigma: float, rng: np.random.Generator) -> Model:
    """Return a copy with Gaussian noise on all weights.

    Parameters
    ----------
    model, numbers
        Quantized networks and what they store.
    sigma
        Standard deviation, relative to the span of a layer's weights: the largest less the smallest. Of
        layers that each tile or picture has for itself each has its own span, as in training.
    rng
        Source of the noise.
    """
    noisy = []
    for one in numbers:
        values = one.values
        if one.what == "weights":
            span = np.ptp(values, axis=(-2, -1), keepdims=True)
            values = values + sigma * span * rng.standard_normal(values.shape)
        noisy.append((one, values))
    return _with(model, noisy)


def flipped(numbers: Sequence[Stored], rate: float, rng: np.random.Generator) -> list[Stored]:
    """Return the numbers with each bit flipped with this probability."""
    return [one.with_bits(_drawn(one, rate, rng)) for one in numbers]


def stuck(
    numbers: Sequence[Stored], rate: float, at: Literal[0, 1], rng: np.random.Generator
) -> list[Stored]:
    """Return the numbers with each bit stuck at 0 or 1 with this probability."""
    found = []
    for one in numbers:
        # The sign bit is the top place: set where a code is negative.
        bits = one.codes & ((1 << one.bits) - 1)
        wrong = ~bits if at else bits
        found.append(one.with_bits(_drawn(one, rate, rng) & wrong))
    return found


def with_one_flip(numbers: Sequence[Stored], k: int, bit: int, rng: np.random.Generator) -> list[Stored]:
    """Return the numbers with one bit flipped: at this place, of a random code of ``numbers[k]``."""
    flips = np.zeros_like(numbers[k].codes)
    flips.flat[rng.integers(flips.size)] = 1 << bit
    return [one.with_bits(flips) if place == k else one for place, one in enumerate(numbers)]


def _drawn(one: Stored, rate: float, rng: np.random.Generator) -> Codes:
    places = 1 << np.arange(one.bits, dtype=np.int64)
    flips: Codes = ((rng.random((*one.codes.shape, one.bits)) < rate) * places).sum(axis=-1)
    return flips


def _with(model: Model, values: Sequence[tuple[Stored, NDArray[np.float64]]]) -> Model:
    model = copy.deepcopy(model)
    places = _layers(model.cpu().double())
    for one, value in values:
        layers = places[one.layer]
        for layer, own in zip(layers, value if len(layers) > 1 else [value], strict=True):
            parameter = layer.weight if one.what == "weights" else layer.bias
            # Neither rounded nor scaled again.
            layer.weight_bits, layer.gain, layer.offset = None, 1.0, 0.0
            layer.scale = (1.0,) * layer.weight.shape[-1]
            parameter.data = torch.from_numpy(own).reshape(parameter.shape)
    return model
