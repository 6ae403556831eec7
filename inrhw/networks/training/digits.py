"""Weights with fewer signed digits: each digit less is an adder less in an unrolled core.

Weights of a quantized network move to neighbouring codes whose canonical signed digit form is shorter, first
those that change the picture least. What a move costs is estimated from the loss's gradient and from the
squares of the values' own gradients, the diagonal of a Gauss-Newton matrix, which random signs sample
(Hutchinson).
"""

import copy
import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.types import Codes
from inrhw.networks.inr import INR
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples

#: Times that costs are estimated anew: together, moves cost something else than the sum of their estimates.
_ROUNDS = 3

#: Random signs that the squares are sampled with.
_SAMPLES = 24

#: Share of the gradient that counts: in full it promises more than many moves together gain.
_GRADIENT = 0.5


class _Move(NamedTuple):
    """A weight of a layer gets another code."""

    cost: float
    layer: int
    row: int
    column: int
    code: int


def signed_digits(codes: Codes) -> NDArray[np.int64]:
    """Return how many digits other than 0 the canonical signed digit form of each code has.

    Examples
    --------
    >>> signed_digits(np.array([0, 1, 7, -7, 5, 11])).tolist()  # 7 = 8 - 1, 11 = 8 + 4 - 1
    [0, 1, 2, 2, 2, 3]
    """
    magnitude = np.abs(codes)
    digits: NDArray[np.int64] = np.bitwise_count(magnitude ^ 3 * magnitude).astype(np.int64)
    return digits


def has_digits(model: INR) -> bool:
    """Return whether all weights are multiplied as they are trained: not rotated, nor a set for each tile."""
    trained = [each for each in model.dense_layers() if each.weight.requires_grad]
    return all(type(each) is DenseLayer for each in trained)


def network_digits(model: INR) -> int:
    """Return the signed digits of all weights of a quantized network."""
    return sum(int(signed_digits(_codes(layer)[0]).sum()) for layer in _layers(model))


def fewer_digits(model: INR, signal: Samples, loss_db: float) -> INR:
    """Return a quantized network with fewer digits, which is at most `loss_db` worse on its signal."""
    least = psnr_db(signal.values, model.render()) - loss_db
    for left in reversed(range(_ROUNDS)):
        goal = least + loss_db * left / _ROUNDS
        moves = list(_cheapest(_moves(model, signal)))
        low, high = 0, len(moves) + 1
        while high - low > 1:
            middle = (low + high) // 2
            enough = psnr_db(signal.values, _moved(model, moves[:middle]).render()) >= goal
            low, high = (middle, high) if enough else (low, middle)
        model = _moved(model, moves[:low])
    return model


def _layers(model: INR) -> list[DenseLayer]:
    """Return the layers whose own weights are multiplied: not those that rotate, nor a fixed encoding."""
    return [each for each in model.dense_layers() if type(each) is DenseLayer and each.weight.requires_grad]


def _codes(layer: DenseLayer) -> tuple[Codes, NDArray[np.float64]]:
    """Return the weights' codes [rows, columns] and what a unit of each is in the trained parameter."""
    weight, _, frac = (x.detach().double() for x in layer.quantized())
    unit = 2.0 ** -frac[:, None]
    codes: Codes = (weight / unit).round().numpy().astype(np.int64)
    return codes, (
        unit / (layer.gains.double()[:, None] * torch.tensor(layer.scale, dtype=torch.float64))
    ).numpy()


def _gradients(model: INR, signal: Samples) -> tuple[list[Tensor], list[Tensor]]:
    """Return for the weights of each layer the error's gradient and the sum of the values' squared ones."""
    weights = [layer.weight for layer in _layers(model)]
    y = model(model.coordinates())
    target = model.targets(signal).to(y)
    gradient = torch.autograd.grad((y - target).square().sum(), weights, retain_graph=True)
    squares = [torch.zeros_like(weight) for weight in weights]
    generator = torch.Generator().manual_seed(0)
    value = model.architecture.value
    shown = ((y > value.lo) & (y < value.hi)).to(y)
    for _ in range(_SAMPLES):
        signs = (2 * torch.randint(0, 2, y.shape, generator=generator) - 1) * shown
        sampled = torch.autograd.grad(y, weights, grad_outputs=signs, retain_graph=True)
        squares = [total + one.square() / _SAMPLES for total, one in zip(squares, sampled, strict=True)]
    return list(gradient), squares


def _moves(model: INR, signal: Samples) -> Iterator[_Move]:
    """Yield every move to the nearest code on either side with each smaller number of digits."""
    for place, (layer, gradient, squares) in enumerate(
        zip(_layers(model), *_gradients(model, signal), strict=True)
    ):
        assert layer.weight_bits is not None
        codes, unit = _codes(layer)
        largest = (1 << layer.weight_bits - 1) - 1
        for (row, column), code in np.ndenumerate(codes):
            for other, saved in _shorter(int(code), largest):
                by = float((other - code) * unit[row, column])
                cost = float(squares[row, column]) * by**2 + _GRADIENT * float(gradient[row, column]) * by
                yield _Move(cost / saved, place, row, column, other)


@functools.cache
def _shorter(code: int, largest: int) -> list[tuple[int, int]]:
    """Return the nearest codes with fewer digits, on either side, and the digits that each saves."""
    own = int(signed_digits(np.array(code)))
    found = []
    for fewer, there in enumerate(_by_digits(largest)[:own]):
        after = int(np.searchsorted(there, code))
        found += [(other, own - fewer) for other in there[max(0, after - 1) : after + 1].tolist()]
    return found


@functools.cache
def _by_digits(largest: int) -> list[Codes]:
    """Return the codes up to `largest` of either sign that have 0 digits, 1, and so on, each in order."""
    codes = np.arange(-largest, largest + 1)
    digits = signed_digits(codes)
    return [codes[digits == number] for number in range(int(digits.max()))]


def _cheapest(moves: Iterator[_Move]) -> Iterator[_Move]:
    """Yield the cheapest move of each weight, the cheapest first."""
    seen = set()
    for move in sorted(moves):
        if move[1:4] not in seen:
            seen.add(move[1:4])
            yield move


@torch.no_grad()
def _moved(model: INR, moves: Sequence[_Move]) -> INR:
    """Return a copy whose weights are exactly at their codes, some of them moved."""
    model = copy.deepcopy(model)
    layers = _layers(model)
    found = [_codes(layer) for layer in layers]
    for move in moves:
        found[move.layer][0][move.row, move.column] = move.code
    for layer, (codes, unit) in zip(layers, found, strict=True):
        layer.weight.copy_(torch.from_numpy(codes * unit))
    return model
