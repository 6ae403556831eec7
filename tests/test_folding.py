import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import assert_contract, inputs
from test_lower import architectures, network

from inrhw.errors import InputError
from inrhw.folding import Fold, Folding, fold, folding_of, folding_to_json, other_weights
from inrhw.lower import lower
from inrhw.models import INR, Architecture
from inrhw.node import Graph
from inrhw.ops.folded_dense import FoldedDense
from inrhw.precision import Precision


def foldings(architecture: Architecture) -> st.SearchStrategy[Folding]:
    """Return a strategy of all folds of a network."""
    first, *others = itertools.pairwise(architecture.features)
    layers = [st.builds(Fold, st.integers(1, first[1]), st.just(2))]
    layers += [st.builds(Fold, st.integers(1, rows), st.integers(1, columns)) for columns, rows in others]
    return st.builds(Folding, st.tuples(*layers), st.sampled_from(["rom", "loadable"]), st.booleans())


def folded(architecture: Architecture, folding: Folding, seed: int = 0) -> Graph:
    return fold(lower(INR(architecture, seed).quantized()), folding, architecture.precision)


def chosen(weights: str = "rom", packed: bool = False) -> tuple[Architecture, Folding]:
    architecture = Architecture("quadinr", 5, 4, 3, 6, 1, precision=Precision(8, 8, finer_rows=1))
    return architecture, Folding((Fold(2, 2), Fold(3, 2), Fold(1, 3)), weights, packed)


@settings(max_examples=100)
@given(st.data(), architectures, st.integers(0, 1000))
def test_a_folded_graph_equals_the_unfolded_one(
    data: st.DataObject, architecture: Architecture, seed: int
) -> None:
    graph = lower(network(architecture, seed))
    folding = data.draw(foldings(architecture))
    try:
        got = fold(graph, folding, architecture.precision)
    except InputError as error:
        # Random bits can need more than loadable memories hold; fixed memories hold everything up to 48 bits.
        assert folding.weights == "loadable" or "48" in str(error)
        return
    codes = architecture.grid.codes()
    assert (got.forward_int(codes) == graph.forward_int(codes)).all()
    for name, x, y in got.trace(codes):
        got.nodes[name].i.check(x)
        got.nodes[name].o.check(y)
    assert got.o.beats == 1


@pytest.mark.parametrize("weights", ["rom", "loadable"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_circuit_of_a_whole_folded_network_keeps_the_contract(weights: str, packed: bool) -> None:
    architecture, folding = chosen(weights, packed)
    graph = folded(architecture, folding)
    assert graph.initiation_interval == max(
        node.initiation_interval for node in graph.nodes.values() if isinstance(node, FoldedDense)
    )
    x = inputs(graph, np.random.default_rng(3), 20)[:40]
    assert_contract(graph, x, gaps=True)
    assert_contract(graph, x, gaps=False)


def test_loadable_memories_have_one_shape_whatever_the_weights() -> None:
    architecture, folding = chosen("loadable")
    first, second = (folded(architecture, folding, seed) for seed in (1, 2))
    assert [(m.name, m.width, m.depth) for m in first.memories] == [
        (m.name, m.width, m.depth) for m in second.memories
    ]
    assert [m.words for m in first.memories] != [m.words for m in second.memories]


def test_other_weights_fit_the_same_memories_and_make_another_picture() -> None:
    architecture, folding = chosen("loadable")
    graph = folded(architecture, folding)
    other = other_weights(graph)
    codes = architecture.grid.codes()
    assert [(m.name, m.width) for m in other.memories] == [(m.name, m.width) for m in graph.memories]
    assert (other.forward_int(codes) != graph.forward_int(codes)).any()


def test_the_folding_of_a_graph_can_be_read_from_it() -> None:
    architecture, folding = chosen("loadable", packed=True)
    assert folding_of(folded(architecture, folding)) == folding
    assert folding_of(lower(INR(architecture).quantized())) is None
    assert folding_to_json(folding) == {
        "layers": [[2, 2], [3, 2], [1, 3]],
        "weights": "loadable",
        "packed": True,
    }
    assert folding_to_json(None) is None


def test_a_network_that_loadable_memories_cannot_hold_is_refused_by_the_layers_name() -> None:
    architecture, folding = chosen("loadable")
    net = INR(architecture)
    for layer in net.dense_layers():
        layer.gain *= 1e4
    with pytest.raises(InputError, match=r"layer0_dense: neuron 0 has weights that 11 bits and a shift from"):
        fold(lower(net.quantized()), folding, architecture.precision)


@pytest.mark.parametrize(("width", "height"), [(512, 512), (600, 200), (65536, 65536)])
def test_loadable_memories_hold_every_encoding(width: int, height: int) -> None:
    architecture = Architecture("relu_pe", width, height, 1, 2, 0)
    graph = lower(INR(architecture).quantized())
    folded = fold(graph, Folding((Fold(1, 2), Fold(1, 1), Fold(1, 1)), "loadable"), architecture.precision)
    codes = np.random.default_rng(0).integers(graph.i.element.lo, graph.i.element.hi, (50, 2))
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()


def test_wrong_folds_are_refused() -> None:
    architecture, folding = chosen()
    with pytest.raises(InputError, match="folding must have 3 layers, not 2"):
        folded(architecture, dataclasses.replace(folding, layers=folding.layers[:2]))
    with pytest.raises(InputError, match="layer1_dense: pe and simd must be at most 6 and 6"):
        folded(architecture, dataclasses.replace(folding, layers=(Fold(2, 2), Fold(7, 1), Fold(1, 1))))
    with pytest.raises(InputError, match="must have simd 2"):
        Folding((Fold(2, 1),))
    with pytest.raises(InputError, match="must be rom or loadable, not 'baked'"):
        Folding((Fold(2, 2),), "baked")
    with pytest.raises(InputError, match="at least 1, not 0 and 1"):
        Fold(0, 1)
