"""Networks that were trained elsewhere, by the public definitions, written here in plain torch."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.exchange.checkpoint import linear_layers, stack_in
from inrhw.networks.exchange.comparison import coordinates_of
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.start import start_of
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.torch_module import from_torch
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.sound import Sound
from inrhw.signals.kinds.volume import Volume
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples

SIZE = (5, 4)


class Function(nn.Module):
    """A function of every number."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Layer(nn.Module):
    """`linear`, then a function: the layer of SIREN's and FINER's public code."""

    def __init__(self, n: int, out: int, function: Callable[[Tensor], Tensor], bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(n, out, bias=bias)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.linear(x))


class Wire(Layer):
    """WIRE's public layer keeps its factors as parameters."""

    def __init__(self, n: int, out: int) -> None:
        super().__init__(n, out, lambda x: torch.cos(12 * x) * torch.exp(-((6 * x) ** 2)))
        self.omega_0 = nn.Parameter(torch.tensor(12.0), requires_grad=False)
        self.scale_0 = nn.Parameter(torch.tensor(6.0), requires_grad=False)


class RealGabor(nn.Module):
    """RealGaborLayer of vishwa91/wire: two linear layers."""

    def __init__(self, n: int, out: int, omega_0: float, scale_0: float) -> None:
        super().__init__()
        self.omega_0, self.scale_0 = omega_0, scale_0
        self.freqs, self.scale = nn.Linear(n, out), nn.Linear(n, out)

    def forward(self, x: Tensor) -> Tensor:
        omega, scale = self.omega_0 * self.freqs(x), self.scale_0 * self.scale(x)
        return torch.cos(omega) * torch.exp(-(scale**2))


class Coin(nn.Module):
    """COIN's names: layers in a list and a last layer beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(*(Layer(n, 6, sine) for n in (2, 6, 6)))
        self.last_layer = Layer(6, 3, lambda x: x)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.last_layer(self.net(x))
        return y


def sine(x: Tensor) -> Tensor:
    return torch.sin(30 * x)


def finer(x: Tensor) -> Tensor:
    return torch.sin(30 * (x.abs() + 1).detach() * x)


def quadratic(x: Tensor) -> Tensor:
    r = torch.remainder(20 * x + 2, 4) - 2
    return r * (2 - r.abs())


def siren(channels: int = 3, bias: bool = True) -> nn.Module:
    """Return vsitzmann/siren's Siren: net.0.linear, net.1.linear, ..., the last one without `linear`."""
    layers = [Layer(n, 6, sine, bias) for n in (2, 6, 6)]
    return nn.ModuleDict({"net": nn.Sequential(*layers, nn.Linear(6, channels, bias=bias))})["net"]


def real(omega_0: float = 12.0, scale_0: float = 6.0) -> nn.Module:
    """Return a WIRE of real layers, each with a factor of its own in front of the Gaussian."""
    return nn.Sequential(
        RealGabor(2, 6, omega_0, scale_0), RealGabor(6, 5, omega_0, scale_0), nn.Linear(5, 3)
    )


def sequential(function: Callable[[Tensor], Tensor]) -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 6), Function(function), nn.Linear(6, 6), Function(function), nn.Linear(6, 1)
    )


MODULES: dict[str, tuple[Callable[[], nn.Module], Network]] = {
    "siren": (siren, Network("siren", omega_0=30.0)),
    "siren without bias": (lambda: siren(bias=False), Network("siren")),
    "finer": (
        lambda: nn.Sequential(Layer(2, 6, finer), Layer(6, 6, finer), nn.Linear(6, 3)),
        Network("finer", omega_0=30.0),
    ),
    "wire": (lambda: nn.Sequential(Wire(2, 6), Wire(6, 6), nn.Linear(6, 3)), Network("wire", omega_0=12.0)),
    "wire of real layers": (real, Network("wire_real", omega_0=12.0)),
    "coin": (Coin, Network("siren")),
    "sequential": (lambda: sequential(sine), Network("siren")),
    "widths that differ": (
        lambda: nn.Sequential(Layer(2, 6, sine), Layer(6, 4, sine), Layer(4, 5, sine), nn.Linear(5, 3)),
        Network("siren"),
    ),
    "quadinr": (lambda: sequential(quadratic), Network("quadinr")),
    "gauss": (lambda: sequential(lambda x: torch.exp(-((30 * x) ** 2))), Network("gauss")),
}


def small(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a module with small weights, as trained ones have them."""
    torch.manual_seed(0)
    module = make().double()
    with torch.no_grad():
        for name, value in module.named_parameters():
            if value.dim() == 2 and not name.startswith("0"):
                value.mul_(0.3)
    return module


def start_in(tensors: dict[str, Tensor], network: Network, imported: Imported = Imported()) -> INR:
    """Do what `inrhw import` does with a file of weights."""
    return start_of(stack_in(tensors, imported, 2, "it"), network, Precision(), imported, sides=SIZE)


@pytest.mark.parametrize("values", ["signed", "unit"])
@pytest.mark.parametrize("axes", ["yx", "xy"])
@pytest.mark.parametrize("coordinates", ["corners", "centres", "unit"])
@pytest.mark.parametrize("name", MODULES)
def test_the_imported_network_gives_what_the_module_gives(
    name: str, coordinates: Any, axes: Any, values: Any
) -> None:
    make, network = MODULES[name]
    module, imported = small(make), Imported("", coordinates, axes, values)
    start = start_in(module.state_dict(), network, imported)
    given = module(coordinates_of(start, imported))
    wanted = (given + 1) * 127.5 if values == "signed" else given * 255
    assert (start(start.coordinates()) - wanted).abs().max() < 255e-6


def test_coordinates_are_those_of_public_code() -> None:
    """A mesh of linspace(-1, 1, n) in the order of the axes, as vsitzmann/siren's get_mgrid makes it."""
    start = start_in(siren().state_dict(), Network("siren"))
    mesh = torch.meshgrid(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 5), indexing="ij")
    expected = torch.stack(mesh, dim=-1).reshape(-1, 2)
    assert torch.allclose(coordinates_of(start, Imported()).float(), expected)


@pytest.mark.parametrize("name", ["siren", "finer", "quadinr", "widths that differ", "wire of real layers"])
def test_the_integers_are_those_of_the_rounded_network(name: str) -> None:
    make, network = MODULES[name]
    fitted = from_torch(small(make), network, sides=SIZE)
    pixels = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert (pixels.reshape(4, 5, -1) == fitted.model.render()).all()
    assert psnr_db(fitted.picture.values, fitted.model.render()) > 25


@pytest.mark.parametrize("signal", [Sound.builtin("40"), Volume.builtin("4x3x5")], ids=lambda s: s.kind)
@pytest.mark.parametrize("axes", ["xy", "yx"])
def test_networks_of_other_signals_are_imported(signal: Samples, axes: Any) -> None:
    module = nn.Sequential(Layer(len(signal.sides), 6, sine), nn.Linear(6, signal.channels))
    fitted = from_torch(module, Network("siren"), signal, imported=Imported(axes=axes))
    codes = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(codes.reshape(signal.values.shape), fitted.model.render())


@pytest.mark.parametrize("coordinates", ["corners", "centres"])
def test_what_it_gives_may_be_a_patch(coordinates: Any) -> None:
    module, imported = small(lambda: siren(channels=12)), Imported(coordinates=coordinates)
    fitted = from_torch(module, Network("siren", patch="2x2"), sides=(10, 8), imported=imported)
    rows, columns = (
        torch.linspace(-1, 1, n, dtype=torch.float64) * (1 if coordinates == "corners" else (n - 1) / n)
        for n in (4, 5)
    )
    given = module(torch.cartesian_prod(rows, columns)).detach().reshape(4, 5, 2, 2, 3)
    wanted = (given.transpose(1, 2).reshape(8, 10, 3) + 1) * 127.5
    assert np.abs(fitted.picture.values - wanted.clamp(0, 255).numpy()).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("coordinates", ["corners", "unit"])
def test_the_first_layer_may_have_a_factor_of_its_own(coordinates: Any) -> None:
    """As public SIREN code has it for sounds: 3000, then 30."""
    module = small(
        lambda: nn.Sequential(Layer(1, 6, lambda x: torch.sin(300 * x)), Layer(6, 4, sine), nn.Linear(4, 1))
    )
    sound, imported = Sound.builtin("40"), Imported(coordinates=coordinates)
    network = Network("siren", omega_0=30.0, first_omega_0=300.0)
    fitted = from_torch(module, network, sound, imported=imported)
    assert (fitted.architecture.first_omega_0, fitted.architecture.omega_0) == (300, 30)
    with pytest.raises(
        InputError, match=r"a finer is not a function .* first_omega_0 must be its omega_0, 30, not"
    ):
        from_torch(module, replace(network, model="finer"), sound, imported=imported)


def test_the_layers_of_a_real_wire_have_factors_of_their_own() -> None:
    network, imported = Network("wire_real", omega_0=12.0, first_omega_0=20.0), Imported(scale_0=9.0)
    module = small(lambda: nn.Sequential(RealGabor(2, 6, 20, 9), RealGabor(6, 5, 12, 9), nn.Linear(5, 3)))
    assert from_torch(module, network, sides=SIZE, imported=imported).architecture.features == [2, 6, 5, 3]
    with pytest.raises(InputError, match="the module differs by up to"):
        from_torch(module, network, sides=SIZE)
    # What a file says of them counts, and what is said besides must be the same.
    told = module.state_dict() | {"1.scale_0": torch.tensor(9.0)}
    start = start_in(told, network)
    given = (module(coordinates_of(start, imported)) + 1) * 127.5
    assert (start(start.coordinates()) - given).abs().max() < 255e-6
    with pytest.raises(InputError, match="says that scale_0 is 9, not 8; give --scale-0"):
        start_in(told, network, Imported(scale_0=8.0))
    with pytest.raises(InputError, match="scale_0 is for the model wire_real, not siren; leave it out"):
        start_in(siren().state_dict(), Network("siren"), imported)


def test_a_real_wire_may_end_in_a_real_layer_and_compute_scale_first() -> None:
    class ScaleFirst(RealGabor):
        def forward(self, x: Tensor) -> Tensor:
            bell = torch.exp(-((self.scale_0 * self.scale(x)) ** 2))
            return bell * torch.cos(self.omega_0 * self.freqs(x))

    module = small(lambda: nn.Sequential(ScaleFirst(2, 5, 12, 6), ScaleFirst(5, 3, 12, 6)))
    imported = Imported(outermost_linear=False)
    fitted = from_torch(module, Network("wire_real", omega_0=12.0), sides=SIZE, imported=imported)
    assert fitted.architecture.features == [2, 5, 3, 3]


def test_widths_that_are_not_the_modules_are_refused() -> None:
    module = small(siren)
    widths = from_torch(module, Network("siren"), sides=SIZE).architecture.network.widths
    asked = Network("siren", hidden_widths=",".join(map(str, widths)))
    assert from_torch(module, asked, sides=SIZE).architecture.network.widths == widths
    with pytest.raises(InputError, match="hidden_widths says 9,9; leave it out"):
        from_torch(module, replace(asked, hidden_widths="9,9"), sides=SIZE)


@pytest.mark.parametrize("values", ["signed", "unit"])
def test_a_last_layer_may_have_a_sine(values: Any) -> None:
    """As public SIREN code has it with outermost_linear=False."""
    module = small(lambda: nn.Sequential(Layer(2, 6, sine), Layer(6, 4, sine), Layer(4, 3, sine)))
    imported = Imported(values=values, outermost_linear=False)
    fitted = from_torch(module, Network("siren"), sides=SIZE, imported=imported)
    assert fitted.architecture.features == [2, 6, 4, 3, 3]
    pixels = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(pixels.reshape(4, 5, 3), fitted.model.render())
    with pytest.raises(InputError, match="the module differs by up to"):
        from_torch(module, Network("siren"), sides=SIZE, imported=Imported(values=values))


ENDS: list[tuple[Callable[[Tensor], Tensor], Any, Any]] = [
    (torch.sigmoid, "sigmoid", None),
    (torch.tanh, "tanh", None),
    (torch.sigmoid, "sigmoid", "unit"),
    (lambda x: (x.tanh() + 1) / 2, "tanh", "unit"),
    (lambda x: 2 * x.sigmoid() - 1, "sigmoid", "signed"),
]


@pytest.mark.parametrize(("end", "name", "values"), ENDS)
def test_a_sigmoid_or_tanh_behind_the_last_layer_is_found_and_computed(
    end: Callable[[Tensor], Tensor], name: Any, values: Any
) -> None:
    module = small(lambda: nn.Sequential(siren(), Function(end)))
    imported = Imported(values=values)
    fitted = from_torch(module, Network("siren"), sides=SIZE, imported=imported)
    assert fitted.architecture.final_activation == name
    pixels = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(pixels.reshape(4, 5, 3), fitted.model.render())
    # A file of weights does not show it, so there it is said.
    asked = Network("siren", final_activation=name)
    start = start_in({n.removeprefix("0."): t for n, t in module.state_dict().items()}, asked, imported)
    given = module(coordinates_of(start, imported))
    signed = values == "signed" or (values is None and name == "tanh")
    wanted = (given + 1) * 127.5 if signed else given * 255
    assert (start(start.coordinates()) - wanted).abs().max() < 255e-6


def test_another_end_than_the_modules_is_noticed() -> None:
    module = small(lambda: nn.Sequential(siren(), Function(torch.sigmoid)))
    with pytest.raises(InputError, match="see model, omega_0"):
        from_torch(module, Network("siren", final_activation="tanh"), sides=SIZE)


def test_a_map_finds_layers_under_any_name() -> None:
    layers = linear_layers(siren().state_dict(), "it")
    strange = {"wxyz"[k]: layer.weight.T if k == 1 else layer.weight for k, layer in enumerate(layers)}
    strange |= {f"b{k}": layer.bias for k, layer in enumerate(layers[:-1])} | {"step": torch.zeros(1)}
    found = stack_in(strange, Imported(map="w+b0, x.T+b1,y+b2,z"), 2, "it").layers
    assert all(torch.equal(a.weight, b.weight) for a, b in zip(found, layers, strict=True))
    assert all(torch.equal(a.bias, b.bias) for a, b in zip(found[:-1], layers, strict=False))
    assert not found[-1].bias.any()
    for map, missing in (("w+c,x", "'c'"), ("v+b0", "'v'"), ("", "holds w, x, y, z, b0, b1, b2, step")):
        with pytest.raises(InputError, match=missing):
            stack_in(strange, Imported(map=map), 2, "it")


def test_fine_tuning_follows_the_picture() -> None:
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Picture("noise", values)
    module = small(siren)
    rounded, tuned = (from_torch(module, Network("siren"), picture, finetune=n) for n in (0, 60))
    assert psnr_db(values, tuned.model.render()) > psnr_db(values, rounded.model.render()) + 1.5


def test_another_function_than_the_modules_is_noticed() -> None:
    with pytest.raises(InputError, match="see model, omega_0, coordinates, axes and values"):
        from_torch(siren(), Network("quadinr"), sides=SIZE)


def test_layers_are_in_the_order_of_their_numbers() -> None:
    layers = {f"net.{k}.linear.weight": torch.full((6, 6 if k else 2), float(k)) for k in range(12)}
    found = linear_layers(dict(sorted(layers.items())) | {"net.12.weight": torch.full((1, 6), 12.0)}, "here")
    assert [int(layer.weight[0, 0]) for layer in found] == list(range(13))


def with_(**tensors: Tensor) -> dict[str, Tensor]:
    return siren().state_dict() | {name.replace("__", "."): value for name, value in tensors.items()}


@pytest.mark.parametrize(
    ("tensors", "network", "message"),
    [
        ({}, Network("siren"), "holds nothing; known are linear layers"),
        (with_(table=torch.zeros(4, 4)), Network("siren"), "holds table; known are linear layers"),
        (with_(**{"1__linear__weight": torch.full((6, 6), math.nan)}), Network("siren"), "holds NaN"),
        (
            with_(**{"0__linear__weight": torch.zeros(6, 2, dtype=torch.cfloat)}),
            Network("wire"),
            "0.linear.weight is complex, which no circuit computes; train WIRE's real layer, RealGaborLayer",
        ),
        (with_(**{"1__linear__bias": torch.zeros(6, 2)}), Network("wire"), "1.linear.bias is complex"),
        (with_(aux_mlp__0__weight=torch.zeros(4, 4)), Network("incode"), "an INCODE, whose four factors are"),
        (
            real().state_dict(),
            Network("wire"),
            "which a wire has not; give --model wire_real",
        ),
        (
            siren().state_dict(),
            Network("wire_real"),
            "without pairs of layers, freqs and scale",
        ),
        (
            real().state_dict() | {"0.scale.weight": torch.zeros(5, 2), "0.scale.bias": torch.zeros(5)},
            Network("wire_real"),
            r"0.freqs 2 -> 6 and 0.scale 2 -> 5 are not of one shape",
        ),
        (real().state_dict() | {"0.scale_0": torch.ones(2)}, Network("wire_real"), "0.scale_0 has 2 numbers"),
        (
            with_(**{"0__linear__weight": torch.zeros(6, 3)}),
            Network("siren"),
            "a network of 3 -> 6 -> 6 -> 6 -> 3",
        ),
        (
            with_(**{"1__linear__weight": torch.zeros(6, 5)}),
            Network("siren"),
            "1.linear 5 -> 6 cannot follow",
        ),
        (with_(**{"0__linear__weight": torch.zeros(6, 2, 1)}), Network("siren"), "has 3 dimensions"),
        (
            with_(**{"0__linear__bias": torch.zeros(5)}),
            Network("siren"),
            r"6 rows of weights and \[5\] biases",
        ),
        (siren().state_dict(), Network("incode"), "cannot be imported, only trained here"),
        (siren().state_dict(), Network("sirenn"), "model must be one of"),
        (siren(channels=9).state_dict(), Network("siren"), "1 to 8 channels"),
        (siren().state_dict(), Network("siren", patch="1x2"), "1 to 8 channels of each of 2 samples are"),
        (with_(**{"3__weight": torch.zeros(0, 6)}), Network("siren"), r"\[3\] biases"),
        (
            {"0.weight": torch.ones(6, 2), "1.weight": torch.ones(0, 6)},
            Network("siren"),
            "2 -> 6 -> 0; the signal",
        ),
        (
            {"0.weight": torch.ones(0, 2), "1.weight": torch.ones(3, 0)},
            Network("siren"),
            "2 -> 0 -> 3: hidden_wid",
        ),
        ({"0.weight": torch.ones(300, 2), "1.weight": torch.ones(3, 300)}, Network("siren"), "from 1 to 256"),
        (with_(**{"1__linear__weight": torch.tensor(1.0)}), Network("siren"), "has 0 dimensions"),
        (with_(**{"1__linear__bias": torch.zeros(1, 6)}), Network("siren"), r"and \[1, 6\] biases"),
        (
            with_(**{"1__linear__weight": torch.full((6, 6), 1e13)}),
            Network("siren"),
            r"holds 1e\+13; at most",
        ),
        (
            with_(**{"1__linear__weight": torch.zeros(6, 6, device="meta")}),
            Network("siren"),
            "without plain numbers",
        ),
        (with_(**{"1__omega_0": torch.ones(6)}), Network("siren"), "1.omega_0 has 6 numbers"),
        (
            {f"{k}.weight": 1e12 * torch.ones(n) for k, n in enumerate([(6, 2), (6, 6), (3, 6)])},
            Network("relu_pe"),
            "it multiplies by up to",
        ),
        ({f"a{k}": torch.zeros(1) for k in range(99)}, Network("siren"), "a6, a7 and 91 more; known are"),
        ({"²": torch.zeros(1)}, Network("siren"), "holds ²; known are"),
        (Wire(2, 6).state_dict() | {"3.weight": torch.zeros(1, 6)}, Network("wire"), "omega_0 is 12, not 20"),
    ],
)
def test_what_is_no_network_of_ours_is_one_sentence(
    tensors: dict[str, Tensor], network: Network, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        start_in(tensors, network)
    assert "\n" not in str(caught.value)


def test_numbers_that_float32_takes_for_none_are_none() -> None:
    """Weights of dead neurons decay to 1e-45; that their format would be finer than all others."""
    start = start_in(with_(**{"1__linear__weight": torch.full((6, 6), 1e-45)}), Network("siren"))
    assert not start.get_parameter("layers.1.weight").any()


def test_a_network_without_hidden_layers_is_refused() -> None:
    with pytest.raises(InputError, match="2 -> 3, without a hidden layer"):
        from_torch(nn.Sequential(nn.Linear(2, 3)), Network("siren"), sides=SIZE)
