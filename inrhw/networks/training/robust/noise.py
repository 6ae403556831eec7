"""Gaussian noise on the weights in the forward pass, as analog computing has it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inrhw.networks.training.robust.gradient import Loss, disturbed, span


@dataclass(frozen=True)
class Noise:
    """The mean gradient at weights with noise.

    The noise grows with the span of a matrix, so the largest and the smallest weight also get the slope of
    all its noise: training brings them nearer to the others, where this costs less than the noise.

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
        noise = [self.sigma * torch.randn(w.shape, generator=generator).to(w) for w in weights]
        signs = (1, -1) if self.pairs else (1,)
        for sign in signs:
            signed = [sign * one for one in noise]
            with ExitStack() as stack:
                for weight, one in zip(weights, signed, strict=True):
                    hook = weight.register_hook(_with_span(weight, one))  # type: ignore[no-untyped-call]
                    stack.callback(hook.remove)
                changes = [span(weight) * one for weight, one in zip(weights, signed, strict=True)]
                stack.enter_context(disturbed(weights, changes))
                torch.autograd.backward(loss() / len(signs))


def _with_span(weight: Tensor, noise: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function from the gradient of ``weight + span(weight) * noise`` to that of the weight."""
    weight = weight.detach()
    largest = weight == weight.amax(dim=(-2, -1), keepdim=True)
    smallest = weight == weight.amin(dim=(-2, -1), keepdim=True)
    ends = largest.to(weight) - smallest.to(weight)
    return lambda slope: slope + ends * (slope * noise).sum(dim=(-2, -1), keepdim=True)
