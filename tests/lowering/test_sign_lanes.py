"""Networks of binary and ternary weights: folded, their hidden layers take no multiplier and few bits."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.artifact.artifact import emit
from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.lowering.cost import graph_cost, network_cost
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.planning import plan
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence.proof import prove

VCU128 = load_board("vcu128")
SIGNS = {"binary": 1, "ternary": 2}


def coded(code: str, widths: str = "6,4", model: str = "quadinr", weight_bits: int = 8) -> Architecture:
    precision = Precision(weight_bits, weight_code=code)
    return Architecture(model, (5, 4), 3, hidden_widths=widths, precision=precision)


def folded(architecture: Architecture, folding: Folding, seed: int = 0) -> Graph:
    return fold(lower(INR(architecture, seed).quantized()), folding, architecture.precision)


@settings(max_examples=25, deadline=None)
@given(
    code=st.sampled_from(sorted(SIGNS)),
    model=st.sampled_from(sorted(activations())),
    weight_bits=st.integers(2, 16),
    hidden=st.builds(Fold, st.integers(1, 6), st.integers(1, 6)),
    weights=st.sampled_from(["rom", "loadable"]),
)
def test_folded_signs_are_the_network(
    code: str, model: str, weight_bits: int, hidden: Fold, weights: str
) -> None:
    architecture = coded(code, "6,6", model, weight_bits)
    graph = lower(INR(architecture).quantized())
    layers = sum(isinstance(node, Dense) for node in graph.nodes.values())
    folding = Folding((Fold(1, 2), *[hidden] * (layers - 2), Fold(1, 2)), weights)
    got, x = fold(graph, folding, architecture.precision), architecture.grid.codes()
    assert np.array_equal(got.forward_int(x), graph.forward_int(x))


@pytest.mark.parametrize("code", SIGNS)
@pytest.mark.parametrize("weights", ["rom", "loadable"])
def test_memories_hold_a_sign_for_each_weight(code: str, weights: str) -> None:
    folding = Folding((Fold(1, 2), Fold(2, 3), Fold(1, 2)), weights)
    node = folded(coded(code), folding).nodes["layer1_dense"]
    assert isinstance(node, FoldedDense)
    stored = sum(
        memory.width * len(memory.words) // memory.sets for lane in node.lane_contents() for memory in lane
    )
    assert stored == SIGNS[code] * 6 * 4


def test_loadable_memories_have_one_shape_whatever_the_weights() -> None:
    folding = Folding((Fold(1, 2), Fold(2, 3), Fold(1, 2)), "loadable")
    first, second = (folded(coded("ternary"), folding, seed) for seed in (1, 2))
    assert [(m.width, m.depth) for m in first.memories] == [(m.width, m.depth) for m in second.memories]
    assert [m.words for m in first.memories] != [m.words for m in second.memories]


def test_signs_fit_where_multipliers_do_not() -> None:
    wish = Hardware(initiation_interval=16, max_dsp=8)
    plain, ternary = (
        Architecture("quadinr", (8, 8), 3, 16, 2, precision=Precision(weight_code=code))
        for code in ("uniform", "ternary")
    )
    with pytest.raises(InputError, match="but max_dsp is 8"):
        plan(plain, wish, VCU128)
    folding = plan(ternary, wish, VCU128)
    assert folding is not None
    parts = network_cost(layer_shapes(ternary), folding, "raster")
    assert parts["layer1"].dsp == parts["layer2"].dsp == 0 < parts["layer3"].dsp
    assert [shape.weight_kind for shape in layer_shapes(ternary)] == ["numbers", "signs", "signs", "numbers"]


@pytest.mark.tools
@pytest.mark.slow
@pytest.mark.parametrize("code", SIGNS)
def test_signs_take_what_the_model_says_and_their_netlist_is_proven(code: str, tmp_path: Path) -> None:
    architecture = coded(code, "8,8")
    graph = folded(architecture, Folding((Fold(1, 2), Fold(2, 4), Fold(1, 2))))
    artifact = emit(graph, architecture.grid, tmp_path, "core")
    made = synth(artifact.verilog, "core", VCU128, tmp_path)
    parts = graph_cost(graph, architecture.grid, "raster")
    assert parts["layer1_dense"].dsp == 0
    for name in ("dsp", "lut", "ff"):
        found = made.resources[name].value
        assert sum(getattr(part, name) for part in parts.values()) == pytest.approx(found, rel=0.15)
    without = synth(artifact.verilog, "core", VCU128, tmp_path / "without", dsp=False)
    assert without.resources["dsp"].value == 0
    proof = prove(artifact.verilog, made.netlist_json, "core", tmp_path / "proof", deadline_s=60)
    assert proof.status == "proven", proof.reason
