"""Sines with factors and offsets of their own in each layer, by the public definitions."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.network import Network
from inrhw.networks.training.torch_module import from_torch

SIZE = (5, 4)


class Incode(nn.Module):
    """INCODE's public code: a network that sees the picture gives four factors, the same for all sines."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.ground_truth = torch.rand(1, 3, 8, 8)  # neither a parameter nor a buffer there
        self.aux_conv = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d((1, 1)))
        self.aux_mlp = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
        self.net = nn.ModuleList([nn.Linear(2, 6), nn.Linear(6, 5), nn.Linear(5, 3)])

    def forward(self, x: Tensor) -> list[Tensor]:
        factors = self.aux_mlp(self.aux_conv(self.ground_truth)[..., 0, 0])
        a, b, c, d = factors[0]
        *hidden, last = self.net
        for layer in hidden:
            x = torch.exp(a) * torch.sin(torch.exp(b) * 30 * layer(x) + c) + d
        return [last(x), factors]


class ByLayer(nn.Module):
    """A SIREN whose sines have other factors in each layer, the second as a cosine."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.last = nn.Linear(2, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.last(torch.cos(7 * self.second(torch.sin(40 * self.first(x)) / 2)))
        return y


@pytest.mark.parametrize("make", [Incode, ByLayer])
@pytest.mark.parametrize("network", [Network("siren"), Network("siren", omega_0=20.0, first_omega_0=60.0)])
def test_they_become_a_siren_of_the_same_function(make: type[nn.Module], network: Network) -> None:
    """`from_torch` compares both to 1e-6."""
    fitted = from_torch(make(), network, sides=SIZE)
    assert fitted.architecture.omega_0 == (network.omega_0 or 30)
    codes = lower(fitted.model).forward_int(fitted.architecture.grid.codes())
    assert np.array_equal(codes.reshape(4, 5, 3), fitted.model.render())


def test_a_complex_module_is_refused_with_the_reason() -> None:
    """WIRE's public code, whose layers behind the first are complex."""
    module = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 3, dtype=torch.cfloat))
    with pytest.raises(InputError, match="weight is complex, which no circuit computes; train WIRE"):
        from_torch(module, Network("wire"), sides=SIZE)
