"""Other weights for a loadable core, with which the bench shows that it can be given any."""

from dataclasses import replace

import numpy as np

from inrhw.base.types import Phase
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph


def other_weights(graph: Graph, *, of_tiles: bool = False) -> Graph:
    """Return a loadable graph of the same shape whose memories hold other bits.

    Neurons and banks are in reverse order. Weights are the opposite; biases have all bits inverted where they
    turn a phase, and in every other neuron; shifts in every other neuron: then each bit of a memory has both
    values, and most of the picture stays within its range. `of_tiles`: other tiles of the same picture, whose
    shared layers stay.
    """
    nodes = {
        name: _other(node) if isinstance(node, FoldedDense) and not (of_tiles and node.sets == 1) else node
        for name, node in graph.nodes.items()
    }
    return Graph(nodes)


def _other(layer: FoldedDense) -> FoldedDense:
    bias, shift = layer.bias[::-1, ::-1], layer.shift[::-1, ::-1]
    other = np.arange(bias.shape[1]) % 2 == 1
    turns = other | isinstance(layer.element, Phase)
    return replace(
        layer,
        weight=-layer.weight[::-1, ::-1],
        bias=np.where(turns, ~bias, bias),
        shift=np.where(other, layer.format.shift_lo + layer.format.shift_hi - shift, shift),
    )
