"""Networks evaluated at once give what each gives alone."""

from dataclasses import replace

import pytest
import torch

from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.networks.together import forward_together

BASE = SharedArchitecture("quadinr", (6, 4), 3, hidden_layers=3)
ARCHITECTURES = {
    "full": BASE,
    "low-rank": replace(BASE, projection="low-rank"),
    "diagonal": replace(BASE, projection="diagonal"),
    "sigmoid": replace(BASE, final_activation="sigmoid"),
    "encoding": SharedArchitecture("relu_pe", (6, 4), 3, hidden_layers=3),
}


def gradients(loss: torch.Tensor, model: SharedINR) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, list(model.trained().values())))


@pytest.mark.parametrize("quantized", [False, True])
@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_together_is_each_alone(architecture: SharedArchitecture, quantized: bool) -> None:
    model = SharedINR.of([architecture] * 3, seed=5).double()
    model = model.quantized() if quantized else model
    x = model.network(0).coordinates()
    parts = torch.stack([x[k : k + 9] for k in range(3)])
    together = forward_together(list(model), parts)
    alone = torch.stack([network(part) for network, part in zip(model, parts, strict=True)])
    assert torch.allclose(together, alone, rtol=0, atol=1e-9)
    for a, b in zip(*(gradients(y.square().sum(), model) for y in (together, alone)), strict=True):
        assert torch.allclose(a, b)
