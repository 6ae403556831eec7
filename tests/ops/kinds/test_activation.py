"""Every activation through the whole flow, without naming one."""

import dataclasses
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
import torch
from support.simulate import assert_contract

from inrhw.artifact.artifact import emit
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.lowering.folding import Folding, fold, folding_of
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations, implementations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db
from inrhw.verification.bench import TESTS, run_bench

MODELS = pytest.mark.parametrize("model", sorted(activations()))
SIZE = 16


def tiny(model: str, size: int = 6) -> tuple[Picture, Architecture]:
    """Return a smooth picture and a network for it."""
    u, v = np.meshgrid(*[np.linspace(-1, 1, size)] * 2)
    values = np.stack(
        [127.5 + 100 * np.sin(3 * u + 2 * v), 200 * np.exp(-3 * (u**2 + v**2)), 120 + 90 * u], -1
    )
    architecture = Architecture(model, (size, size), 3, 6, 1, precision=Precision(8, 8, 8, max_row_shift=1))
    return Picture("tiny", values.astype(np.uint8)), architecture


def some_folding(graph: Graph, weights: str) -> Folding:
    """Return a folding of a network from `tiny`."""
    n_layers = sum(isinstance(node, Dense) for node in graph.nodes.values())
    return Folding((Fold(2, 2), *[Fold(3, 2)] * (n_layers - 2), Fold(1, 3)), weights)


@MODELS
def test_training_learns_and_the_integers_are_the_networks(model: str) -> None:
    picture, architecture = tiny(model, SIZE)
    architecture = dataclasses.replace(architecture, hidden_features=16)
    fitted = fit(picture, architecture, Training(steps=200))
    start = psnr_db(picture.values, INR(architecture).render())
    assert psnr_db(picture.values, fitted.float_model.render()) > start + 3
    assert psnr_db(picture.values, fitted.model.render()) > start + 2
    pixels = lower(fitted.model).forward_int(architecture.grid.codes())
    assert (pixels.reshape(SIZE, SIZE, 3) == fitted.model.render()).all()


@MODELS
def test_the_gradient_passes_the_quantized_activation_as_the_plain_one(model: str) -> None:
    """At arguments and values that need hardly any rounding, both have the same slope."""
    plain, quantized = activations()[model](), activations()[model]()
    quantized.quantize(12, 16)
    element = quantized.argument
    assert element is not None
    # Away from the range's ends and from corners.
    codes = np.random.default_rng(0).integers(element.lo + 9, element.hi - 9, 200)
    x, y = (torch.tensor(codes * 2.0**-element.frac, requires_grad=True) for _ in range(2))
    plain(x).sum().backward()
    quantized(y).sum().backward()
    assert x.grad is not None and y.grad is not None
    assert y.grad.abs().max() > 0.1
    torch.testing.assert_close(y.grad, x.grad, rtol=0.01, atol=0.1)


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in sorted(activations()) for name in implementations(model)]
)
def test_a_network_equals_its_integers_whatever_computes_the_activation(model: str, name: str) -> None:
    architecture = dataclasses.replace(tiny(model)[1], activation_impl=name)
    network = INR(architecture).quantized()
    graph = lower(network)
    assert implementations(model)[name] in map(type, graph.nodes.values())
    pixels = graph.forward_int(architecture.grid.codes())
    assert (pixels.reshape(6, 6, 3) == network.render()).all()


@pytest.mark.parametrize("name", ["sine_cordic", "sine_interpolated"])
def test_an_approximation_is_its_own_reference_with_the_functions_gradient(name: str) -> None:
    activation = activations()["siren"]()
    activation.quantize(10, 10, implementations("siren")[name])
    codes = np.arange(-1024, 1024)
    x = torch.tensor(codes / 1024, dtype=torch.float64, requires_grad=True)
    y = activation(x)
    y.sum().backward()
    expected = activation.node(Vector(Phase(10), 1)).forward_int(codes[:, None] % 1024)[:, 0]
    assert (y.detach().numpy() * 512 == expected).all()
    assert (np.abs(expected - 512 * np.sin(2 * np.pi * codes / 1024)) > 0.5).any()
    inside = np.abs(expected) < 511
    slope = 2 * np.pi * np.cos(2 * np.pi * codes / 1024)
    assert x.grad is not None
    assert np.abs(x.grad.numpy() - slope)[inside].max() < 1e-9


def test_an_implementation_that_rounds_exactly_needs_no_reference_of_its_own() -> None:
    activation = activations()["quadinr"]()
    activation.quantize(9, 8, implementations("quadinr")["quadratic_squarer"])
    assert activation.approximation is None


@MODELS
def test_only_arguments_that_do_not_wrap_are_clamped(model: str) -> None:
    net = INR(tiny(model)[1]).quantized()
    graph = lower(net)
    clamps = {
        f"layer{k}_clamp": activation.argument
        for k, activation in enumerate(net.hidden_activations())
        if isinstance(activation.argument, Fixed) and activation.clamped
    }
    found = {name: node.o.element for name, node in graph.nodes.items() if name.endswith("_clamp")}
    assert found == clamps


@pytest.mark.parametrize(
    ("model", "weights"), list(zip(sorted(activations()), cycle(["rom", "loadable"]), strict=False))
)
def test_a_folded_network_is_the_same_and_its_circuit_too(model: str, weights: str) -> None:
    _, architecture = tiny(model)
    graph = lower(INR(architecture).quantized())
    folding = some_folding(graph, weights)
    folded = fold(graph, folding, architecture.precision)
    codes = architecture.grid.codes()
    assert (folded.forward_int(codes) == graph.forward_int(codes)).all()
    assert not any(isinstance(node, Dense) for node in folded.nodes.values())
    assert folding_of(folded) == folding
    assert_contract(folded, codes[:12], gaps=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "source", "weights"),
    list(zip(sorted(activations()), cycle(["raster", "stream"]), cycle(["baked", "rom", "loadable"]))),
)
def test_a_trained_networks_verilog_shows_its_picture(
    model: str, source: str, weights: str, tmp_path: Path
) -> None:
    picture, architecture = tiny(model)
    fitted = fit(picture, architecture, Training(steps=20))
    graph = lower(fitted.model)
    if weights != "baked":
        graph = fold(graph, some_folding(graph, weights), architecture.precision)
    artifact = emit(graph, architecture.grid, tmp_path / "core", "core", source=source)
    with np.load(artifact.folder / "vectors.npz") as vectors:
        assert (vectors["pixels"].reshape(6, 6, 3) == fitted.model.render()).all()
    results = run_bench("verilator", [artifact.verilog], artifact.folder, tmp_path / "work")
    assert len(results) >= len(TESTS)
    assert all(result.passed for result in results), [result.message for result in results]
