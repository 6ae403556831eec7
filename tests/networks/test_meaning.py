"""docs/semantics.md and its pages say all: a model that follows them alone gives the integers of the code."""

from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.kinds_drawn import drawn, file_of
from support.meaning.activations import activation_of
from support.meaning.coordinates import place_in_tile
from support.meaning.encoding import encoding
from support.meaning.hadamard import blocks, rotation
from support.meaning.layers import Stored, neurons
from support.meaning.numbers import Format, finest
from support.meaning.signal import networks, rendered, rendered_in_leaves
from support.meaning.stored import read
from support.meaning.weight_codes import chosen, uniform

from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.core.core import core_over
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.folding import Fold, Folding
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations, implementations
from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.ops.curves.real_gabor import RealGabor
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.registry import weight_codes
from inrhw.ops.rotation import Rotation
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.window import Window

#: Bits of argument and value: fewer and more of one than of the other, and what each polynomial serves.
FORMATS = [(3, 2), (3, 9), (8, 8), (9, 12), (10, 5), (11, 16)]
CIRCUITS = [
    (model, circuit)
    for model in sorted(activations())
    for circuit, cls in implementations(model).items()
    if issubclass(cls, CurveNode)
]
OMEGA_0 = 11.0


def check(seed: int) -> int:
    """Compare the networks of a seed; return how many there are."""
    count = 0
    for each in drawn(seed):
        architecture, tensors = read(each.file, each.picture)
        architecture["scale"] = each.network.architecture.scale
        values = [network.values() for network in networks(architecture, tensors)]
        assert values == [codes.tolist() for codes in each.forward_int()], each
        assert rendered(architecture, values) == each.network.render().ravel().tolist(), each
        count += 1
    return count


def node_of(model: str, circuit: str, bits: int, value_bits: int, *, mid_rise: bool = False) -> CurveNode:
    """Return a circuit of the code."""
    activation = activations()[model](OMEGA_0)
    activation.quantize(bits, value_bits, implementations(model)[circuit], mid_rise=mid_rise)
    assert activation.argument is not None
    node = activation.node(Vector(activation.argument, 1))
    assert isinstance(node, CurveNode)
    return node


@pytest.mark.parametrize(("model", "circuit"), CIRCUITS)
def test_the_page_gives_every_value_of_every_circuit(model: str, circuit: str) -> None:
    for bits, value_bits in FORMATS:
        node = node_of(model, circuit, bits, value_bits)
        own = activation_of(model, circuit, bits, value_bits, middles=False, omega_0=OMEGA_0)
        assert isinstance(node.i.element, Fixed | Phase) and own.frac == node.i.element.frac
        codes = range(node.i.element.lo, node.i.element.hi + 1)
        assert [own(code) for code in codes] == node.outputs().tolist(), (bits, value_bits)


@pytest.mark.parametrize(("model", "circuit"), [("quadinr", "quadratic"), ("siren", "sine")])
def test_the_page_gives_every_mid_rise_value(model: str, circuit: str) -> None:
    for bits, value_bits in FORMATS:
        own = activation_of(model, circuit, bits, value_bits, middles=True, omega_0=OMEGA_0)
        node = node_of(model, circuit, bits, value_bits, mid_rise=True)
        assert [own(code) for code in range(2**bits)] == node.outputs().tolist(), (bits, value_bits)


def test_the_page_gives_the_product_of_two_functions() -> None:
    for bits, value_bits in FORMATS:
        own = activation_of("wire_real", "", bits, value_bits, middles=False, omega_0=OMEGA_0)
        node = RealGabor(Vector(Fixed(bits + 2, bits), 2), Fixed(value_bits, value_bits - 1))
        codes = np.random.default_rng(bits).integers(-(2 << bits), 2 << bits, (500, 2))
        assert [own.values(pair) for pair in codes.tolist()] == node.forward_int(codes).tolist()


@pytest.mark.parametrize(("n", "stored"), [(7, False), (20, False), (12, True), (20, True), (56, True)])
def test_the_page_gives_every_rotation(n: int, stored: bool) -> None:
    own = rotation(blocks(n, stored))
    assert own == (Rotation.stored(n) if stored else Rotation.blocks_of(n)).matrix().tolist()
    assert (np.array(own) == np.array(own).T).all()


def test_the_page_says_what_fits() -> None:
    for width in range(2, 25):
        halves = (1 << width) - 1  # of the largest code and a half
        for twice in (halves - 1, halves, halves + 1, 1, 3):
            for exponent in (-9, 0, 5):
                magnitude = twice * 2.0**exponent
                assert finest(Fraction(magnitude), width) == Fixed.covering(magnitude, width).frac


@pytest.mark.parametrize("name", sorted(weight_codes()))
def test_the_page_gives_the_levels_of_every_weight_code(name: str) -> None:
    rng = np.random.default_rng(0)
    for bits in (2, 3, 5, 8):
        rows = rng.integers(-(8 << bits - 2), (8 << bits - 2) + 1, (20, 4)) / rng.choice([8, 32], (20, 1))
        found = weight_codes()[name].fit(torch.from_numpy(rows), bits)
        round_to = uniform if name == "uniform" else partial(chosen, name)
        assert [round_to([Fraction(w) for w in row], bits) for row in rows.tolist()] == found.tolist()


@pytest.mark.parametrize("rotates", [None, (True, False), (False, True), (True, True)])
def test_the_page_says_which_bits_wide_weights_give_up(rotates: tuple[bool, bool] | None) -> None:
    rng, gave_up = np.random.default_rng(0), 0
    for bits in 4 * (9, *range(17, 25)):
        mid_rise = rotates is None and bool(rng.integers(2))
        x = Fixed(int(rng.integers(8, 25)), 7, mid_rise=mid_rise)
        layer = HadamardLayer(6, 3, 1.5) if rotates else DenseLayer(6, 3, 1.5)
        layer.reset(2.0 ** int(rng.integers(-3, 1)), torch.Generator().manual_seed(bits))
        layer.bias.data.mul_(2.0 ** int(rng.integers(20, 30)))
        layer.quantize(bits, x, 4)
        if isinstance(layer, HadamardLayer):
            layer.rotates.copy_(torch.tensor(rotates))
            layer.rotated_frac.fill_(7)
        format = Format(x.width, x.frac, mid_rise=mid_rise)
        stored = Stored(
            layer.weight.tolist(), layer.bias.tolist(), [1.5], 0.0, [1.0] * 6, bits, 4, "uniform", format
        )
        own = neurons(replace(stored, rotates=rotates or (False, False), rotated_frac=7))
        weight, bias, frac = layer.double().quantized()
        assert [neuron.frac for neuron in own] == frac.tolist()
        assert [neuron.weight for neuron in own] == (weight * 2.0 ** frac[:, None]).tolist()
        assert [neuron.bias for neuron in own] == bias.tolist()
        narrow = neurons(replace(stored, bits=16, rotates=rotates or (False, False), rotated_frac=7))
        gave_up += bits > 16 and own[0].frac - narrow[0].frac < bits - 16
    assert gave_up


def test_the_page_gives_every_encoding() -> None:
    kind = activations()["relu_pe"]
    for axes, longest in [(1, 1), (2, 7), (2, 8), (3, 15), (2, 16), (1, 33), (2, 64)]:
        found = kind.encoding([longest] + [1] * (axes - 1))
        assert found is not None
        assert encoding(axes, longest) == (found.weight.tolist(), found.bias.tolist())


def test_the_page_gives_the_integers_of_every_kind_of_network() -> None:
    assert sum(map(check, range(42))) > 40


@pytest.mark.parametrize(
    ("sides", "tile", "leaves", "patch", "scale"),
    [
        ((12, 10), (8, 8), "011110", (), 1),
        ((12, 10), (8, 8), "11222210110", (), 3),
        ((12, 8), (8, 8), "111111", (2, 4), 1),
        ((7,), (4,), "012", (), 1),
        ((3, 4, 2), (2, 4, 2), "11111111" + "1111", (), 1),
    ],
)
def test_the_page_gives_leaves_of_several_sizes(
    sides: tuple[int, ...], tile: tuple[int, ...], leaves: str, patch: tuple[int, ...], scale: int
) -> None:
    architecture = TiledArchitecture("siren", sides, 3, 3, 1, tile=tile, leaves=leaves, patch=patch)
    network = TiledINR(architecture, seed=2).quantized()
    described, tensors = read(file_of(network))
    described["scale"] = scale
    wanted = network.scaled(scale).render()
    assert rendered_in_leaves(described, tensors) == wanted.ravel().tolist()


@pytest.mark.parametrize("model", ["quadinr", "siren"])
def test_the_page_gives_every_window(model: str) -> None:
    network = INR(Architecture(model, (5, 4), 3, 4, 1), seed=3).quantized()
    (own,) = networks(*read(file_of(network)))
    dense, curve = list(lower(network).nodes.values())[:2]
    assert isinstance(dense, Dense)
    source = WindowSource(dense, network.architecture.grid)
    for window in (source.numbers.whole, Window(-4000, 1234, 77), Window(5000, -8191, 2047)):
        wanted = curve.forward_int(source.forward_int(window))
        assert [own.in_window(x, y) for x, y in window.codes(source.grid).tolist()] == wanted.tolist()


def test_the_page_gives_every_window_over_tiles() -> None:
    sides, tile = (7, 5), (3, 2)
    network = TiledINR(TiledArchitecture("quadinr", sides, 3, 3, 1, tile=tile), seed=3).quantized()
    each = networks(*read(file_of(network)))
    folding = Folding((Fold(1, 2), Fold(1, 3), Fold(1, 3)))
    core = core_over(graph_of([network], folding, 2, window=True), grid_of([network]), window=True)
    assert core.tiled_window
    corner = Window(-8192, 8191, 2047)
    for window in (
        Window.whole(core.grid),
        Window.around(core.grid, zoom=0.6),
        Window(-256, -256, 64),
        corner,
    ):
        found = []
        for place in core.tiled_window.numbers.codes(window).tolist():
            which, (x, y) = place_in_tile(tuple(place), sides, tile, 256)
            values = each[which].in_window(x, y)
            for step in each[which].steps[1:]:
                values = step(values)
            found.append(values)
        assert found == core.in_window(window).tolist()


def test_the_page_gives_the_picture_of_a_build_folder(tmp_path: Path) -> None:
    fitted = fit(
        Picture.builtin("6x5"), Architecture("siren", (6, 5), 3, 4, 1), Training(steps=6, finetune=3)
    )
    fitted.save(tmp_path)
    described, tensors = read((tmp_path / "weights.safetensors").read_bytes())
    values = [network.values() for network in networks(described, tensors)]
    assert rendered(described, values) == np.asarray(Image.open(tmp_path / "quantized.png")).ravel().tolist()


@pytest.mark.slow
def test_the_page_gives_the_integers_of_many_more_networks() -> None:
    assert sum(map(check, range(42, 168))) > 126
