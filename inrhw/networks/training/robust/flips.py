"""Flipped bits of the weights' codes in the forward pass, as memories at low voltage have them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inrhw.base.types import Fixed
from inrhw.networks.training.robust.gradient import Loss, disturbed
from inrhw.ops.linear.dense.layer import DenseLayer


@dataclass(frozen=True)
class Flips:
    """The gradient at weights of which some bits flipped.

    Parameters
    ----------
    rate
        How likely a bit flips.
    layers
        Quantized: they say how many bits a weight has and by what it is multiplied before it is rounded.
    """

    rate: float
    layers: Sequence[DenseLayer]

    def __call__(self, loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
        """Draw flips; see `Gradient`."""
        changes = []
        for weight, layer in zip(weights, self.layers, strict=True):
            assert layer.weight_bits is not None
            factor = layer.gains.to(weight)[:, None] * torch.tensor(layer.scale).to(weight)
            changed = changes_by_flips(weight.detach() * factor, layer.weight_bits, self.rate, generator)
            changes.append(changed / factor)
        with disturbed(weights, changes):
            torch.autograd.backward(loss())


def changes_by_flips(weight: Tensor, bits: int, rate: float, generator: torch.Generator) -> Tensor:
    """Return what flipped bits add to weights, [..., rows, columns].

    A weight is a code in two's complement. Each row has a unit of its own, the finest power of two that its
    largest weight allows.
    """
    largest = weight.abs().amax(dim=-1, keepdim=True)
    units = [2.0 ** -Fixed.covering(most, bits).frac for most in largest.flatten().tolist()]
    unit = torch.tensor(units).reshape(largest.shape).to(weight)
    codes = torch.round(weight / unit).long()
    flips = torch.rand((bits, *weight.shape), generator=generator) < rate
    places = 1 << torch.arange(bits).reshape(-1, *[1] * weight.dim())
    sign = 1 << (bits - 1)
    # Moved to the unsigned codes 0 to 2**bits - 1, where a flip of the sign bit is one of the top place.
    raised = codes + sign
    changed = raised ^ (flips * places).sum(dim=0).to(raised.device)
    return (changed - raised).to(weight) * unit
