"""Gaussian noise on the weights in the forward pass, as analog computing has it (extended STE)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from inrhw.networks.training.robust.gradient import Loss, disturbed, span


@dataclass(frozen=True)
class Noise:
    """The mean gradient at weights with noise.

    Parameters
    ----------
    sigma
        Standard deviation, relative to the span of a layer's weights.
    pairs
        Take it for the noise and for its opposite: twice the time.
    """

    sigma: float
    pairs: bool

    def __call__(self, loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
        """Draw noise; see `Gradient`."""
        drawn = [torch.randn(weight.shape, generator=generator) for weight in weights]
        noise = [self.sigma * span(w) * one.to(w) for w, one in zip(weights, drawn, strict=True)]
        signs = (1, -1) if self.pairs else (1,)
        for sign in signs:
            with disturbed(weights, [sign * one for one in noise]):
                torch.autograd.backward(loss() / len(signs))
