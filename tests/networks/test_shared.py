import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import (
    Architecture,
    activations,
    architecture_from_json,
    architecture_to_json,
)
from inrhw.networks.inr import absorbed
from inrhw.networks.precision import Precision
from inrhw.networks.projection import PROJECTIONS
from inrhw.networks.shared import SharedArchitecture, SharedINR, shared_architectures
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Graph
from inrhw.signals.kinds.picture import Picture

SIZES = ((5, 4), (3, 6), (8, 8))


def pictures_of(*sizes: tuple[int, int], channels: int = 3) -> list[Picture]:
    rng = np.random.default_rng(0)
    return [
        Picture(f"picture_{k}", rng.integers(0, 256, (height, width, channels), dtype=np.uint8))
        for k, (width, height) in enumerate(sizes)
    ]


def architectures(model: str = "quadinr", **options: Any) -> list[SharedArchitecture]:
    options = {"hidden_features": 6, "hidden_layers": 3} | options
    return shared_architectures(pictures_of(*SIZES), model, **options)


def shared(model: str = "quadinr", **options: Any) -> SharedINR:
    """Return networks whose biases and activations are not those of the start."""
    made = SharedINR.of(architectures(model, **options), seed=3)
    with torch.no_grad():
        for value in made.network(0).activation.parameters():
            value.fill_(0.3)
    return made


def layers_of(graph: Graph, k: int) -> dict[str, Any]:
    return {name: node for name, node in graph.nodes.items() if name.startswith(f"layer{k}_")}


def codes(node: Dense) -> tuple[Codes, Codes]:
    return node.weight * 2 ** (20 - node.weight_frac), node.bias


@pytest.mark.parametrize(
    ("projection", "quantizer"),
    [
        *((projection, "uniform") for projection in PROJECTIONS),
        (PROJECTIONS[0], "dhq"),
        (PROJECTIONS[-1], "auto"),
    ],
)
@pytest.mark.parametrize("model", sorted(activations()))
def test_each_picture_equals_its_integers(model: str, projection: str, quantizer: Any) -> None:
    """And what is shared is the same, and what is not has the same structure."""
    made = shared(model, projection=projection, precision=Precision(quantizer=quantizer)).quantized()
    graphs = [lower(network) for network in made]
    for network, graph in zip(made, graphs, strict=True):
        picture = network.render()
        pixels = graph.forward_int(network.architecture.grid.codes())
        assert (pixels.reshape(picture.shape) == picture).all()
    first, *others = graphs
    for other in others:
        assert other.i == first.i
        for (name, a), (own_name, b) in zip(first.nodes.items(), other.nodes.items(), strict=True):
            assert (name, type(a), a.i.length, a.o.length) == (own_name, type(b), b.i.length, b.o.length)
            if isinstance(a, Dense) and isinstance(
                b, Dense
            ):  # in banks its sums have one width; as constants, what they need
                assert (a.i, a.frac, a.wrap) == (b.i, b.frac, b.wrap)
            elif name != "pixel":
                assert a.o == b.o
        for k in made.architecture.shared_layers:
            for name, a in layers_of(first, k).items():
                b = other.nodes[name]
                if isinstance(a, Dense) and isinstance(b, Dense):
                    assert all((x == y).all() for x, y in zip(codes(a), codes(b), strict=True))
                else:
                    assert a == b


def test_shared_layers_are_one_module_and_the_others_are_not() -> None:
    made = shared()
    assert list(made.architecture.shared_layers) == [2, 3]
    for network in list(made)[1:]:
        for place, (own, other) in enumerate(zip(network.layers, made.network(0).layers, strict=True)):
            assert (own is other) == (place in (2, 3))
    assert len(made.layers()) == 3 * 3 + 2


@pytest.mark.parametrize("model", ["relu_pe", "siren"])
def test_parameters_are_counted_once(model: str) -> None:
    made = shared(model, projection="low-rank", rank=2)
    ends = 6 * (2 if model == "siren" else 2 * 3) + 6 + 3 * 6 + 3
    projection = (2 * 6 + 2) + (6 * 2 + 6)
    assert sum(p.numel() for p in made.trained().values()) == 3 * (ends + projection) + 2 * (36 + 6)
    quantized = made.quantized()
    alone = [network.weight_bits() for network in quantized]
    layers = list(quantized.network(0).dense_layers())
    both = sum(layers[k].stored_bits() for k in made.architecture.shared_layers)
    assert quantized.weight_bits() == sum(alone) - 2 * both


def test_networks_that_share_layers_are_absorbed_together() -> None:
    made = SharedINR(shared("incode").double())
    for network, other in zip(made, absorbed(list(made)), strict=True):
        assert not list(other.activation.parameters())
        x = network.coordinates()
        assert torch.allclose(network(x), other(x), rtol=0, atol=1e-9)


def test_quantized_is_a_copy() -> None:
    made = shared()
    before = [network.render() for network in made]
    with torch.no_grad():
        for parameter in made.quantized().parameters():
            parameter.add_(1)
    assert all((network.render() == old).all() for network, old in zip(made, before, strict=True))


def test_a_picture_has_the_same_layers_whichever_share_with_it() -> None:
    whole = SharedINR.of(architectures(), seed=3)
    part = SharedINR.of(architectures()[:2], seed=3)
    for a, b in zip(part, whole, strict=False):
        assert (a.render() == b.render()).all()


@pytest.mark.parametrize("model", ["relu_pe", "siren"])
@pytest.mark.parametrize("scale", [2, 3])
def test_a_larger_rendering_is_the_same_function(model: str, scale: int) -> None:
    made = SharedINR(shared(model, max_scale=3).double())
    for k, (width, height) in enumerate(SIZES):
        large = made.network(k, scale)
        assert large.render().shape == (scale * height, scale * width, 3)
        x = large.coordinates()
        assert torch.allclose(large(x), made.network(k)(x / scale), rtol=0, atol=1e-9)


@pytest.mark.parametrize("model", ["finer", "quadinr"])
def test_a_larger_rendering_changes_only_the_first_layer(model: str) -> None:
    """At a power of two not even its weights: only their step."""
    made = shared(model, max_scale=4).quantized()
    for k in range(len(SIZES)):
        small = lower(made.network(k))
        for scale in (2, 3, 4):
            network = made.network(k, scale)
            large = lower(network)
            pixels = large.forward_int(network.architecture.grid.codes())
            assert (pixels.reshape(network.render().shape) == network.render()).all()
            assert large.i == small.i
            for name in small.nodes:
                if not name.startswith("layer0_") and name.endswith("_dense"):
                    a, b = small.nodes[name], large.nodes[name]
                    assert isinstance(a, Dense)
                    assert isinstance(b, Dense)
                    assert all((x == y).all() for x, y in zip(codes(a), codes(b), strict=True))
            if scale != 3:
                (w, _, frac), (v, _, finer) = (
                    next(n.dense_layers()).quantized() for n in (made.network(k), network)
                )
                assert torch.equal(finer - frac, torch.full_like(frac, int(math.log2(scale))))
                assert torch.equal(v * scale, w)


def test_the_digest_is_of_what_is_shared() -> None:
    made = shared().quantized()
    before = made.digest()
    with torch.no_grad():
        for own in ("0", "1", "4"):
            for value in made.network(1).layers[int(own)].parameters():
                value.add_(1)
    assert made.digest() == before
    with torch.no_grad():
        made.network(1).state_dict()["layers.2.weight"].mul_(1.5)
    assert made.digest() != before
    assert shared(hidden_features=5).quantized().digest() != before


def test_an_architecture_survives_json() -> None:
    for one in architectures(projection="low-rank", max_scale=2):
        assert architecture_from_json(architecture_to_json(one), SharedArchitecture) == one


def test_coordinates_and_encodings_are_alike_for_all_sizes() -> None:
    for model in ("relu_pe", "quadinr"):
        made = shared_architectures(pictures_of((4, 4), (32, 3)), model, max_scale=2)
        assert made[0].grid.element == made[1].grid.element
        assert made[0].grid.element.frac == 6  # twice 32
        assert made[0].features == made[1].features
        assert made[0].common == made[1].common
    alone = Architecture("relu_pe", (32, 32), 3)
    assert (
        shared_architectures(pictures_of((4, 4), (32, 3)), "relu_pe", max_scale=2)[0].features
        == alone.features
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"projection": "dense"}, "projection must be one of full, low-rank, diagonal, not 'dense'"),
        ({"hidden_widths": "6,5,6"}, "hidden_widths works on a single network; pictures that share layers"),
        ({"rank": 7}, "rank must be from 1 to 6, not 7"),
        ({"rank": -1}, "rank must be from 1 to 6, not -1"),
        ({"hidden_layers": 1}, "hidden_layers must be at least 2, a projection and a shared layer, not 1"),
        ({"max_scale": 0}, "max_scale must be from 1 to 64, not 0"),
        ({"side": 4}, "5x4 samples are too many for a core made for sides of at most 4"),
    ],
)
def test_architectures_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        architectures(**options)
    assert "\n" not in str(caught.value)


def test_pictures_of_different_modes_are_refused() -> None:
    grey = dataclasses.replace(pictures_of((3, 3), channels=1)[0], name="grey")
    with pytest.raises(InputError, match="grey is grey and picture_0 is RGB; pictures on one core must all"):
        shared_architectures([*pictures_of(*SIZES), grey], "siren")


def test_there_must_be_a_picture() -> None:
    with pytest.raises(InputError, match="at least one picture"):
        shared_architectures([], "siren")


@pytest.mark.parametrize(
    ("k", "scale", "message"),
    [
        (-1, 1, "picture must be from 0 to 2, not -1"),
        (3, 1, "picture must be from 0 to 2, not 3"),
        (0, 0, "scale must be from 1 to 2, the max_scale of training, not 0"),
        (0, 3, "scale must be from 1 to 2, the max_scale of training, not 3"),
    ],
)
def test_what_there_is_not_is_refused(k: int, scale: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shared(max_scale=2).network(k, scale)
