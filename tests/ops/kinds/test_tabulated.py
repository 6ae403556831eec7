import pytest
import torch

from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("phase_bits", [5, None, 12])
@pytest.mark.parametrize(
    "model", [name for name, cls in activations().items() if cls.node_class.arguments == 1]
)
def test_a_table_has_value_and_slope_of_the_rounded_function(
    model: str, phase_bits: int | None, dtype: torch.dtype
) -> None:
    """To the last bit, where the argument saturates or wraps too."""
    precision = Precision(phase_bits=phase_bits)
    net = INR(Architecture(model, (16, 16), 3, 8, 1, precision=precision)).quantized()
    generator = torch.Generator().manual_seed(0)
    for activation in dict.fromkeys(net.hidden_activations()):
        x = (20 * torch.randn(5000, generator=generator, dtype=dtype)).requires_grad_()
        found, expected = activation(x), activation._rounded(x)
        assert torch.equal(found, expected)
        slopes = [torch.autograd.grad(y.sum(), x)[0] for y in (found, expected)]
        assert torch.equal(*slopes)
