import contextlib
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks_drawn import architectures, network

from inrhw.base.errors import InputError, Overflow
from inrhw.base.types import Phase
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.samples import PIXEL


def differences(net: INR) -> int:
    graph = lower(net)
    got = graph.forward_int(net.architecture.grid.codes())
    graph.o.check(got)
    picture = net.render()
    return int((got.reshape(picture.shape) != picture).sum())


@settings(max_examples=80)
@given(
    architectures,
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.01, 1.0, 30.0]),
    st.sampled_from([0.0, 1.0, 50.0]),
)
def test_the_graph_equals_the_model_to_the_last_bit(
    architecture: Architecture, seed: int, weight_scale: float, bias_scale: float
) -> None:
    assert differences(network(architecture, seed, weight_scale, bias_scale)) == 0


@settings(max_examples=25)
@given(
    st.sampled_from(["quadinr", "siren", "incode"]),
    st.builds(
        Precision,
        weight_bits=st.integers(2, 12),
        last_weight_bits=st.sampled_from([2, 9, 20]),
        activation_bits=st.integers(2, 16),
        phase_bits=st.integers(3, 12),
        mid_rise=st.just(True),
    ),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.01, 1.0, 30.0]),
)
def test_so_it_does_with_mid_rise_values(
    model: str, precision: Precision, seed: int, weight_scale: float
) -> None:
    architecture = Architecture(model, (5, 4), 1, 4, 1, precision=precision)
    assert differences(network(architecture, seed, weight_scale)) == 0
    for node in lower(network(architecture, seed, weight_scale)).nodes.values():
        if isinstance(node, CurveNode):
            # Half a turn on is minus the value.
            turn = np.arange(1 << node.i.element.width)[:, None]
            assert (node.forward_int(turn) == ~np.roll(node.forward_int(turn), len(turn) // 2, 0)).all()


@settings(max_examples=25)
@given(
    st.sampled_from(["quadinr", "siren", "gauss", "relu_pe"]),
    st.builds(
        Precision,
        weight_bits=st.integers(2, 16),
        last_weight_bits=st.sampled_from([2, 9, 20]),
        activation_bits=st.integers(2, 9),
        phase_bits=st.integers(3, 10),
        guard_bits=st.integers(0, 8),
    ),
    st.booleans(),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.01, 1.0, 30.0]),
)
def test_so_it_does_with_addends_that_are_cut(
    model: str, precision: Precision, mid_rise: bool, seed: int, weight_scale: float
) -> None:
    precision = replace(precision, mid_rise=mid_rise and model in ("quadinr", "siren"))
    architecture = Architecture(model, (5, 4), 1, 4, 1, precision=precision)
    with contextlib.suppress(Overflow):
        assert differences(network(architecture, seed, weight_scale)) == 0


def test_the_mean_of_what_is_cut_is_in_the_bias(architecture: Architecture) -> None:
    a, b = (
        lower(INR(replace(architecture, precision=Precision(guard_bits=bits))).quantized()).nodes[
            "layer1_dense"
        ]
        for bits in (2, None)
    )
    assert isinstance(a, Dense) and isinstance(b, Dense)
    x = np.random.default_rng(0).integers(a.i.element.lo, a.i.element.hi + 1, (20_000, a.i.length))
    turn = 1 << a.frac
    # The signed distance of two phases, in units of the last place.
    distance = (a.forward_int(x) - b.forward_int(x) + turn // 2) % turn - turn // 2
    assert 0.2 < distance.std() < 1
    # The bias has a quarter of a unit as its last place.
    assert abs(distance.mean(axis=0)).max() < 1 / 8 + 0.02


@pytest.mark.parametrize(
    ("model", "quantizer", "message"),
    [
        ("gauss", "uniform", "odd function of a phase"),
        ("relu_pe", "uniform", "odd function of a phase"),
        ("siren", "dhq", "rotated"),
    ],
)
def test_mid_rise_values_of_others_are_refused(model: str, quantizer: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"mid_rise needs .*{message}"):
        Architecture(model, (5, 4), 1, precision=Precision(mid_rise=True, quantizer=quantizer))


@settings(max_examples=30)
@given(architectures, st.integers(0, 1000))
def test_every_edge_holds_what_flows_through_it(architecture: Architecture, seed: int) -> None:
    graph = lower(network(architecture, seed))
    codes = architecture.grid.codes()
    for name, x, y in graph.trace(codes):
        graph.nodes[name].i.check(x)
        graph.nodes[name].o.check(y)


def test_the_graph_goes_from_coordinates_to_pixels(architecture: Architecture) -> None:
    graph = lower(INR(architecture).quantized())
    assert graph.i == architecture.grid.vector
    assert graph.o.element == PIXEL
    assert list(graph.nodes) == [
        "layer0_dense",
        "layer0_quadratic",
        "layer1_dense",
        "layer1_quadratic",
        "layer2_dense",
        "pixel",
    ]
    dense = graph.nodes["layer0_dense"]
    assert isinstance(dense, Dense)
    assert dense.o.element == Phase(architecture.phase_bits)
    assert all(a.o == b.i for a, b in pairwise(graph.nodes.values()))


def test_lowering_changes_nothing_and_repeats(architecture: Architecture) -> None:
    net = INR(architecture).quantized()
    a, b = lower(net), lower(net)
    assert all(parameter.dtype == torch.float32 for parameter in net.parameters())
    codes = architecture.grid.codes()
    assert (a.forward_int(codes) == b.forward_int(codes)).all()


def test_a_float_model_is_refused(architecture: Architecture) -> None:
    with pytest.raises(InputError, match="only a quantized model can be lowered"):
        lower(INR(architecture))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_is_refused(architecture: Architecture, bad: float) -> None:
    net = INR(architecture).quantized()
    with torch.no_grad():
        net.state_dict()["layers.0.weight"][0, 0] = bad
    with pytest.raises(InputError, match=r"layers\.0\.weight of the model holds NaN"):
        lower(net)


def test_the_widest_network_is_exact() -> None:
    """Overflow is out of reach for weights that training gives."""
    precision = Precision(16, 16, 16, 16, 12)
    architecture = Architecture("siren", (9, 7), 3, hidden_features=256, hidden_layers=0, precision=precision)
    assert differences(network(architecture, 0)) == 0


@pytest.mark.parametrize("model", sorted(activations()))
def test_sums_that_float64_cannot_hold_are_refused(model: str) -> None:
    architecture = Architecture(model, (5, 4), 1, hidden_features=2, precision=Precision(16, 16, 16, 16, 12))
    with pytest.raises(Overflow, match=r"2\*\*52"):
        lower(network(architecture, 0, bias_scale=1e8))


@pytest.mark.parametrize("bias_scale", [1e2, 1e4, 1e6, 1e8])
def test_many_turns_are_exact_or_refused(bias_scale: float) -> None:
    for seed in range(10):
        precision = Precision(2, 2, 2, 16, 12)
        net = network(Architecture("quadinr", (9, 7), 1, 6, 1, precision=precision), seed, 1.0, bias_scale)
        try:
            assert differences(net) == 0
        except Overflow:
            continue


#: Around the bound on sums, and up to the ends of float32, which the weights live in.
extremes = st.one_of(st.integers(-20, 20), st.integers(20, 60), st.integers(-149, 127)).map(lambda k: 2.0**k)
factors = st.tuples(extremes | st.just(0.0), st.just(1.0) | extremes, extremes | st.just(0.0))


@settings(max_examples=80)
@given(architectures, st.integers(0, 1000), st.lists(factors, min_size=1, max_size=3))
def test_extreme_weights_are_exact_or_refused(
    architecture: Architecture, seed: int, scales: list[tuple[float, float, float]]
) -> None:
    """No network, however badly trained, becomes other pixels in silence."""
    net = INR(architecture, seed)
    *hidden, last = net.dense_layers()
    with torch.no_grad():
        # Mostly the last layer stays, so that not every pixel is black or white.
        for layer, (weights, first_row, biases) in zip((*hidden, last), scales, strict=False):
            layer.weight.mul_(weights)
            layer.weight[0] *= first_row
            layer.bias.mul_(biases)
            layer.weight.nan_to_num_()
    with contextlib.suppress(Overflow):
        assert differences(net.quantized()) == 0


def test_a_neuron_that_hardly_matters_does_not_stop_the_others(architecture: Architecture) -> None:
    net = INR(architecture).quantized()
    with torch.no_grad():
        net.state_dict()["layers.0.weight"][0] *= 1e-15
    assert differences(net) == 0
