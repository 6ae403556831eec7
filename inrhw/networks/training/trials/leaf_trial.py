"""Which leaves suit a signal: a short training of equal tiles of each size says where smaller ones help."""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.signals.grid import size_text
from inrhw.signals.samples import Samples

#: Least edge of leaves, and that of the tiles from which they are cut if there are few enough, by axes.
_LEAST_EDGE, _TILE_EDGE = {1: 128, 2: 8, 3: 4}, {1: 2048, 2: 64, 3: 16}

#: The finest size is that of at most so many tiles for each leaf that there may be.
_FINEST = 8

#: As long, and on as many samples in a step, as a trial of equal tiles.
_STEPS, _BATCH = 300, 16384

#: Edge of the equal tiles of which there are as many as leaves, by axes, and the fewest leaves, by default.
_LIKE_EDGE, _FEWEST = {1: 512, 2: 32, 3: 8}, 16

#: Where a leaf is: how often its tile was halved, and which among the equal tiles of that size.
_Node = tuple[int, ...]


def default_leaves(sides: tuple[int, ...]) -> int:
    """Return how many leaves a signal has by default: as many as equal tiles of 32x32, 512 or 8x8x8.

    Examples
    --------
    >>> default_leaves((768, 512)), default_leaves((64, 64)), default_leaves((40960,))
    (384, 16, 80)
    """
    return max(_FEWEST, tiles_of(sides, _LIKE_EDGE[len(sides)]))


def tiles_of(sides: tuple[int, ...], edge: int) -> int:
    """Return how many equal tiles of an edge a signal has."""
    found = 1
    for side in sides:
        found *= -(-side // edge)
    return found


def edges(sides: tuple[int, ...], most: int) -> list[int]:
    """Return the edges of leaves to choose from, the largest first: powers of two.

    Parameters
    ----------
    sides
        Of the signal.
    most
        Most leaves. In a large signal, half as many leaves of the largest edge cover it.

    Raises
    ------
    InputError
        If there may be too few for the signal's sides.

    Examples
    --------
    >>> edges((768, 512), 360), edges((256, 256), 64), edges((20, 24), 16), edges((40960,), 80)
    ([64, 32, 16], [64, 32, 16], [16, 8], [2048, 1024, 512, 256, 128])
    """
    axes = len(sides)
    largest = 1 << (min(sides).bit_length() - 1)
    edge = min(_TILE_EDGE[axes], largest)
    while edge < largest and tiles_of(sides, edge) > most // 2:
        edge *= 2
    if tiles_of(sides, edge) > most:
        raise InputError(
            f"max_tiles must be at least {tiles_of(sides, edge)}, the tiles of {size_text((edge,) * axes)} "
            f"that make up this signal, not {most}"
        )
    found = [edge]
    while found[-1] > _LEAST_EDGE[axes] and tiles_of(sides, found[-1] // 2) <= _FINEST * most:
        found.append(found[-1] // 2)
    return found


@dataclass(frozen=True, eq=False)
class LeafTrial:
    """What a short training of equal tiles of each size gave.

    Parameters
    ----------
    errors
        Squared error of each tile, [..., rows, columns], of tiles each half as large as those before.
    """

    errors: Sequence[NDArray[np.float64]]

    def leaves(self, most: int) -> str:
        """Return `Leaves.depths` of at most `most` leaves: each time the leaf that gains most is halved.

        Examples
        --------
        >>> import numpy as np
        >>> LeafTrial([np.array([[9.0, 5.0]]), np.full((2, 4), 1.0)]).leaves(5)
        '11110'
        """
        whole = [(0, *place) for place in np.ndindex(*self.errors[0].shape)]
        halved: set[_Node] = set()
        left = most - len(whole)
        candidates = [self._candidate(node) for node in whole]
        heapq.heapify(candidates)
        while candidates:
            gain, node = heapq.heappop(candidates)
            parts = self._parts(node)
            if gain >= 0 or len(parts) - 1 > left:
                continue
            left -= len(parts) - 1
            halved.add(node)
            for part in parts:
                heapq.heappush(candidates, self._candidate(part))
        return "".join(str(depth) for node in whole for depth in self._depths(node, halved))

    def _candidate(self, node: _Node) -> tuple[float, _Node]:
        """Return minus the fall of the squared error for each additional leaf, if a leaf is halved."""
        parts = self._parts(node)
        after = sum(self._error(part) for part in parts)
        return (after - self._error(node)) / max(1, len(parts) - 1) if parts else 0.0, node

    def _parts(self, node: _Node) -> list[_Node]:
        depth, *place = node
        if depth + 1 == len(self.errors):
            return []
        along = [
            [at for at in (2 * first, 2 * first + 1) if at < count]
            for first, count in zip(place, self.errors[depth + 1].shape, strict=True)
        ]
        return [(depth + 1, *part) for part in itertools.product(*along)]

    def _error(self, node: _Node) -> float:
        depth, *place = node
        return float(self.errors[depth][tuple(place)])

    def _depths(self, node: _Node, halved: set[_Node]) -> Iterator[int]:
        if node not in halved:
            yield node[0]
            return
        for part in self._parts(node):
            yield from self._depths(part, halved)


def tried(signal: Samples, architectures: Sequence[TiledArchitecture], training: Training) -> LeafTrial:
    """Return what a short training of equal tiles gives, from the seed and by the rate of `training`.

    Parameters
    ----------
    signal
        What is represented.
    architectures
        With tiles each half as large as those before.
    training
        How.
    """
    short = replace(training, steps=min(training.steps, _STEPS), finetune=0, batch=training.batch or _BATCH)
    return LeafTrial([_errors(signal, architecture, short) for architecture in architectures])


def _errors(signal: Samples, architecture: TiledArchitecture, short: Training) -> NDArray[np.float64]:
    rendered, tiling = fit(signal, architecture, short).model.render(), architecture.tiling
    square = np.square(rendered.astype(np.float64) - signal.values).sum(axis=-1)
    found: NDArray[np.float64] = np.bincount(tiling.numbers(), square.ravel()).astype(np.float64)
    return found.reshape(tiling.counts[::-1])
