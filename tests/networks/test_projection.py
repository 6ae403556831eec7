from collections.abc import Callable

import numpy as np
import pytest
import torch

from inrhw.base.types import Fixed, Vector
from inrhw.networks.projection import DiagonalLayer, LowRankLayer, between_format
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.dense.node import Dense

X = Fixed(8, 7)


def diagonal() -> DenseLayer:
    layer = DiagonalLayer(5, gain=3.0)
    layer.reset(1.0, torch.Generator().manual_seed(0))
    return layer.double()


def low_rank() -> LowRankLayer:
    layer = LowRankLayer(5, 4, gain=3.0, rank=2)
    generator = torch.Generator().manual_seed(0)
    layer.reset(1.0, generator)
    layer.reset_down(generator)
    return layer.double()


def inputs() -> torch.Tensor:
    return torch.randint(-128, 128, (64, 5), generator=torch.Generator().manual_seed(1)) / 128.0


def test_a_diagonal_projection_scales_each_feature_alone() -> None:
    layer, x = diagonal(), inputs().double()
    expected = 3.0 * (x * layer.weight[:, 0] + layer.bias)
    assert torch.allclose(layer(x), expected, rtol=0, atol=1e-12)
    assert sum(p.numel() for p in layer.parameters()) == 10


def test_a_low_rank_projection_is_two_matrices() -> None:
    layer, x = low_rank(), inputs().double()
    expected = 3.0 * ((x @ layer.down.weight.T + layer.down.bias) @ layer.weight.T + layer.bias)
    assert torch.allclose(layer(x), expected, rtol=0, atol=1e-12)
    assert sum(p.numel() for p in layer.parameters()) == (2 * 5 + 2) + (4 * 2 + 4)


def test_what_is_between_saturates_in_floating_point_as_in_integers() -> None:
    layer, x = low_rank(), inputs().double()
    with torch.no_grad():
        layer.down.weight.mul_(100)
    exact = layer(x)
    layer.quantize(16, X, 4)
    assert (layer(x) - exact).abs().max() < 0.05
    assert exact.abs().max() < 3.0 * (4 * layer.weight.abs().sum(dim=1).max() + layer.bias.abs().max())


@pytest.mark.parametrize("bits", [4, 9])
@pytest.mark.parametrize("make", [diagonal, low_rank])
def test_the_integers_are_the_layers(make: Callable[[], DenseLayer], bits: int) -> None:
    layer = make()
    layer.quantize(bits, X, 2)
    x, frac = inputs().double(), 6
    edge, codes = Vector(X, 5), (inputs() * 128).long().numpy()
    for node in layer.prepare("layer1", edge).values():
        assert node.i == edge
        edge, codes = node.o, node.forward_int(codes)
    assert edge.element == layer.input_format
    expected = np.floor(layer(x).detach().numpy() * 2**frac + 0.5)
    assert (layer.node(edge, frac, wrap=False).forward_int(codes) == expected).all()


def test_a_diagonal_projections_node_is_zero_beside_the_diagonal() -> None:
    layer = diagonal()
    layer.quantize(9, X, 2)
    node = layer.node(Vector(X, 5), 6, wrap=False)
    assert isinstance(node, Dense)
    assert (node.weight != 0).tolist() == np.eye(5, dtype=bool).tolist()


def test_stored_bits_are_those_of_the_parameters() -> None:
    for layer in (diagonal(), low_rank()):
        layer.quantize(9, X, 2)
        with torch.no_grad():
            for name, value in layer.named_parameters():
                value.mul_(0 if "bias" in name else 1)
        biases = sum(value.numel() for name, value in layer.named_parameters() if "bias" in name)
        weights = sum(p.numel() for p in layer.parameters()) - biases
        assert layer.stored_bits() == 9 * weights + biases


@pytest.mark.parametrize(("x_bits", "bits"), [(8, 10), (16, 16), (24, 24)])
def test_what_is_between_has_no_fewer_bits_than_what_comes_in(x_bits: int, bits: int) -> None:
    assert between_format(x_bits).width == bits
