import copy
import dataclasses
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.settings import fields_of
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import (
    Architecture,
    activations,
    architecture_from_json,
    architecture_to_json,
)
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tensors import load_tensors, restore, save_tensors
from inrhw.ops.curves.sine import Sine
from inrhw.signals.likeness import psnr_db

Floats = NDArray[np.float64]


def quadinr(x: Floats) -> Floats:
    """phi of the paper, on one period."""
    x = (x + 2) % 4 - 2
    return np.where(x <= 0, x * x + 2 * x, -x * x + 2 * x)


OMEGA_0 = 7.0

#: As published, of omega_0 (W x + b).
PAPERS: dict[str, Callable[[Floats], Floats]] = {
    "finer": lambda x: np.sin((np.abs(x / OMEGA_0) + 1) * x),
    "gauss": lambda x: np.exp(-(x**2)),
    "incode": np.sin,  # at the start of training
    "quadinr": quadinr,
    "relu_pe": lambda x: np.clip(x, 0, 1),
    "sinc": lambda x: np.sin(x) / x,
    "siren": np.sin,
    "wire": lambda x: np.cos(x) * np.exp(-((x / 2) ** 2)),
    "wire_real": lambda x: np.cos(x[:, 0::2]) * np.exp(-((x[:, 1::2] / 2) ** 2)),
}


def encoded(model: str, coordinates: Floats) -> Floats:
    """What the first trained layer sees of coordinates from -1 to 1, in a picture with sides below 16."""
    if model != "relu_pe":
        return coordinates
    c = np.pi * coordinates
    waves = np.stack([np.sin(c / 2), np.sin(c), np.cos(c)], axis=-1)  # [pixels, x and y, waves]
    return waves.reshape(len(waves), 6)


def test_every_activation_is_known_by_a_name_of_its_own() -> None:
    known = activations()
    assert set(known) == set(PAPERS)
    assert all(cls.model_name == name for name, cls in known.items())


@pytest.mark.parametrize("model", PAPERS)
@pytest.mark.parametrize("hidden_layers", [0, 1, 2])
def test_the_network_is_the_papers(model: str, hidden_layers: int) -> None:
    """f(omega_0 (W x + b)) in every layer, of coordinates from -1 to 1, then a linear layer in pixels."""
    architecture = Architecture(
        model, (5, 3), 3, hidden_features=4, hidden_layers=hidden_layers, omega_0=OMEGA_0
    )
    net = INR(architecture, seed=1).double()
    x = [[(2 * c + 1) / 5 - 1, (2 * r + 1) / 3 - 1] for r in range(3) for c in range(5)]
    h = encoded(model, np.array(x))
    *hidden, last = [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy())
        for layer in net.dense_layers()
        if layer.weight.requires_grad
    ]
    assert len(hidden) == 1 + hidden_layers
    for weight, bias in hidden:
        h = PAPERS[model](OMEGA_0 * (h @ weight.T + bias))
    expected = 127.5 * (h @ last[0].T + last[1]) + 127.5
    got = net(net.coordinates()).detach().numpy()
    assert np.allclose(got, expected, rtol=0, atol=1e-9)
    pixels = np.clip(np.floor(expected + 0.5), 0, 255).reshape(3, 5, 3)
    assert (net.render() == pixels).all()


@pytest.mark.parametrize("model", PAPERS)
def test_omega_0_defaults_to_the_activations(model: str) -> None:
    architecture = Architecture(model, (5, 3), 3)
    assert architecture.omega_0 == activations()[model].default_omega_0


def test_widths_that_differ_are_those_of_the_layers() -> None:
    differing = Architecture("siren", (5, 3), 3, hidden_widths="8, 4,6")
    assert differing.features == [2, 8, 4, 6, 3]
    assert [layer.weight.shape for layer in INR(differing).dense_layers()] == [(8, 2), (4, 8), (6, 4), (3, 6)]
    assert architecture_from_json(architecture_to_json(differing)) == differing


def test_equal_widths_are_said_in_one_way() -> None:
    assert Architecture("siren", (5, 3), 3, hidden_widths="8,8") == Architecture("siren", (5, 3), 3, 8, 1)


@pytest.mark.parametrize("widths", ["8,", "8x4", "0,4", "257", ",".join(["4"] * 18)])
def test_widths_that_cannot_be_are_one_sentence(widths: str) -> None:
    with pytest.raises(
        InputError, match="hidden_widths must be 1 to 17 numbers from 1 to 256, such as 64,32"
    ):
        Architecture("siren", (5, 3), 3, hidden_widths=widths)


@pytest.mark.parametrize(("sides", "bits"), [((9,), 16), ((9, 9), 12), ((9, 9, 9), 12)])
def test_first_weights_of_one_axis_are_finer(sides: tuple[int, ...], bits: int) -> None:
    assert Architecture("siren", sides, 1).precision.first_weight_bits == bits
    assert Architecture("siren", sides, 1, precision=Precision(first_weight_bits=7)).first_weight_bits == 7


@pytest.mark.parametrize("model", ["finer", "incode", "siren"])
def test_initial_weights_are_bounded_as_sirens(model: str) -> None:
    net = INR(Architecture(model, (8, 8), 3, hidden_features=32, hidden_layers=1))
    first, hidden, _ = (layer.weight.detach().abs().max().item() for layer in net.dense_layers())
    assert 0.9 / 2 < first <= 1 / 2
    assert 0.9 * math.sqrt(6 / 32) / 30 < hidden <= math.sqrt(6 / 32) / 30


@pytest.mark.parametrize("model", ["gauss", "sinc", "wire"])
def test_activations_that_fade_start_with_torchs_weights(model: str) -> None:
    net = INR(Architecture(model, (8, 8), 3, hidden_features=32, hidden_layers=1))
    first, hidden, _ = (layer.weight.detach().abs().max().item() for layer in net.dense_layers())
    assert 0.9 / math.sqrt(2) < first <= 1 / math.sqrt(2)
    assert 0.9 / math.sqrt(32) < hidden <= 1 / math.sqrt(32)


def test_the_seed_decides_the_weights(architecture: Architecture) -> None:
    a, b, c = (INR(architecture, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)


def test_quantized_is_a_copy(architecture: Architecture) -> None:
    net = INR(architecture)
    before = net.render()
    quantized = net.quantized()
    with torch.no_grad():
        for parameter in quantized.parameters():
            parameter.add_(1)
    assert (net.render() == before).all()


def test_quantized_values_have_the_architectures_bits() -> None:
    precision = Precision(
        weight_bits=5, first_weight_bits=6, last_weight_bits=6, activation_bits=4, phase_bits=7
    )
    net = INR(
        Architecture("siren", (5, 3), 1, hidden_features=8, hidden_layers=1, precision=precision)
    ).quantized()
    net = net.double()
    seen: list[torch.Tensor] = []
    net.activation.register_forward_hook(lambda module, args, output: seen.append(output))
    net(net.coordinates())
    assert len(seen) == 2
    for values in seen:
        codes = values * 2.0**3
        assert torch.equal(codes, codes.round())
        assert codes.abs().max() <= 7
    for layer, bits in zip(net.dense_layers(), (6, 5, 6), strict=True):
        weight, bias, frac = layer.quantized()
        codes = weight * 2.0 ** frac[:, None]
        assert torch.equal(codes, codes.round())
        assert (codes.abs().amax(dim=1) >= 2 ** (bits - 2)).all()
        assert codes.min() >= -(2 ** (bits - 1))
        assert codes.max() < 2 ** (bits - 1)
        sums = bias * 2.0 ** (frac + layer.input_format.frac)
        assert torch.equal(sums, sums.round())


def with_parameters(architecture: Architecture) -> INR:
    """Return a network whose activation has left its initial parameters."""
    net = INR(architecture, seed=2)
    with torch.no_grad():
        for parameter, value in zip(net.activation.parameters(), (0.3, -0.2, 1.1, -0.4), strict=True):
            parameter.fill_(value)
    return net


@pytest.mark.parametrize("hidden_layers", [0, 2])
def test_incode_is_the_papers_and_its_absorbed_network_the_same_function(hidden_layers: int) -> None:
    net = with_parameters(Architecture("incode", (5, 3), 3, 4, hidden_layers, omega_0=OMEGA_0)).double()
    a, b, c, d = (parameter.item() for parameter in net.activation.parameters())
    h = net.coordinates().numpy() * np.array(net.architecture.grid.scale)
    *hidden, last = [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in net.dense_layers()
    ]
    for weight, bias in hidden:
        h = np.exp(a) * np.sin(np.exp(b) * OMEGA_0 * (h @ weight.T + bias) + c) + d
    expected = 127.5 * (h @ last[0].T + last[1]) + 127.5
    absorbed = net.absorbed()
    assert not list(absorbed.activation.parameters())
    for model in (net, absorbed):
        assert np.allclose(model(model.coordinates()).detach().numpy(), expected, rtol=0, atol=1e-9)


def test_a_quantized_incode_is_a_siren_of_other_weights() -> None:
    architecture = Architecture("incode", (8, 8), 3, 16, 1, precision=Precision(16, 16, 16, 16, 12))
    net = with_parameters(architecture)
    siren = INR(dataclasses.replace(architecture, model="siren"))
    quantized = net.quantized()
    siren.load_state_dict(quantized.state_dict())
    assert (siren.quantized().render() == quantized.render()).all()
    assert psnr_db(net.render(), quantized.render()) > 40


@pytest.mark.parametrize("model", PAPERS)
def test_absorbed_and_quantized_leave_the_model_as_it_was(model: str) -> None:
    net = INR(Architecture(model, (5, 3), 1, hidden_features=4))
    before = copy.deepcopy(net.state_dict())
    assert net.quantized().activation.argument is not None
    assert net.absorbed().activation is not net.activation
    assert net.activation.argument is None
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_an_encoding_is_neither_trained_nor_counted() -> None:
    net = INR(Architecture("relu_pe", (5, 3), 1, hidden_features=4, hidden_layers=0)).quantized()
    assert net.architecture.features == [2, 6, 4, 1]
    assert set(net.trained()) == {f"layers.{k}.{name}" for k in (1, 2) for name in ("weight", "bias")}
    before = net.weight_bits()
    with torch.no_grad():
        net.state_dict()["layers.0.weight"].mul_(1000)
    assert net.weight_bits() == before


def test_render_leaves_the_model_as_it_was(architecture: Architecture) -> None:
    net = INR(architecture).train()
    net.render()
    assert net.training
    assert all(parameter.dtype == torch.float32 for parameter in net.parameters())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_check_finite_names_the_weight(architecture: Architecture, bad: float) -> None:
    net = INR(architecture)
    net.check_finite()
    with torch.no_grad():
        net.state_dict()["layers.1.bias"][2] = bad
    with pytest.raises(InputError, match=r"layers\.1\.bias of the model holds NaN or infinity"):
        net.check_finite()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "mlp"}, r"model must be one of .*quadinr, .*siren.*, not 'mlp'"),
        ({"hidden_features": 0}, "hidden_features must be a whole number from 1 to 256"),
        ({"hidden_features": 257}, "hidden_features must be a whole number from 1 to 256"),
        ({"hidden_layers": -1}, "hidden_layers must be a whole number from 0 to 16"),
        ({"hidden_layers": 17}, "hidden_layers must be a whole number from 0 to 16"),
        ({"hidden_features": 2.5}, "hidden_features must be a whole number, not 2.5"),
        ({"precision": 8}, "precision must be Precision, not 8"),
        ({"sides": "4x4"}, "sides must be a list, each a whole number, not '4x4'"),
        ({"sides": ()}, "a signal has 1 to 3 axes, not 0"),
        ({"sides": (0, 4)}, "an axis must have 1 to 65536 samples, not 0"),
        ({"sides": (4, -1)}, "an axis must have 1 to 65536 samples, not -1"),
        ({"sides": (10**9, 4)}, "an axis must have 1 to 65536 samples, not 1000000000"),
        ({"channels": 9}, "channels must be from 1 to 8, not 9"),
        ({"omega_0": 0.0}, "omega_0 must be a number from 0.001 to 1000"),
        ({"omega_0": math.nan}, "omega_0 must be a number from 0.001 to 1000"),
        ({"omega_0": 1001.0}, "omega_0 must be a number from 0.001 to 1000"),
    ],
)
def test_architectures_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Architecture(**{"model": "siren", "sides": (4, 4), "channels": 3, **change})


@pytest.mark.parametrize("field", [field.name for field in fields_of(Precision) if field.kind is int])
def test_precisions_are_checked(field: str) -> None:
    others = {"phase_bits": (3, 24), "max_row_shift": (0, 4), "guard_bits": (0, 8)}
    least, most = others.get(field, (2, 24))
    for bits in (least, most):
        Precision(**{field: bits})  # type: ignore[arg-type]
    for bad in (least - 1, most + 1, 8.0, "8"):
        with pytest.raises(
            InputError, match=f"{field} must be a whole number from {least} to {most}, not {bad!r}"
        ):
            Precision(**{field: bad})  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", [{"rotate": "both"}, {"rotate_layers": "all"}, {"hadamard": "stored"}])
def test_rotations_need_a_quantizer_that_rotates(setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(InputError, match=f"{name} changes nothing with quantizer uniform; leave it out, or"):
        Precision(**setting).check_rotation()
    Precision(quantizer="dhq", **setting).check_rotation()


def test_the_weights_bits_are_all_counted() -> None:
    """The bias of each layer is as wide as its largest code needs."""
    precision = Precision(
        weight_bits=5, first_weight_bits=6, last_weight_bits=6, activation_bits=4, phase_bits=7
    )
    net = INR(Architecture("siren", (5, 3), 1, hidden_features=8, hidden_layers=1, precision=precision))
    with torch.no_grad():
        for layer, bias in zip(net.dense_layers(), (0.0, -1.0, 1.0), strict=True):
            layer.weight.fill_(0.9 / layer.gains[0] / layer.scale[0])
            layer.bias.fill_((bias - layer.offset) / layer.gains[0])
    # 0.9 leaves a weight all but its sign as fraction bits; the biases' codes are 0, -2**(4 + 3), 2**(5 + 3).
    expected = 8 * (2 * 6 + 1) + 8 * (8 * 5 + 8) + (8 * 6 + 9)
    assert net.quantized().weight_bits() == expected


def test_with_one_step_a_layer_all_rows_share_it() -> None:
    net = INR(
        Architecture("siren", (5, 3), 1, hidden_features=8, precision=Precision(max_row_shift=0))
    ).quantized()
    for layer in net.dense_layers():
        assert len(set(layer.quantized()[2].tolist())) == 1


def test_an_architecture_survives_json() -> None:
    architecture = Architecture("siren", (7, 9), 1, 5, 3, 11.5, Precision(4, 5, 5, 6, 7, 0))
    assert architecture_from_json(architecture_to_json(architecture)) == architecture


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"precision": {}}', '{"model": [], "precision": {}}', '{"precision": 1}'],
)
def test_a_damaged_description_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="description of the network is damaged"):
        architecture_from_json(text)


def test_unknown_fields_are_refused(architecture: Architecture) -> None:
    fields = json.loads(architecture_to_json(architecture)) | {"surprise": 1}
    with pytest.raises(InputError, match="surprise"):
        architecture_from_json(json.dumps(fields))


def test_tensors_survive_a_file(architecture: Architecture, tmp_path: Path) -> None:
    net, other = INR(architecture, 1), INR(architecture, 2)
    path = tmp_path / os.fsdecode(b"not UTF-8 \xff.safetensors")
    save_tensors(path, net.state_dict(), {"key": "value"})
    tensors, metadata = load_tensors(path)
    assert metadata == {"key": "value"}
    restore(other, tensors, path)
    assert (other.render() == net.render()).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.safetensors does not exist; run `inrhw fit` first"):
        load_tensors(tmp_path / "a.safetensors")


@pytest.mark.parametrize("data", [b"", b"garbage", b"\xff" * 100, b"\x80\x02csignal\nraise_signal\n"])
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.safetensors is not a readable checkpoint"):
        load_tensors(path)


def test_weights_of_another_network_are_refused(architecture: Architecture, tmp_path: Path) -> None:
    other = INR(dataclasses.replace(architecture, hidden_features=5))
    with pytest.raises(InputError, match="does not fit the network") as caught:
        restore(INR(architecture), other.state_dict(), tmp_path / "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("quantizer", ["uniform", "dhq", "auto"])
def test_nan_is_named_before_anything_is_rounded(architecture: Architecture, quantizer: Any) -> None:
    model = INR(dataclasses.replace(architecture, precision=Precision(quantizer=quantizer)))
    with torch.no_grad():
        list(model.dense_layers())[1].weight[0, 0] = math.nan
    with pytest.raises(InputError, match=r"layers\.1\.\w+ of the model holds NaN or infinity"):
        model.quantized()


def test_nan_weights_are_refused(architecture: Architecture, tmp_path: Path) -> None:
    tensors = INR(architecture).state_dict()
    tensors["layers.0.weight"][0, 0] = math.nan
    with pytest.raises(InputError, match="NaN"):
        restore(INR(architecture), tensors, tmp_path / "a")


@pytest.mark.parametrize("model", ["relu_pe", "siren", "incode"])
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_larger_rendering_is_the_same_function(model: str, scale: int) -> None:
    network = INR(Architecture(model, (5, 4), 3, 6, 1), seed=1).double()
    large = network.scaled(scale)
    assert large.render().shape == (scale * 4, scale * 5, 3)
    grid, fine = network.architecture.grid, large.architecture.grid
    # In pixels of the small picture: the same place in other units.
    x = large.coordinates() * (2.0 ** (fine.element.frac - grid.element.frac) / scale)
    assert torch.allclose(large(large.coordinates()), network(x), rtol=0, atol=1e-9)


@pytest.mark.parametrize("model", ["quadinr", "relu_pe", "gauss"])
@pytest.mark.parametrize("scale", [2, 3])
def test_a_larger_rendering_keeps_all_integers_but_the_first_layers(model: str, scale: int) -> None:
    network = INR(Architecture(model, (5, 4), 3, 6, 1), seed=1).quantized()
    large = network.scaled(scale)
    graph = lower(large)
    pixels = graph.forward_int(large.architecture.grid.codes())
    assert (pixels.reshape(large.render().shape) == large.render()).all()
    layers = zip(network.dense_layers(), large.dense_layers(), strict=True)
    next(layers)
    for own, other in layers:
        assert all(torch.equal(a, b) for a, b in zip(own.quantized(), other.quantized(), strict=True))


@pytest.mark.parametrize("scale", [0, 65, -1])
def test_only_some_scales_are_taken(scale: int) -> None:
    with pytest.raises(InputError, match=f"scale must be a whole number from 1 to 64, not {scale}"):
        INR(Architecture("siren", (5, 4), 3, 6, 1)).scaled(scale)


def test_a_circuit_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sine, "steps", lambda self: vars()["x"])
    with pytest.raises(InputError, match=r"^Sine in .*sine.py cannot be used: KeyError: 'x'"):
        Architecture("siren", (4, 4), 3)
