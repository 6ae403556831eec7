"""Other weights for a loadable core, with which the bench shows that it can be given any."""

from dataclasses import replace

import numpy as np

from inrhw.base.types import Phase
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph

#: How many times the contrast of the first picture the second one has at most, as a power of two.
_CONTRAST = 2


def other_weights(graph: Graph, *, of_tiles: bool = False) -> Graph:
    """Return a loadable graph of the same shape whose memories hold other bits.

    Where sums turn phases, every bit of a weight and of a bias is the other one, and neurons have in turn the
    smallest shift and the largest, the other way round in every other layer: phases of the former turn many
    times, so that the lowest bits of a sum decide pixels, and those of the latter show its highest bits.
    Elsewhere neurons and banks are in reverse order and weights are the opposite, so that sums fit as before;
    those of the last layer say more. `of_tiles`: other tiles of the same picture, whose shared layers stay.
    """
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, FoldedDense)}
    last = list(layers)[-1]
    others = {
        name: _turning(layer, k) if isinstance(layer.element, Phase) else _opposite(layer, name == last)
        for k, (name, layer) in enumerate(layers.items())
        if not (of_tiles and layer.sets == 1)
    }
    return Graph({**graph.nodes, **others})


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
