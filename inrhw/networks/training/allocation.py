"""Bits of weights, layer by layer, from what rounding each layer alone costs.

LieQ (arXiv 2508.03332) gives bits to the layers whose quantization is measured to harm most. Its shortcut,
the compactness of a layer's outputs, ranks the layers of these networks in the wrong order (docs/codes.md),
and a picture is rendered in milliseconds: so the drop itself is measured, of each layer at each number of
bits.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from inrhw.networks.inr import INR
from inrhw.networks.training.batches import mean_square
from inrhw.signals.samples import Samples

#: Least and most bits that a layer may get.
_LEAST_BITS, _MOST_BITS = 2, 14

#: Bits of all other layers while one is measured.
_OTHERS_BITS = 16

#: Pixels that are looked at, at most.
_PIXELS = 4096


@torch.no_grad()
def with_allotted_bits(model: INR, signal: Samples) -> INR:
    """Return a network in floating point whose precision names each layer's bits.

    Parameters
    ----------
    model
        In floating point; its precision says by its other bits how many there are in all. An encoding, which
        is not trained, keeps its own and is not counted.
    picture
        What it represents.

    Returns
    -------
    A copy on the CPU. Its bits are those of the precision as it was, spread anew if that errs less.
    """
    model = copy.deepcopy(model).cpu()
    rounded = model.quantized().double()
    layers = list(rounded.dense_layers())
    plain = model.architecture.precision.weight_bits_of(len(layers))
    trained = [k for k, layer in enumerate(layers) if layer.weight.requires_grad]
    errors = [_errors_of(rounded, k, signal) for k in trained]
    weights = [layers[k].weight.numel() for k in trained]
    room = sum(n * plain[k] for n, k in zip(weights, trained, strict=True))
    spread = list(plain)
    for k, bits in zip(trained, allot(errors, weights, room), strict=True):
        spread[k] = bits
    best = min((plain, spread), key=lambda bits: _error(rounded, bits, signal))
    precision = replace(model.architecture.precision, layer_bits=",".join(map(str, best)))
    model.architecture = replace(model.architecture, precision=precision)
    return model


def allot(errors: Sequence[Sequence[float]], weights: Sequence[int], room: int) -> tuple[int, ...]:
    """Return how many bits each layer gets for the least sum of errors.

    Parameters
    ----------
    errors
        Of each layer, the error of the network with 2, 3, ... bits in this layer.
    weights
        Of each layer.
    room
        Bits that all weights may take, at least 2 bits a weight.

    Examples
    --------
    >>> allot([[9, 3, 1, 0], [5, 4, 3, 2]], [10, 10], 70)
    (4, 3)
    """
    # Bits used, error, bits so far: an entry errs less than all that use no more bits.
    front: list[tuple[int, float, tuple[int, ...]]] = [(0, 0.0, ())]
    for own, n in zip(errors, weights, strict=True):
        longer = [
            (used + n * bits, total + error, (*before, bits))
            for used, total, before in front
            for bits, error in enumerate(own, _LEAST_BITS)
        ]
        front = []
        for used, total, bits in sorted(longer):
            if used <= room and (not front or total < front[-1][1]):
                front.append((used, total, bits))
    return front[-1][2]


def _errors_of(model: INR, place: int, signal: Samples) -> list[float]:
    """Return the error with each number of bits in one layer, and many in all others."""
    found = []
    for own in range(_LEAST_BITS, _MOST_BITS + 1):
        bits = [_OTHERS_BITS] * len(model.layers)
        bits[place] = own
        found.append(_error(model, bits, signal))
    return found


def _error(model: INR, bits: Sequence[int], signal: Samples) -> float:
    """Return the mean squared error with so many bits in each layer, which stay."""
    for layer, own in zip(model.dense_layers(), bits, strict=True):
        layer.weight_bits = own
    x, target = model.coordinates(), model.targets(signal)
    step = -(-len(x) // _PIXELS)
    return float(mean_square(model(x[::step]), target[..., ::step, :].to(x), model.architecture.value))
