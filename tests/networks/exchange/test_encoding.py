"""Networks behind encodings, by the public definitions, written here in plain torch."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.exchange.checkpoint import stack_in
from inrhw.networks.exchange.comparison import coordinates_of
from inrhw.networks.exchange.encoding import _COORDINATE, _STEP, settled
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.start import start_of
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.torch_module import from_torch
from inrhw.signals.kinds.volume import Volume
from inrhw.signals.likeness import psnr_db

SIZE = (9, 6)


class Siren(nn.Module):
    """PosEncodingNeRF of vsitzmann/siren."""

    def __init__(self, axes: int, frequencies: int = 3) -> None:
        super().__init__()
        self.axes, self.frequencies = axes, frequencies
        self.features = axes + 2 * axes * frequencies

    def forward(self, coords: Tensor) -> Tensor:
        coords = coords.view(coords.shape[0], -1, self.axes)
        found = coords
        for i in range(self.frequencies):
            for j in range(self.axes):
                c = coords[..., j]
                sin = torch.unsqueeze(torch.sin((2**i) * np.pi * c), -1)
                cos = torch.unsqueeze(torch.cos((2**i) * np.pi * c), -1)
                found = torch.cat((found, sin, cos), dim=-1)
        return found.reshape(coords.shape[0], self.features)


class Nerf(nn.Module):
    """The embedder of NeRF's code, whose frequencies are 1, 2, 4, ..."""

    def __init__(self, axes: int, include_input: bool = True) -> None:
        super().__init__()
        self.functions: list[Callable[[Tensor], Tensor]] = [lambda x: x] if include_input else []
        for frequency in 2.0 ** torch.linspace(0.0, 3, 4):
            for function in (torch.sin, torch.cos):
                self.functions.append(lambda x, f=function, q=frequency: f(x * q))  # type: ignore[misc]
        self.features = axes * len(self.functions)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.cat([function(inputs) for function in self.functions], -1)


class Fourier(nn.Module):
    """Fourier features: sine and cosine of a Gaussian matrix, which is a buffer."""

    def __init__(self, axes: int, matrix: Callable[[Tensor], Tensor] = lambda b: b) -> None:
        super().__init__()
        b = matrix(2 * torch.randn(7, axes))
        self.register_buffer("B", b)
        self.features = 14

    def forward(self, x: Tensor) -> Tensor:
        b: Any = self.B
        turns = 2 * math.pi * x @ (b.T if b.shape[0] == 7 else b)
        return torch.cat([torch.sin(turns), torch.cos(turns)], dim=-1)


class Rff(Fourier):
    """GaussianEncoding of the package rff: cosines first."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).roll(7, -1)


def cosines_first(v: Tensor, b: Tensor) -> Tensor:
    vp = 2 * math.pi * v @ b.T
    return torch.cat((torch.cos(vp), torch.sin(vp)), dim=-1)


class Scripted(Fourier):
    """The same in a script, as that package has it."""

    def forward(self, x: Tensor) -> Tensor:
        with warnings.catch_warnings(action="ignore"):  # torch calls scripts deprecated
            script: Callable[..., Tensor] = torch.jit.script(cosines_first)
        return script(x, self.B)


class Studio(nn.Module):
    """NeRF's encoding as nerfstudio has it: axis by axis, coordinates last, and here a factor of its own."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.features = 7 * axes

    def forward(self, x: Tensor) -> Tensor:
        turns = (2 * math.pi * x[..., None] * 2 ** torch.linspace(0, 2, 3)).flatten(1)
        return torch.cat(
            [0.5 * torch.sin(torch.cat([turns, turns + math.pi / 2], dim=-1)), 3 * x - 1], dim=-1
        )


class Behind(nn.Module):
    """A network behind an encoding."""

    def __init__(self, encoding: Any, activation: Callable[[Tensor], Tensor] = torch.relu) -> None:
        super().__init__()
        self.encoding, self.activation = encoding, activation
        self.layers = nn.ModuleList(nn.Linear(n, out) for n, out in ((encoding.features, 8), (8, 6), (6, 3)))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        x = self.encoding(x)
        for layer in hidden:
            x = self.activation(layer(x))
        y: Tensor = last(x)
        return y


RELU, SINE = Network("relu_pe"), Network("siren", omega_0=2.0)

#: What stands in front, the network behind it, and the name of the layout.
MODULES: dict[str, tuple[Callable[[], nn.Module], Network, Any]] = {
    "siren": (lambda: Behind(Siren(2)), RELU, "siren"),
    "nerf": (lambda: Behind(Nerf(2)), RELU, "nerf"),
    "nerf without coordinates": (lambda: Behind(Nerf(2, include_input=False)), RELU, "nerf"),
    "fourier": (lambda: Behind(Fourier(2)), RELU, "fourier"),
    "fourier transposed": (lambda: Behind(Fourier(2, lambda b: b.T)), RELU, "fourier"),
    "rff": (lambda: Behind(Rff(2)), RELU, "rff"),
    "rff in a script": (lambda: Behind(Scripted(2)), RELU, "rff"),
    "sines": (lambda: Behind(Fourier(2), lambda x: torch.sin(2 * x)), SINE, "fourier"),
}


def made(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(1)
    return make().double()


@pytest.mark.parametrize(
    ("coordinates", "axes"), [("corners", "yx"), ("corners", "xy"), ("centres", "yx"), ("unit", "xy")]
)
@pytest.mark.parametrize("name", MODULES)
def test_the_imported_network_gives_what_the_module_gives(name: str, coordinates: Any, axes: Any) -> None:
    make, network, layout = MODULES[name]
    module, imported = made(make), Imported("", coordinates, axes, encoding=layout)
    stack = stack_in(module.state_dict(), imported, 2, "it")
    start = start_of(stack, network, Precision(), imported, sides=SIZE)
    wanted = (module(coordinates_of(start, imported)) + 1) * 127.5
    assert (start(start.coordinates()) - wanted).abs().max() < 127.5e-6


@pytest.mark.parametrize("name", [*MODULES, "nerfstudio"])
def test_the_integers_are_those_of_the_rounded_network(name: str) -> None:
    """An encoding is found in a module, too, which is refused unless it is what the module computes."""
    make, network, _ = MODULES.get(name, (lambda: Behind(Studio(2)), RELU, ""))
    fitted = from_torch(made(make), network, sides=SIZE)
    pixels = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(pixels.reshape(6, 9, 3), fitted.model.render())
    assert psnr_db(fitted.picture.values, fitted.model.render()) > 30


def test_sines_of_random_phases_are_an_encoding() -> None:
    """They look like a first layer of the network, which no ReLU follows."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 8), Sines(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    architecture = from_torch(module, RELU, sides=SIZE).architecture
    assert architecture.features == [2, 8, 6, 3]
    assert architecture.waves is not None
    assert len(architecture.waves) == 8


def test_a_sine_and_a_cosine_have_one_frequency_in_every_run() -> None:
    """What least squares find differs in its last bits between runs: one and the same is taken."""
    torch.manual_seed(1)
    waves = from_torch(Behind(Fourier(2)), RELU, sides=SIZE).architecture.waves
    assert waves is not None
    assert [wave[:-1] for wave in waves[:7]] == [wave[:-1] for wave in waves[7:]]
    lines = torch.randn(3, 200, dtype=torch.float64)
    noisy = lines * (1 + 1e-15 * torch.randn_like(lines))
    assert not torch.equal(noisy, lines)
    assert torch.equal(settled(noisy), settled(lines))
    assert (settled(lines) - lines).abs().max() < 2**-30


def test_a_coordinate_is_a_sum_of_sines() -> None:
    c = np.linspace(-1, 1, 1001)
    found = sum(factor * np.sin(k * _STEP * c) for k, factor in enumerate(_COORDINATE, 1))
    assert np.abs(found - c).max() < 3e-10


def test_encodings_of_other_signals_are_found() -> None:
    volume = Volume.builtin("4x3x5")
    module = Behind(Siren(3, 2))
    module.layers[2] = nn.Linear(6, volume.channels)
    fitted = from_torch(module, RELU, volume)
    codes = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(codes.reshape(volume.values.shape), fitted.model.render())


def test_a_network_of_relu_needs_no_encoding() -> None:
    """And values far above 1, where the circuit's ReLU ends, are scaled below it."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    with torch.no_grad():
        for k, factor in ((0, 50.0), (4, 1 / 50)):
            module.get_parameter(f"{k}.weight").mul_(factor)
    fitted = from_torch(module, RELU, sides=SIZE)
    assert fitted.architecture.features == [2, 8, 6, 3]
    pixels = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(pixels.reshape(6, 9, 3), fitted.model.render())
    assert psnr_db(fitted.picture.values, fitted.model.render()) > 30


def test_scaled_coordinates_are_no_encoding() -> None:
    module = nn.Sequential(Scaled(), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    assert from_torch(module, RELU, sides=SIZE).architecture.features == [2, 8, 3]


class Scaled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (3 * x - 1).flip(1)


class Sines(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(5 * x)


class Squared(Fourier):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) ** 2


def test_what_is_no_encoding_of_ours_is_one_sentence() -> None:
    with pytest.raises(InputError, match="input 0 of the first layer is not a sine, cosine or sum"):
        from_torch(Behind(Squared(2)), RELU, sides=SIZE)
    with pytest.raises(InputError, match="encoding is for files of weights"):
        from_torch(Behind(Siren(2)), RELU, sides=SIZE, imported=Imported(encoding="siren"))


@pytest.mark.parametrize(
    ("tensors", "encoding", "message"),
    [
        (Behind(Siren(2)).state_dict(), None, "14 -> 8 -> 6 -> 3; the signal has 2 .*name the encoding"),
        (Behind(Siren(3)).state_dict(), "nerf", "layers.0 21 -> 8 cannot follow the encoding nerf"),
        (Behind(Siren(2)).state_dict(), "fourier", "needs one matrix of 2 rows .*, and it has none"),
        (Behind(Fourier(2)).state_dict(), "siren", "holds encoding.B; known are linear layers"),
        (Behind(Fourier(2)).state_dict() | {"c": torch.zeros(2, 3)}, "rff", "and it has encoding.B, c"),
    ],
)
def test_a_file_of_another_encoding_is_one_sentence(
    tensors: dict[str, Tensor], encoding: Any, message: str
) -> None:
    imported = Imported(encoding=encoding)
    with pytest.raises(InputError, match=message):
        start_of(stack_in(tensors, imported, 2, "it"), RELU, Precision(), imported, sides=SIZE)
