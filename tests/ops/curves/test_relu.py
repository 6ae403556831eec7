from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.curves.relu import Relu, ReluActivation
from inrhw.ops.curves.sine import Sine
from inrhw.ops.linear.dense.node import Dense


def turns_per_unit(size: int) -> list[Fraction]:
    """Return what the formula says of one coordinate: sin(pi c / 2), then sine and cosine of 2^k pi c."""
    frequencies = [Fraction(2**k) for k in range(max(1, int(np.floor(np.log2(size / 4)))))]
    return [Fraction(1, 4), *[f / 2 for f in frequencies for _ in range(2)]]


def first_layer(width: int, height: int) -> Dense:
    net = INR(Architecture("relu_pe", (width, height), 1, hidden_features=1, hidden_layers=0))
    layer = lower(net.quantized()).nodes["layer0_dense"]
    assert isinstance(layer, Dense)
    return layer


def exact_phase(layer: Dense, row: int, u: list[int]) -> Fraction:
    """Return the quantized layer's sum in turns, without the half that rounds."""
    half = 1 << layer.shift >> 1
    total = sum(int(w) * x for w, x in zip(layer.weight[row], u, strict=True)) + int(layer.bias[row]) - half
    return Fraction(total, 2**layer.acc_frac)


def expected_phase(row: int, size: int, centre: tuple[Fraction, Fraction]) -> Fraction:
    turns = turns_per_unit(size)
    axis, k = divmod(row, len(turns))
    cosine = k > 0 and k % 2 == 0
    return turns[k] * centre[axis] + Fraction(int(cosine), 4)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (2, 8), (16, 16), (64, 32), (128, 128), (512, 512), (4096, 2048)]
)
def test_the_encoding_is_exact_where_sides_are_powers_of_two(width: int, height: int) -> None:
    layer = first_layer(width, height)
    assert isinstance(layer.o.element, Phase)
    for u in ([1 - width, 1 - height], [width - 1, 1 - height], [(width - 1) % 2, (height - 1) % 2]):
        centre = (Fraction(u[0], width), Fraction(u[1], height))
        for row in range(layer.o.length):
            assert exact_phase(layer, row, u) == expected_phase(row, max(width, height), centre)


@pytest.mark.parametrize(("width", "height"), [(5, 4), (100, 60), (768, 512), (30, 1000)])
def test_elsewhere_it_is_off_by_less_than_a_part_of_its_highest_phase(width: int, height: int) -> None:
    """A weight of 12 bits is off by at most half its step: a part in 2**11 of the layer's largest."""
    layer = first_layer(width, height)
    size = max(width, height)
    # One unit of u at the end of the shorter side is no pixel, but what weights are measured in.
    largest = turns_per_unit(size)[-1] * size / min(width, height)
    for u in ([1 - width, 1 - height], [width - 1, height - 1]):
        centre = (Fraction(u[0], width), Fraction(u[1], height))
        for row in range(layer.o.length):
            error = exact_phase(layer, row, u) - expected_phase(row, size, centre)
            assert abs(error) <= largest / 2**11


@pytest.mark.parametrize(
    ("size", "features"), [(1, 6), (8, 6), (15, 6), (16, 10), (31, 10), (32, 14), (128, 22), (65536, 58)]
)
def test_frequencies_end_at_a_quarter_of_the_pixels(size: int, features: int) -> None:
    for width, height in ((size, 1), (1, size)):
        encoding = ReluActivation.encoding((width, height))
        assert encoding.weight.shape == (features, 2)
        assert len(encoding.bias) == features


def test_no_two_pixels_have_the_same_encoding() -> None:
    net = INR(Architecture("relu_pe", (16, 8), 1, hidden_features=1, hidden_layers=0)).quantized()
    graph = lower(net)
    phase = graph.nodes["layer0_dense"].forward_int(net.architecture.grid.codes())
    waves = graph.nodes["layer0_sine"].forward_int(phase)
    assert len(np.unique(waves, axis=0)) == 16 * 8


def test_the_graph_is_a_sine_then_relus() -> None:
    graph = lower(INR(Architecture("relu_pe", (16, 8), 3, hidden_features=5, hidden_layers=1)).quantized())
    assert list(graph.nodes) == [
        "layer0_dense",
        "layer0_sine",
        "layer1_dense",
        "layer1_relu",
        "layer2_dense",
        "layer2_relu",
        "layer3_dense",
        "pixel",
    ]
    assert isinstance(graph.nodes["layer0_sine"], Sine)
    assert all(a.o == b.i for a, b in pairwise(graph.nodes.values()))


def test_initial_sums_hardly_reach_the_end_of_the_range() -> None:
    net = INR(Architecture("relu_pe", (32, 32), 3, hidden_features=64, hidden_layers=2))
    seen: list[torch.Tensor] = []
    net.activation.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    net(net.coordinates())
    assert len(seen) == 3
    for sums in seen:
        assert (sums > 1).double().mean() < 1e-3
        assert 0.1 < sums.std() < 0.5


@pytest.mark.parametrize(
    ("i", "element"),
    [
        (Fixed(12, 7), Fixed(8, 8, signed=False)),
        (Fixed(12, 8), Fixed(8, 8)),
        (Fixed(12, 8), Fixed(9, 8, signed=False)),
        (Phase(8), Fixed(8, 8, signed=False)),
    ],
)
def test_formats_of_other_steps_are_refused(i: Fixed | Phase, element: Fixed) -> None:
    with pytest.raises(ValueError, match=r"must be (a vector of )?Fixed"):
        Relu(Vector(i, 1), element)


def test_saturation_is_that_of_the_formula() -> None:
    relu = Relu(Vector(Fixed(7, 3), 1), Fixed(3, 3, signed=False))
    codes = np.arange(-64, 64, dtype=np.int64)
    expected = [min(max(code, 0), 7) for code in codes.tolist()]
    assert relu.forward_int(codes[:, None])[:, 0].tolist() == expected
