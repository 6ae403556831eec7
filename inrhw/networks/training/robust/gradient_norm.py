"""The robust loss: the loss and how fast it changes with the weights.

After "Enhancing Robustness of Implicit Neural Representations Against Weight Perturbations". Only its
abstract was available: that each layer's gradient is weighted by the span of its weights is our reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from inrhw.networks.training.robust.gradient import Loss, span


@dataclass(frozen=True)
class GradientNorm:
    """The gradient of ``loss + factor * sum over layers of span * |gradient of loss|``.

    Parameters
    ----------
    factor
        The paper's lambda.
    """

    factor: float

    def __call__(self, loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
        """Differentiate twice; see `Gradient`."""
        value = loss()
        slopes = torch.autograd.grad(value, list(weights), create_graph=True)
        norms = [
            (one * span(weight)).square().sum().add(1e-24).sqrt()
            for one, weight in zip(slopes, weights, strict=True)
        ]
        torch.autograd.backward(value + self.factor * torch.stack(norms).sum())
