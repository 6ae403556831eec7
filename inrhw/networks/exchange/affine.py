"""Factors and offsets of sines, such as INCODE's in every layer: into the linear layers around them."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.networks.exchange.encoding import EQUAL, settled
from inrhw.networks.exchange.recording import Product, Recording


def absorbed(recording: Recording, omegas: tuple[float, float]) -> Recording:
    """Return a recording with the same function, whose hidden layers are ``sin(omega z)`` of their sums z.

    Where it was ``a sin(b z + c) + d``, with four numbers for each layer, b and c go into the layer's own
    weights, a and d into those of the next one.

    Parameters
    ----------
    recording
        Its linear layers follow one another.
    omegas
        The omega of the first layer, and of all others.

    Raises
    ------
    InputError
        If something other than such a sine is between two layers.
    """
    found, (gain, level) = list[Product](), (1.0, 0.0)
    products = recording.products
    for k, product in enumerate(products):
        weight = product.weight.double()
        bias = torch.zeros(len(weight)).double() if product.bias is None else product.bias.double()
        z = recording.columns(product.taken) @ weight.T + bias
        weight, bias = gain * weight, bias + level * weight.sum(dim=1)
        if k + 1 < len(products):
            (factor, ahead), (gain, level) = _around(recording, z, recording.columns(products[k + 1].taken))
            omega = omegas[min(k, 1)]
            weight, bias = factor / omega * weight, (factor * bias + ahead) / omega
        found.append(Product(product.taken, weight, bias))
    return replace(recording, products=found)


def _around(recording: Recording, z: Tensor, taken: Tensor) -> tuple[tuple[float, float], ...]:
    """Return b and c, then a and d, with which ``taken = a sin(b z + c) + d``."""
    for sine in recording.sines:
        argument, value = recording.columns(sine.argument), recording.columns(sine.value)
        if argument.shape == z.shape == taken.shape:
            before, after = _line(z, argument), _line(value, taken)
            if before and after:
                return (before[0], before[1] + sine.ahead), after
    raise InputError("something other than a sine is between two layers")


def _line(x: Tensor, y: Tensor) -> tuple[float, float] | None:
    """Return the slope and the offset with which all of y is a line of x, if there are such."""
    ones = torch.nn.functional.pad(x.reshape(-1, 1), (0, 1), value=1.0)
    line = settled(torch.linalg.lstsq(ones, y.reshape(-1, 1)).solution)
    error = (ones @ line - y.reshape(-1, 1)).abs().max()
    slope, offset = line.flatten().tolist()
    return (slope, offset) if error <= EQUAL * y.abs().max() and math.isfinite(slope) else None
