"""Sharpness-aware minimization: the gradient where the loss is worst nearby (Foret et al., 2021)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from inrhw.networks.training.robust.gradient import Loss, disturbed


@dataclass(frozen=True)
class Sharpness:
    """The gradient a short way up the slope.

    Parameters
    ----------
    radius
        How far, as a Euclidean distance of all weights together.
    """

    radius: float

    def __call__(self, loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
        """Climb, then take it; see `Gradient`."""
        slope = torch.autograd.grad(loss(), list(weights))
        length = torch.stack([one.square().sum() for one in slope]).sum().sqrt().clamp_min(1e-12)
        with disturbed(weights, [one * (self.radius / length) for one in slope]):
            torch.autograd.backward(loss())
