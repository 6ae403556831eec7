"""Where a step's gradient is taken: at the weights themselves, or at disturbed ones."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

Loss = Callable[[], Tensor]


class Gradient(Protocol):
    """A way to take the gradient of a step."""

    def __call__(self, loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
        """Add the gradient of what is minimized to the ``grad`` of every parameter.

        Parameters
        ----------
        loss
            Computes the loss with the weights as they are; may be called more than once.
        weights
            Matrices of weights, or stacks of them, that may be disturbed. They are as before afterwards.
        generator
            Source of random numbers, on the CPU.
        """


def plain(loss: Loss, weights: Sequence[nn.Parameter], generator: torch.Generator) -> None:
    """Take the gradient at the weights as they are."""
    torch.autograd.backward(loss())


@contextmanager
def disturbed(weights: Sequence[nn.Parameter], by: Sequence[Tensor]) -> Iterator[None]:
    """Add to the weights while the block runs.

    A gradient taken in it is used for the undisturbed weights: the straight-through estimator.
    """
    before = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for weight, change in zip(weights, by, strict=True):
            weight.add_(change)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, value in zip(weights, before, strict=True):
                weight.copy_(value)


def span(weight: Tensor) -> Tensor:
    """Return the largest weight less the smallest, of each matrix in a stack: [..., 1, 1].

    Examples
    --------
    >>> span(torch.tensor([[1.0, -3.0], [0.5, 0.0]])).tolist()
    [[4.0]]
    """
    weight = weight.detach()
    return weight.amax(dim=(-2, -1), keepdim=True) - weight.amin(dim=(-2, -1), keepdim=True)
