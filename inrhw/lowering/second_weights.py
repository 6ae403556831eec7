"""Other weights for a loadable core, with which the bench shows that it can load any."""

from dataclasses import replace

from inrhw.base.types import Phase
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph


def other_weights(graph: Graph, *, of_tiles: bool = False) -> Graph:
    """Return a loadable graph of the same shape whose memories hold other bits.

    Neurons and banks are in reverse order, weights are negated, and biases in front of a phase have all bits
    inverted, so no part of the picture is lost. Shifts are only reordered: with other shifts the output of
    some neurons would be constant. `of_tiles`: other tiles of the same picture, whose shared layers stay.
    """
    nodes = {
        name: _other(node) if isinstance(node, FoldedDense) and not (of_tiles and node.sets == 1) else node
        for name, node in graph.nodes.items()
    }
    return Graph(nodes)


def _other(layer: FoldedDense) -> FoldedDense:
    bias = layer.bias[::-1, ::-1]
    return replace(
        layer,
        weight=-layer.weight[::-1, ::-1],
        bias=~bias if isinstance(layer.element, Phase) else bias,
        shift=layer.shift[::-1, ::-1],
    )
