"""The encoding in front of a network's layers: sines and cosines of coordinates, however computed."""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.networks.exchange.recording import Recording
from inrhw.networks.exchange.stack import Linear
from inrhw.ops.curves.sine import SineActivation
from inrhw.ops.kinds.activation import Encoding

#: c from -1 to 1 is the sum of these times sin(k w c), k = 1, 2, ..., to 3e-10, with this w: least squares
#: over 1001 coordinates (decision 0045).
_STEP = 0.8
_COORDINATE = (
    2.21146940157,
    -0.76169404415,
    0.26818576688,
    -0.07899714412,
    0.01745524833,
    -0.00253033846,
    0.00017939321,
)

#: Largest difference between equal values, as a part of the largest value.
EQUAL = 1e-9

#: Bits of the largest value that are kept of a least-squares solution; its last bits differ between runs.
_KEPT = 32

#: Argument w c + b of a sine, in radians: w of each axis, then b.
_Wave = tuple[float, ...]


def encoded(recording: Recording, taken: Tensor, first: Linear, where: str) -> tuple[Encoding | None, Linear]:
    """Return the encoding that gave a layer its input, and the layer that takes its features.

    Inputs may be sines and cosines of sums of coordinates, times any factors, and such sums themselves. Where
    all inputs are coordinates there is no encoding, and the layer takes them itself.

    Parameters
    ----------
    recording
        What the network computed.
    taken
        The layer's input.
    first
        The layer.
    where
        Name of the network in messages.

    Raises
    ------
    InputError
        If an input is something else.
    """
    inputs = recording.columns(taken)
    if torch.equal(inputs, recording.x):
        return None, first
    lines, straight = _lines(recording, inputs)
    offset = lines[:, -1].where(straight, 0)
    first = replace(first, bias=first.bias + first.weight @ offset)
    if straight.all():
        return None, replace(first, weight=first.weight @ lines[:, :-1])
    sines, places = _sines(recording), dict[_Wave, int]()
    factors = dict[tuple[int, int], float]()
    for k, line in enumerate(lines):
        parts = _of_line(line) if straight[k] else _of_sine(inputs[:, k], sines, f"{where}: input {k}")
        for wave, factor in parts:
            factors[k, places.setdefault(wave, len(places))] = factor
    matrix = torch.zeros(len(lines), len(places), dtype=torch.float64)
    for place, factor in factors.items():
        matrix[place] = factor
    waves = torch.tensor(list(places), dtype=torch.float64) / (2 * math.pi)
    encoding = Encoding(waves[:, :-1], waves[:, -1], SineActivation)
    return encoding, replace(first, weight=first.weight @ matrix)


def _lines(recording: Recording, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Return the closest w x + b to each column, [columns, axes + 1], and whether it is exact."""
    x = torch.nn.functional.pad(recording.x, (0, 1), value=1.0)
    lines = settled(torch.linalg.lstsq(x, columns).solution)
    errors = (x @ lines - columns).abs().amax(dim=0)
    return lines.T, errors <= EQUAL * columns.abs().amax(dim=0)


def settled(lines: Tensor) -> Tensor:
    """Return computed values, [values, columns], rounded so that every run gives the same."""
    # Largest values are often powers of two: the grid is that of slightly more.
    _, exponents = torch.frexp((1 + EQUAL) * lines.abs().amax(dim=0))
    grid = torch.ldexp(torch.ones_like(lines[0]), exponents - _KEPT)
    return torch.round(lines / grid) * grid


def _sines(recording: Recording) -> tuple[list[_Wave], Tensor]:
    """Return all sines of sums of coordinates that were computed, and their values, [samples, sines]."""
    waves, values = list[_Wave](), [recording.x[:, :0]]
    for sine in recording.sines:
        lines, straight = _lines(recording, recording.columns(sine.argument))
        lines[:, -1] = torch.remainder(lines[:, -1] + sine.ahead, 2 * math.pi)
        waves += map(tuple, lines[straight].tolist())
        values.append(recording.columns(sine.value)[:, straight])
    return waves, torch.cat(values, dim=1)


def _of_sine(column: Tensor, sines: tuple[list[_Wave], Tensor], where: str) -> Iterator[tuple[_Wave, float]]:
    """Yield the sine that a column is, and its factor."""
    waves, values = sines
    factors = column @ values / values.square().sum(dim=0)
    errors = (values * factors - column[:, None]).abs().amax(dim=0).tolist()
    least = min(errors, default=math.inf)
    if not least <= EQUAL * column.abs().max():
        raise InputError(
            f"{where} of the first layer is not a sine, cosine or sum of coordinates, and other encodings "
            "have no circuit"
        )
    place = errors.index(least)
    yield waves[place], float(settled(factors[place].reshape(1, 1)))


def _of_line(line: Tensor) -> Iterator[tuple[_Wave, float]]:
    """Yield the sines whose sum is a line without its constant, and their factors."""
    *slopes, _ = line.tolist()
    for axis, slope in enumerate(slopes):
        for k, factor in enumerate(_COORDINATE if slope else (), 1):
            wave = [0.0] * len(line)
            wave[axis] = k * _STEP
            yield tuple(wave), slope * factor
