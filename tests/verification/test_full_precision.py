"""24 bits, the significand of float32, are exact from torch to the circuit."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.artifact.artifact import emit
from inrhw.base.errors import InputError
from inrhw.base.types import Fixed, Vector
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.ops.curves.sine_cordic import SineCordic
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.signals.kinds.picture import builtin_picture
from inrhw.verification.bench import TESTS, run_bench

PRECISION = Precision(24, 24, 24, 24, 24)
TINY = Architecture("siren", (8, 8), 3, 4, 1, precision=PRECISION, activation_impl="sine_cordic")
FOLDING = Folding((Fold(2, 2), Fold(2, 2), Fold(1, 4)))


@pytest.mark.parametrize("hidden_features", [4, 32, 256])
def test_the_widest_network_equals_its_integers(hidden_features: int) -> None:
    architecture = dataclasses.replace(TINY, hidden_features=hidden_features)
    for seed in range(3):
        network = INR(architecture, seed).quantized()
        pixels = lower(network).forward_int(architecture.grid.codes())
        assert (pixels.reshape(8, 8, 3) == network.render()).all()


@pytest.mark.parametrize("rotate", ["both", "weights", "activations"])
def test_a_rotated_network_equals_its_integers(rotate: Any) -> None:
    """Where one side alone is rotated, the sums are those of weights with the rotation in them."""
    precision = dataclasses.replace(PRECISION, quantizer="dhq", rotate=rotate)
    architecture = dataclasses.replace(TINY, hidden_features=32, precision=precision)
    network = INR(architecture).quantized()
    pixels = lower(network).forward_int(architecture.grid.codes())
    assert (pixels.reshape(8, 8, 3) == network.render()).all()


def test_weights_lose_a_bit_or_two_only_where_float64_needs_it() -> None:
    network = INR(dataclasses.replace(TINY, hidden_features=32)).quantized().double()
    for layer in network.dense_layers():
        weight, _, frac = layer.quantized()
        largest = (weight.abs() * 2.0 ** frac[:, None]).amax(dim=1)
        assert (largest < 2**23).all()
        assert (largest >= 2**20).all()
    # Up to 16 bits none is lost.
    layer.quantize(16, layer.input_format, 4)
    weight, _, frac = layer.quantized()
    assert ((weight.abs() * 2.0 ** frac[:, None]).amax(dim=1) >= 2**14).all()


def test_a_folded_network_is_the_same_and_its_circuit_too() -> None:
    graph = lower(INR(TINY).quantized())
    folded = fold(graph, FOLDING, PRECISION)
    codes = TINY.grid.codes()
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()
    wide = {name: node.wide for name, node in folded.nodes.items() if isinstance(node, FoldedDense)}
    assert wide == {"layer0_dense": False, "layer1_dense": True, "layer2_dense": True}
    assert_contract(folded, codes[:12], gaps=True)


@pytest.mark.parametrize("weight_bits", [10, 18])
def test_a_sum_of_one_dsp_may_have_more_bits_than_its_products(weight_bits: int) -> None:
    """In front of a phase a sum has the bits of the largest shift and of the phase."""
    rng = np.random.default_rng(weight_bits)
    i = Vector(Fixed(24, 23), 4)
    weight = rng.integers(1 - (1 << weight_bits - 1), 1 << weight_bits - 1, (3, 4))
    bias = rng.integers(-(1 << 49), 1 << 49, 3)
    node = FoldedDense.of(Dense(i, weight, 27, bias, 24, True), i, Fold(1, 2))
    assert node.format.sum_width == 50 and not node.wide
    assert_contract(node, rng.integers(i.element.lo, i.element.hi + 1, (20, 4)), gaps=False)


def test_baked_layers_are_circuits_too() -> None:
    graph = lower(INR(dataclasses.replace(TINY, hidden_features=2)).quantized())
    assert sum(isinstance(node, Dense) for node in graph.nodes.values()) == 3
    assert_contract(graph, TINY.grid.codes()[:12], gaps=True)


def test_the_planner_knows_that_multipliers_are_two_blocks() -> None:
    folded = fold(lower(INR(TINY).quantized()), FOLDING, PRECISION)
    nodes = [node for node in folded.nodes.values() if isinstance(node, FoldedDense)]
    for node, shape in zip(nodes, layer_shapes(TINY), strict=True):
        assert shape.is_wide(node.format.sum_width) == node.wide


def test_loadable_weights_are_refused_in_one_sentence() -> None:
    graph = lower(INR(TINY).quantized())
    with pytest.raises(InputError, match=r"loadable weights are for .* of at most 16 bits; wider .* rom"):
        fold(graph, dataclasses.replace(FOLDING, weights="loadable"), PRECISION)


def test_all_that_compute_one_curve_share_its_outputs() -> None:
    """A table of 2**24 entries is there once, however many layers and copies a network has."""
    network = INR(TINY).quantized()
    node = network.activation.approximation
    assert isinstance(node, SineCordic)
    assert not list(network.activation.buffers())


@pytest.mark.slow
def test_a_trained_networks_verilog_shows_its_picture(tmp_path: Path) -> None:
    picture = builtin_picture((8, 8))
    fitted = fit(picture, TINY, Training(steps=20))
    graph = fold(lower(fitted.model), FOLDING, PRECISION)
    artifact = emit(graph, TINY.grid, tmp_path / "core", "core", source="raster")
    with np.load(artifact.folder / "vectors.npz") as vectors:
        assert (vectors["pixels"].reshape(8, 8, 3) == fitted.model.render()).all()
    results = run_bench("verilator", [artifact.verilog], artifact.folder, tmp_path / "work")
    assert len(results) >= len(TESTS)
    assert all(result.passed for result in results), [result.message for result in results]
