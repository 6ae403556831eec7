"""The second weights of a bench fit the memories of the first, and show bits that these do not."""

import numpy as np
import pytest
from support.cores import folded

from inrhw.lowering.second_weights import other_weights
from inrhw.ops.linear.folded_dense.node import FoldedDense

MODELS = ("quadinr", "siren")


@pytest.mark.parametrize("model", MODELS)
def test_other_weights_fit_the_same_memories_and_make_another_picture(model: str) -> None:
    core = folded("raster", "loadable", model)
    graph, other = core.graph, other_weights(core.graph)
    assert [(m.name, m.width) for m in other.memories] == [(m.name, m.width) for m in graph.memories]
    codes = core.grid.codes()
    assert (other.forward_int(codes) != graph.forward_int(codes)).any()


@pytest.mark.parametrize("model", MODELS)
def test_each_bit_of_a_bias_and_a_shift_has_both_values_in_some_word(model: str) -> None:
    graph = folded("raster", "loadable", model).graph
    for name, node in other_weights(graph).nodes.items():
        first = graph.nodes[name]
        if not isinstance(node, FoldedDense) or not isinstance(first, FoldedDense):
            continue
        shifts = np.array([first.shift, node.shift]) - node.format.shift_lo
        for codes, width in (
            (np.array([first.bias, node.bias]), node.format.sum_width),
            (shifts, node.format.shift_bits),
        ):
            every = (1 << width) - 1
            assert np.bitwise_or.reduce(codes.ravel()) & every == every
            assert np.bitwise_and.reduce(codes.ravel()) & every == 0
