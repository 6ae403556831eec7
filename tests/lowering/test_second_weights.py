"""The second weights of a bench fit the memories of the first, and show bits that these do not."""

import numpy as np
import pytest
from support.cores import folded

from inrhw.base.types import Fixed, Phase
from inrhw.lowering.second_weights import drawn_weights, other_weights
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph

MODELS = ("quadinr", "siren")


@pytest.mark.parametrize("model", MODELS)
def test_other_weights_fit_the_same_memories_and_make_another_picture(model: str) -> None:
    core = folded("raster", "loadable", model)
    graph, other = core.graph, other_weights(core.graph)
    assert [(m.name, m.width) for m in other.memories] == [(m.name, m.width) for m in graph.memories]
    codes = core.grid.codes()
    assert (other.forward_int(codes) != graph.forward_int(codes)).any()


@pytest.mark.parametrize("model", MODELS)
def test_each_bit_of_a_bias_that_turns_a_phase_and_each_end_of_shifts_is_loaded(model: str) -> None:
    graph = folded("raster", "loadable", model).graph
    for name, node in other_weights(graph).nodes.items():
        first = graph.nodes[name]
        if (
            isinstance(node, FoldedDense)
            and isinstance(first, FoldedDense)
            and isinstance(node.element, Phase)
        ):
            codes = np.array([first.bias, node.bias]).ravel()
            every = (1 << node.format.sum_width) - 1
            assert np.bitwise_or.reduce(codes) & every == every
            assert np.bitwise_and.reduce(codes) & every == 0
            assert {node.format.shift_lo, node.format.shift_hi} == set(node.shift.ravel().tolist())


@pytest.mark.parametrize("model", MODELS)
def test_as_many_values_come_as_with_the_first_weights(model: str) -> None:
    core = folded("raster", "loadable", model, sides=(16, 12))
    codes = core.grid.codes()
    one, other = (
        len(np.unique(graph.forward_int(codes))) for graph in (core.graph, other_weights(core.graph))
    )
    assert other > one / 2


def test_every_kind_of_layer_takes_its_other_weights() -> None:
    loadable = [layer for layer in FoldedDense.examples() if layer.loadable]
    assert {layer.format.level is None for layer in loadable} == {True, False}
    for layer in loadable:
        (other,) = other_weights(Graph({"layer": layer})).nodes.values()
        assert isinstance(other, FoldedDense)
        before = layer.weight if isinstance(layer.element, Phase) else layer.weight[::-1, ::-1]
        # The opposite, or every bit another one.
        assert set((other.weight + before).ravel().tolist()) <= {0, -1}


def test_every_kind_of_layer_takes_drawn_weights_with_which_its_sums_fit() -> None:
    for seed, layer in enumerate(layer for layer in FoldedDense.examples() if layer.loadable):
        (drawn,) = drawn_weights(Graph({"layer": layer}), seed).nodes.values()
        assert isinstance(drawn, FoldedDense)
        assert drawn.format == layer.format
        if isinstance(drawn.element, Fixed) and isinstance(drawn.i.element, Fixed):
            x = max(-drawn.i.element.lo, drawn.i.element.hi)
            most = (x * np.abs(drawn.weight).sum(axis=2) + np.abs(drawn.bias)).max()
            assert most < 1 << drawn.format.sum_width - 1


@pytest.mark.parametrize("model", MODELS)
def test_drawn_weights_of_another_seed_show_another_picture_with_many_values(model: str) -> None:
    core = folded("raster", "loadable", model, sides=(16, 12))
    pictures = [core.drawn(seed).golden()[0] for seed in range(4)]
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert len(np.unique(pictures)) > 100


def test_drawn_weights_have_each_high_bit_of_a_sum_as_a_bias() -> None:
    graph = folded("raster", "loadable").graph
    drawn = [node for seed in range(16) for node in drawn_weights(graph, seed).nodes.values()]
    layers = [node for node in drawn if isinstance(node, FoldedDense) and isinstance(node.element, Fixed)]
    width = layers[0].format.sum_width
    assert {1 << bit for bit in range(width - 17, width - 1)} <= {
        abs(bias) for layer in layers for bias in layer.bias.ravel().tolist()
    }
