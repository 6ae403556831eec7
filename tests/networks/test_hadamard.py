"""DHQ: what is quantized in a rotated domain is the same function, and the hardware's to the last bit."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from support.simulate import assert_contract
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed, Vector
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.hadamard import HadamardLayer, widened
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.linear.regroup import Regroup
from inrhw.signals.kinds.picture import Picture

SIDES = ("both", "weights", "activations")


def layer_of(n: int, rows: int = 5, bits: int = 8) -> HadamardLayer:
    layer = HadamardLayer(n, rows, 1.0).double()
    layer.reset(0.3, torch.Generator().manual_seed(n))
    layer.quantize(bits, Fixed(bits, bits - 1), 2)
    return layer


def waves(n: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.sin(torch.randn(500, n, generator=generator, dtype=torch.float64) * 9)


def architecture_of(model: str, n: int = 6, **precision: Any) -> Architecture:
    chosen = Precision(8, 8, 8, 8, 9, 2, **precision)
    return Architecture(model, (6, 5), 3, n, 1, precision=chosen)


def rotated(layer: HadamardLayer, codes: Codes) -> Codes:
    """Return codes of 9 fraction bits as the layer multiplies them."""
    if not layer.rotates_inputs:
        return codes >> 2
    element = layer.input_format
    step = 2 ** (9 - element.frac)
    turned: Codes = (codes @ layer.rotation.matrix() + step // 2) // step
    return turned.clip(element.lo, element.hi)


@pytest.mark.parametrize("what", SIDES)
@pytest.mark.parametrize("n", [1, 3, 8, 20])
def test_with_many_bits_the_rotated_layer_is_the_layer(n: int, what: Any) -> None:
    layer = layer_of(n, bits=16)
    x = waves(n)
    layer.calibrate(x, what)
    assert (layer.rotates_weights, layer.rotates_inputs) == (what != "activations", what != "weights")
    exact = x @ layer.weight.T + layer.bias
    assert (layer(x) - exact).abs().max() < 1e-4 * n


@pytest.mark.parametrize("what", SIDES)
@pytest.mark.parametrize("n", [1, 5, 8, 20, 32])
def test_the_integers_are_the_layers(n: int, what: Any) -> None:
    layer = layer_of(n)
    codes = np.floor(waves(n).numpy() * 127).astype(np.int64) * 4
    x = torch.from_numpy(codes) / 512.0
    layer.calibrate(x.double(), what)
    node = layer.node(Vector(layer.input_format, n), 6, wrap=False)
    expected = np.floor(layer(x.double()).detach().numpy() * 64 + 0.5)
    assert (node.forward_int(rotated(layer, codes)) == expected).all()


def test_calibration_clips_what_is_rare() -> None:
    layer = layer_of(64, bits=4)
    x = waves(64)
    layer.calibrate(x, "both")
    largest = (x @ layer.matrix).abs().max()
    assert largest > layer.input_format.hi * 2.0**-layer.input_format.frac
    assert layer.input_format.width == 4


def test_auto_rotates_outliers_and_leaves_waves_alone() -> None:
    """A wave's values fill their range; beside an outlier's, all others are lost unless they are rotated."""
    layer = layer_of(64, rows=64, bits=6)
    layer.calibrate(waves(64), None)
    assert layer.rotated == "none"
    outlier = torch.full((64,), 0.01, dtype=torch.float64)
    outlier[3] = 1
    layer.calibrate(waves(64) * outlier, None)
    assert layer.rotates_inputs


@pytest.mark.parametrize(
    ("model", "rotate", "layers", "hadamard"),
    [
        *((model, "both", "all", "blocks") for model in sorted(activations())),
        *(("quadinr", rotate, "all", "blocks") for rotate in SIDES),
        ("siren", "both", "hidden", "stored"),
        ("siren", "weights", "last", "blocks"),
    ],
)
def test_a_network_equals_its_integers(model: str, rotate: Any, layers: str, hadamard: str) -> None:
    choices = {"quantizer": "dhq", "rotate": rotate, "rotate_layers": layers, "hadamard": hadamard}
    architecture = architecture_of(model, 12, **choices)
    network = INR(architecture).quantized()
    graph = lower(network)
    transforms = [node for node in graph.nodes.values() if isinstance(node, Fwht)]
    trained = 2 if layers == "all" else 1
    encoded = architecture.encoding is not None and layers != "last"
    assert len(transforms) == (0 if rotate == "weights" else trained + encoded)
    if hadamard == "stored":
        assert transforms[0].rotation.blocks == (12,)
    pixels = graph.forward_int(architecture.grid.codes())
    assert (pixels.reshape(5, 6, 3) == network.render()).all()


@pytest.mark.parametrize("rotate", SIDES)
def test_loadable_memories_hold_rotated_weights(rotate: Any) -> None:
    architecture = architecture_of("siren", 8, quantizer="dhq", rotate=rotate, rotate_layers="all")
    graph = lower(INR(architecture).quantized())
    folding = Folding((Fold(2, 2), Fold(2, 2), Fold(1, 3)), "loadable")
    codes = architecture.grid.codes()
    folded = fold(graph, folding, architecture.precision)
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()


@pytest.mark.parametrize(
    ("n", "pe", "simd", "weights"),
    [(8, 2, 2, "rom"), (20, 5, 4, "loadable"), (7, 2, 2, "loadable"), (6, 3, 6, "rom")],
)
def test_a_folded_network_is_the_same_and_its_circuit_too(n: int, pe: int, simd: int, weights: str) -> None:
    architecture = architecture_of("siren", n, quantizer="dhq", rotate="both", rotate_layers="all")
    graph = lower(INR(architecture).quantized())
    folding = Folding((Fold(pe, 2), Fold(pe, simd), Fold(1, 3)), weights)
    folded = fold(graph, folding, architecture.precision)
    codes = architecture.grid.codes()
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()
    assert_contract(folded, codes[:8], gaps=True)
    own = max(-(-n // pe) * -(-n // simd), 3 * -(-n // 3))
    assert folded.initiation_interval <= own + 1


def test_a_rotation_has_no_more_lanes_than_the_network_needs() -> None:
    architecture = architecture_of("siren", 20, quantizer="dhq", rotate="both", rotate_layers="all")
    graph = lower(INR(architecture).quantized())
    folded = fold(graph, Folding((Fold(5, 2), Fold(5, 4), Fold(1, 3))), architecture.precision)
    assert [node.lanes for node in folded.nodes.values() if isinstance(node, Regroup)] == [1]


def test_what_was_decided_is_saved_with_the_weights(tmp_path_factory: pytest.TempPathFactory) -> None:
    values = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    fitted = fit(
        Picture("noise", values),
        architecture_of("quadinr", 6, quantizer="dhq", rotate="both", rotate_layers="all"),
        Training(steps=30),
    )
    folder = tmp_path_factory.mktemp("fitted")
    fitted.save(folder)
    loaded = Fitted.load(folder)
    assert loaded.model.rotations() == fitted.model.rotations()
    assert loaded.model.rotations()[1].startswith("both to s8.")
    assert (loaded.model.render() == fitted.model.render()).all()


def test_rotating_both_sides_costs_no_bits_of_weights() -> None:
    for what, n in itertools.product(SIDES, (8, 20)):
        layer = layer_of(n)
        layer.calibrate(waves(n), what)
        node = layer.node(Vector(layer.input_format, n), 6, wrap=False)
        own_bits = 8 + layer.max_row_shift
        bits = int(np.abs(node.weight).max()).bit_length() + 1
        assert (bits <= own_bits) if what == "both" else (bits > 8)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"quantizer": "hadamard"}, "quantizer must be one of uniform, dhq, auto, not 'hadamard'"),
        ({"rotate": "nothing"}, "rotate must be one of both, weights, activations"),
        ({"rotate_layers": "0"}, "rotate_layers must be one of all, hidden, last"),
        ({"hadamard": "pad"}, "hadamard must be one of blocks, stored"),
        ({"rotate": "activations", "hadamard": "stored"}, "a stored Hadamard matrix cannot"),
    ],
)
def test_unknown_choices_are_refused(choices: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Precision(**choices)  # type: ignore[arg-type]


@pytest.mark.parametrize(("bits", "more"), [(8, 2), (15, 1), (16, 0), (24, 0)])
def test_values_are_finer_in_front_of_a_rotation_as_far_as_16_bits_go(bits: int, more: int) -> None:
    assert widened(Fixed(bits, bits - 1)) == Fixed(bits + more, bits - 1 + more)


def test_inputs_of_which_no_bit_is_left_are_refused() -> None:
    """As random networks found: one ReLU of 2 bits, whose values are all below a half."""
    precision = Precision(activation_bits=2, quantizer="dhq", rotate="activations")
    net = INR(Architecture("relu_pe", (1, 3), 1, 1, 3, precision=precision)).quantized()
    layers = [each for each in net.layers if isinstance(each, HadamardLayer) and each.rotates_inputs]
    layer = layers[-1]
    layer.rotated_frac.fill_(0)
    with pytest.raises(InputError, match="layer2 has no bit left of its rotated inputs at 2 bits; use more"):
        layer.prepare("layer2", Vector(Fixed(4, 4, signed=False), 1))
