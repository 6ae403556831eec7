"""Rounding and saturation in torch, exactly as the integers do it, with straight-through gradients."""

import torch
from torch import Tensor

from inrhw.base.types import SMALLEST, Fixed

__all__ = ["finest_frac", "quantize", "round_half_up", "round_to", "round_to_middle"]


class _RoundHalfUp(torch.autograd.Function):
    """floor(x + 1/2) forward, identity backward (straight-through estimator, Bengio et al. 2013)."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return torch.floor(x + 0.5)

    @staticmethod
    def backward(ctx: object, *grad_outputs: Tensor) -> Tensor:
        return grad_outputs[0]


def round_half_up(x: Tensor) -> Tensor:
    """Return floor(x + 1/2); the gradient passes unchanged."""
    rounded: Tensor = _RoundHalfUp.apply(x)  # type: ignore[no-untyped-call]
    return rounded


def round_to(x: Tensor, frac: int) -> Tensor:
    """Round half up to multiples of 2**-frac; the gradient passes unchanged.

    Examples
    --------
    >>> round_to(torch.tensor([0.25, -0.25, 0.2]), frac=1)
    tensor([0.5000, 0.0000, 0.0000])
    """
    return round_half_up(x * 2.0**frac) * 2.0**-frac


def round_to_middle(x: Tensor, frac: int) -> Tensor:
    """Return the middle between the multiples of 2**-frac around x; the gradient passes unchanged.

    Examples
    --------
    >>> round_to_middle(torch.tensor([0.25, -0.25, 0.5]), frac=1)
    tensor([ 0.2500, -0.2500,  0.7500])
    """
    return (round_half_up(x * 2.0**frac - 0.5) + 0.5) * 2.0**-frac


def quantize(x: Tensor, element: Fixed, symmetric: bool = False) -> Tensor:
    """Round half up to the format, then saturate; a mid-rise format takes the middle, away from zero.

    Parameters
    ----------
    x
        Real values.
    element
        The format to land in.
    symmetric
        Saturate at -hi instead of lo, so that an odd function stays odd.

    Examples
    --------
    >>> quantize(torch.tensor([1.0, -1.0]), Fixed(8, 7)) * 128
    tensor([ 127., -128.])
    """
    unit = 2.0**-element.frac
    if element.mid_rise:
        magnitude = round_to_middle(x.abs(), element.frac).clamp(max=(element.hi + 0.5) * unit)
        return torch.where(x < 0, -magnitude, magnitude)
    lo = -element.hi if symmetric else element.lo
    return round_to(x, element.frac).clamp(lo * unit, element.hi * unit)


def finest_frac(magnitude: Tensor, width: int) -> Tensor:
    """Return the fraction bits of ``Fixed.covering(magnitude, width)`` for each of many magnitudes.

    Examples
    --------
    >>> finest_frac(torch.tensor([0.9, 2.0, 0.0]), 8)
    tensor([7, 5, 7], dtype=torch.int32)
    """
    largest = (1 << (width - 1)) - 1
    exact = magnitude.double()
    frac = torch.frexp((largest + 0.5) / exact).exponent - 1
    return torch.where(exact < SMALLEST, width - 1, frac)
