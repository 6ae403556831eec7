"""Modules whose layers have no names, or stand in another order than they are computed in."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from inrhw.base.errors import InputError
from inrhw.networks.network import Network
from inrhw.networks.training.torch_module import from_torch


class Bare(nn.Module):
    """Three layers, last first, in whatever way they are computed."""

    def __init__(self, layer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        shapes = {"out": (3, 5), "middle": (5, 6), "first": (6, 2)}
        self.weights = nn.ParameterDict({name: 0.3 * torch.randn(shape) for name, shape in shapes.items()})
        self.biases = nn.ParameterDict({name: torch.randn(rows) for name, (rows, _) in shapes.items()})
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        for name in ("first", "middle"):
            x = torch.sin(9 * self.layer(x, self.weights[name], self.biases[name]))
        return self.layer(x, self.weights["out"], self.biases["out"])


WAYS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "linear": functional.linear,
    "keywords": lambda x, w, b: functional.linear(x, bias=b, weight=w),
    "no bias": lambda x, w, b: functional.linear(x, w),
    "product": lambda x, w, b: x @ w.T + b,
    "matmul": lambda x, w, b: torch.add(b, torch.matmul(x, w.t())),
    "normalized": lambda x, w, b: functional.linear(x, w / w.norm(), b),
}


@pytest.mark.parametrize("way", WAYS)
def test_layers_are_found_however_they_are_computed(way: str) -> None:
    fitted = from_torch(Bare(WAYS[way]), Network("siren", omega_0=9.0), sides=(5, 4))
    assert fitted.architecture.features == [2, 6, 5, 3]


class Giving(nn.Module):
    """A SIREN that gives its values in some form."""

    def __init__(self, form: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        self.net, self.form = Bare(functional.linear), form

    def forward(self, x: Tensor) -> object:
        return self.form(self.net(x), x)


def test_values_may_be_the_first_of_several() -> None:
    """As SIREN's public notebook has it, which gives coordinates for gradients too."""
    module = Giving(lambda values, x: (values, x))
    assert from_torch(module, Network("siren", omega_0=9.0), sides=(5, 4)).architecture.channels == 3


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Giving(lambda values, x: {"model_out": values}), "the module gives a dict; let it give a tensor"),
        (Giving(lambda values, x: ()), "the module gives a tuple"),
        (Giving(lambda values, x: values[None]), r"the module gives \[1, 20, 3\]"),
        (Giving(lambda values, x: values / 0), "the module differs by up to inf"),
        (Giving(lambda values, x: values.relu()), "the module differs by up to"),
        (Bare(functional.linear).to("meta"), "the module cannot be copied to the CPU"),
        (functional.linear, "module must be Module, not <built-in"),
    ],
)
def test_what_is_no_network_is_one_sentence(module: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_torch(module, Network("siren", omega_0=9.0), sides=(5, 4))
    assert "\n" not in str(caught.value)


def test_a_module_that_cannot_be_run_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"cannot be run on \[samples, 2\] in float64: .*shapes cannot"):
        from_torch(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)), Network("siren"), sides=(5, 4))
