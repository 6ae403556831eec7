import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.banks import SHARED, of_five, pictures
from support.networks_drawn import architectures, network
from support.simulate import assert_contract, inputs

from inrhw.base.errors import InputError
from inrhw.lowering.folding import Folding, fold, fold_banks, folding_of
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph


def foldings(architecture: Architecture) -> st.SearchStrategy[Folding]:
    """Return a strategy of all folds of a network."""
    first, *others = itertools.pairwise(architecture.features)
    layers = [st.builds(Fold, st.integers(1, first[1]), st.just(first[0]))]
    layers += [st.builds(Fold, st.integers(1, rows), st.integers(1, columns)) for columns, rows in others]
    return st.builds(Folding, st.tuples(*layers), st.sampled_from(["rom", "loadable"]), st.booleans())


def folded(architecture: Architecture, folding: Folding, seed: int = 0) -> Graph:
    return fold(lower(INR(architecture, seed).quantized()), folding, architecture.precision)


def chosen(weights: str = "rom", packed: bool = False, of_luts: int = 0) -> tuple[Architecture, Folding]:
    precision = Precision(8, 8, 8, max_row_shift=1)
    architecture = Architecture("quadinr", (5, 4), 3, precision=precision, hidden_widths="6,5")
    return architecture, Folding((Fold(2, 2), Fold(3, 2, of_luts), Fold(1, 3, of_luts)), weights, packed)


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
@pytest.mark.parametrize(("packed", "of_luts"), [(False, 0), (True, 0), (False, 3), (True, 2)])
def test_the_circuit_of_a_whole_folded_network_keeps_the_contract(
    weights: str, packed: bool, of_luts: int
) -> None:
    architecture, folding = chosen(weights, packed, of_luts)
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


def test_the_folding_of_a_graph_can_be_read_from_it() -> None:
    architecture, folding = chosen("loadable", packed=True, of_luts=1)
    for asked in (folding, dataclasses.replace(folding, weight_ecc="top3")):
        assert folding_of(folded(architecture, asked)) == asked
    assert folding_of(lower(INR(architecture).quantized())) is None


def test_a_network_that_loadable_memories_cannot_hold_is_refused_by_the_layers_name() -> None:
    architecture, folding = chosen("loadable")
    net = INR(architecture)
    for layer in net.dense_layers():
        layer.weight.data *= 1e4
    with pytest.raises(InputError, match=r"layer0_dense: neuron 0 has weights that 11 bits and a shift from"):
        fold(lower(net.quantized()), folding, architecture.precision)


@pytest.mark.parametrize(("width", "height"), [(512, 512), (600, 200), (65536, 65536)])
def test_loadable_memories_hold_every_encoding(width: int, height: int) -> None:
    architecture = Architecture("relu_pe", (width, height), 1, 2, 0)
    graph = lower(INR(architecture).quantized())
    folded = fold(graph, Folding((Fold(1, 2), Fold(1, 1), Fold(1, 1)), "loadable"), architecture.precision)
    codes = np.random.default_rng(0).integers(graph.i.element.lo, graph.i.element.hi, (50, 2))
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()


def test_wrong_folds_are_refused() -> None:
    architecture, folding = chosen()
    with pytest.raises(InputError, match="folding must have 3 layers, not 2"):
        folded(architecture, dataclasses.replace(folding, layers=folding.layers[:2]))
    with pytest.raises(InputError, match="layer1_dense: pe and simd must be at most 5 and 6"):
        folded(architecture, dataclasses.replace(folding, layers=(Fold(2, 2), Fold(7, 1), Fold(1, 1))))
    with pytest.raises(InputError, match="takes 2 coordinates at once, so its simd must be as many, not 1"):
        folded(architecture, dataclasses.replace(folding, layers=(Fold(2, 1), *folding.layers[1:])))
    with pytest.raises(InputError, match="must be rom or loadable, not 'baked'"):
        Folding((Fold(2, 2),), "baked")
    with pytest.raises(
        InputError, match="pe and simd must be at least 1, and lut_products 0, not 0, 1 and 0"
    ):
        Fold(0, 1)


# several pictures


@pytest.mark.parametrize(
    ("model", "quantizer"),
    [
        ("siren", "uniform"),
        ("gauss", "uniform"),
        ("incode", "uniform"),
        ("relu_pe", "uniform"),
        ("wire_real", "uniform"),
        ("siren", "dhq"),
    ],
)
def test_every_bank_of_a_graph_is_its_picture_to_the_last_bit(model: str, quantizer: Any) -> None:
    architecture, folding = of_five(model)
    precision = dataclasses.replace(architecture.precision, quantizer=quantizer)
    architecture = dataclasses.replace(architecture, precision=precision)
    extra = int(model == "relu_pe")  # the encoding, which all pictures share
    folds = (Fold(2, 2), *(Fold(1, 1) for _ in range(len(folding.layers) - 1 + extra)))
    graphs = pictures(architecture, 3, tuple(k + extra for k in SHARED))
    graph = fold_banks(graphs, Folding(folds), architecture.precision)
    codes = architecture.grid.codes()
    for bank, picture in enumerate(graphs):
        assert (graph.of_bank(bank).forward_int(codes) == picture.forward_int(codes)).all()
    layers = [node for node in graph.nodes.values() if isinstance(node, FoldedDense)]
    assert [layer.sets for layer in layers] == [1] * extra + [3, 3, 1, 1, 3]


def test_rows_of_a_private_layer_have_steps_of_their_own_in_every_bank() -> None:
    architecture, folding = of_five()
    graph = fold_banks(pictures(architecture, 3, SHARED), folding, architecture.precision)
    shift = graph.nodes["layer1_dense"].shift  # type: ignore[attr-defined]
    assert (shift.min(axis=0) < shift.max(axis=0)).any()


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("packed", [False, True])
def test_vectors_of_different_pictures_follow_each_other_without_a_pause(n: int, packed: bool) -> None:
    architecture, folding = of_five()
    folding = dataclasses.replace(folding, packed=packed)
    graph = fold_banks(pictures(architecture, n, SHARED), folding, architecture.precision)
    x = inputs(graph, np.random.default_rng(3), 20)[:40]
    assert_contract(graph, x, gaps=True)
    assert_contract(graph, x, gaps=False)


def test_at_a_vector_a_clock_shared_layers_are_adders() -> None:
    architecture, _ = of_five()
    whole = Folding(tuple(Fold(rows, columns) for columns, rows in itertools.pairwise(architecture.features)))
    graph = fold_banks(pictures(architecture, 3, SHARED), whole, architecture.precision)
    assert graph.initiation_interval == 1
    kinds = {name: type(node) for name, node in graph.nodes.items() if name.endswith("dense")}
    assert kinds == {
        f"layer{k}_dense": Dense if k in SHARED else FoldedDense for k in range(len(whole.layers))
    }
    assert folding_of(graph) == whole
    assert_contract(graph, inputs(graph, np.random.default_rng(3), 20)[:40], gaps=True)


def test_one_picture_has_one_bank() -> None:
    architecture, folding = of_five()
    graphs = pictures(architecture, 1)
    graph = fold_banks(graphs, folding, architecture.precision)
    assert graph.i.banks == graph.o.banks == 1
    codes = architecture.grid.codes()
    assert (graph.forward_int(codes) == graphs[0].forward_int(codes)).all()


def test_networks_of_different_structure_are_refused_by_the_nodes_name() -> None:
    architecture, folding = of_five()
    (first,) = pictures(architecture, 1)

    def refused(match: str, **changed: object) -> None:
        other = dataclasses.replace(architecture, **changed)  # type: ignore[arg-type]
        with pytest.raises(InputError, match=match):
            fold_banks([first, first, *pictures(other, 1)], folding, architecture.precision)

    refused("layer0_sine of picture 2 differs from picture 0", model="quadinr", activation_impl="")
    refused("layer0_dense of picture 2 differs", hidden_features=5)
    refused("layer4_dense of picture 2 differs", hidden_layers=4)
    refused("layer3_dense of picture 2 differs", hidden_layers=2)
    refused("layer4_dense of picture 2 differs", channels=1)
    refused("layer0_sine of picture 2 differs", precision=Precision(8, 8, 8, 7, max_row_shift=1))
    refused("all pictures must have one format: picture 0 takes .*, picture 2", sides=(9, 4))
    with pytest.raises(InputError, match="weights of several pictures must be rom, not loadable"):
        fold_banks([first], dataclasses.replace(folding, weights="loadable"), architecture.precision)
    with pytest.raises(InputError, match="at least one picture"):
        fold_banks([], folding, architecture.precision)
