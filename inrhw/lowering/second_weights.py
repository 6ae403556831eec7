"""Other weights for a loadable core, with which the bench shows that it can load any."""

from dataclasses import replace

import numpy as np

from inrhw.base.types import Codes, Fixed, Phase
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph

#: Shifts of the last layer are smaller by so much at most: the second picture has four times the contrast.
_CONTRAST = 2


def other_weights(graph: Graph, *, of_tiles: bool = False) -> Graph:
    """Return a loadable graph of the same shape whose memories hold other bits.

    In layers in front of a phase all bits of weights and biases are inverted, and neurons have the smallest
    shift and the largest in turn, in the next layer the other way round. With the smallest shift the lowest
    bits of a sum decide pixels, with the largest its highest bits do. In other layers neurons and banks are
    in reverse order and weights are negated, so sums fit as before, and the last layer has more contrast.
    `of_tiles`: other tiles of the same picture, whose shared layers stay.
    """
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, FoldedDense)}
    last = list(layers)[-1]
    others = {
        name: _turning(layer, k) if isinstance(layer.element, Phase) else _opposite(layer, name == last)
        for k, (name, layer) in enumerate(layers.items())
        if not (of_tiles and layer.sets == 1)
    }
    return Graph({**graph.nodes, **others})


def drawn_weights(graph: Graph, seed: int) -> Graph:
    """Return a loadable graph of the same shape with weights that are drawn from all that its memories hold.

    In front of a phase so are biases and shifts, small shifts more often: with a large one a phase rests.
    Other layers keep their biases, or pixels would all be the darkest or the brightest value, but for a
    neuron in three, whose bias is a power of two: another one in each neuron and each seed, from the highest
    on, so that each high bit of a sum decides alone; with every fourth seed it is negative. Their shifts are
    smaller by up to five.
    """
    rng = np.random.default_rng(seed)
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, FoldedDense)}
    return Graph({**graph.nodes, **{name: _drawn(layer, seed, rng) for name, layer in layers.items()}})


def _drawn(layer: FoldedDense, seed: int, rng: np.random.Generator) -> FoldedDense:
    format, shape = layer.format, layer.shift.shape
    most, highest = ((1 << bits - 1) - 1 for bits in (format.sum_width, format.weight_bits))
    weight = layer.weight * rng.choice([-1, 1], layer.weight.shape)
    if format.level is None:  # packed multipliers do not take the lowest code
        weight = rng.integers(-highest, highest, weight.shape, endpoint=True)
    if isinstance(layer.element, Phase):
        bias = rng.integers(-most, most, shape, endpoint=True)
        shift = rng.integers(format.shift_lo, format.shift_hi, (3, *shape), endpoint=True).min(axis=0)
        return replace(layer, weight=weight, bias=bias, shift=shift)
    assert isinstance(layer.i.element, Fixed)
    less = np.minimum(rng.integers(6, size=shape), layer.shift - format.shift_lo)
    bias, shift = layer.bias >> less, layer.shift - less
    x = max(-layer.i.element.lo, layer.i.element.hi)

    def room(weight: Codes) -> Codes:
        left: Codes = most - x * np.abs(weight).sum(axis=2)
        return left

    weight = np.where((np.abs(bias) <= room(weight))[..., None], weight, layer.weight)
    row = np.arange(shape[1])
    below = (seed * shape[1] + row) // 3 % (format.sum_width - 1 - format.shift_lo)
    power = np.minimum(1 << format.sum_width - 2 - below, room(weight))
    power = -power if seed % 4 == 3 else power
    return replace(layer, weight=weight, bias=np.where((seed + row) % 3 == 0, power, bias), shift=shift)


def _turning(layer: FoldedDense, number: int) -> FoldedDense:
    format, shift = layer.format, layer.shift
    # Packed multipliers do not take the lowest code.
    lowest = 1 - (1 << format.weight_bits - 1)
    weight = np.maximum(~layer.weight, lowest) if format.level is None else -layer.weight
    turns = (np.arange(shift.shape[1]) + number) % 2 == 0
    shift = np.broadcast_to(np.where(turns, format.shift_lo, format.shift_hi), shift.shape)
    return replace(layer, weight=weight, bias=~layer.bias, shift=shift)


def _opposite(layer: FoldedDense, last: bool) -> FoldedDense:
    weight, bias, shift = (codes[::-1, ::-1] for codes in (layer.weight, layer.bias, layer.shift))
    more = np.minimum(_CONTRAST * last, shift - layer.format.shift_lo)
    return replace(layer, weight=-weight, bias=bias >> more, shift=shift - more)
