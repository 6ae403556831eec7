"""A signal cut into tiles of one size, each of which has coordinates of its own."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.samples import Values


@dataclass(frozen=True)
class Tiling:
    """Tiles of a signal, numbered in the order in which a scan meets them.

    Where the tiles do not divide the signal, the last ones on an axis are cut: they have the coordinates of a
    whole tile, of which some are never asked for.

    Parameters
    ----------
    sides
        Samples of the signal along each axis, the one that is scanned fastest first.
    tile
        The same of a tile, at most those of the signal.

    Examples
    --------
    >>> tiling = Tiling((5, 2), (3, 2))
    >>> tiling.counts, tiling.tiles
    ((2, 1), 2)
    >>> tiling.numbers().tolist()
    [0, 0, 0, 1, 1, 0, 0, 0, 1, 1]
    >>> tiling.codes()[:5].tolist()
    [[-2, -1], [0, -1], [2, -1], [-2, -1], [0, -1]]
    >>> Tiling((3,), (2,)).codes().tolist()
    [[-1], [1], [-1]]
    """

    sides: tuple[int, ...]
    tile: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = self.whole.axes
        if len(self.tile) != axes:
            told = size_text(self.tile)
            raise InputError(f"tiles of a signal on {axes} axes must have as many, not {told}")
        if not all(1 <= own <= side for own, side in zip(self.tile, self.sides, strict=True)):
            least = size_text((1,) * axes)
            raise InputError(
                f"tiles must be from {least} to {self.whole} samples, which the signal has, "
                f"not {size_text(self.tile)}"
            )

    @property
    def whole(self) -> Grid:
        """Coordinates of the signal without tiles."""
        return Grid(*self.sides)

    @property
    def grid(self) -> Grid:
        """Coordinates of the samples of a whole tile."""
        return Grid(*self.tile)

    @property
    def counts(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple(-(-side // own) for side, own in zip(self.sides, self.tile, strict=True))

    @property
    def tiles(self) -> int:
        """How many there are."""
        return math.prod(self.counts)

    @property
    def last(self) -> tuple[int, ...]:
        """Samples along each axis of the last tile there, which may be cut."""
        each = zip(self.sides, self.counts, self.tile, strict=True)
        return tuple(side - (count - 1) * own for side, count, own in each)

    @property
    def waiting(self) -> int:
        """Places for what a scan leaves, at a seam, before it is done with a tile.

        On two axes these are the tiles side by side, on three those of a frame: powers of two.
        """
        return math.prod(1 << (count - 1).bit_length() for count in self.counts[:-1])

    @property
    def extents(self) -> NDArray[np.int64]:
        """Samples of each tile along each axis, [tiles, axes]."""
        extents = np.tile(self.tile, (self.tiles, 1))
        places = np.unravel_index(np.arange(self.tiles), self.counts, order="F")
        for axis, place in enumerate(places):
            extents[place == self.counts[axis] - 1, axis] = self.last[axis]
        return extents

    def places(self) -> NDArray[np.int64]:
        """Return where among the tiles of each axis every sample's is, [samples, axes], in scan order."""
        samples = np.unravel_index(np.arange(self.whole.pixels), self.sides, order="F")
        return np.stack([at // own for at, own in zip(samples, self.tile, strict=True)], axis=1)

    def numbers(self) -> NDArray[np.int64]:
        """Return the tile of every sample, [samples], in scan order."""
        return self.places() @ np.cumprod((1, *self.counts[:-1]))

    def codes(self) -> Codes:
        """Return the coordinates of every sample in its tile, int64 [samples, axes], in scan order."""
        axes = len(self.tile)
        tile = self.grid.codes().reshape(*reversed(self.tile), axes)
        return self._cut(np.tile(tile, (*reversed(self.counts), 1))).reshape(-1, axes)

    def split(self, values: Values) -> Values:
        """Return what each tile shows, [tiles, samples of a whole tile, channels].

        Where a tile is cut, the signal's last samples on that axis are repeated.
        """
        axes, channels = len(self.tile), values.shape[-1]
        sizes = list(zip(reversed(self.counts), reversed(self.tile), strict=True))
        missing = [(0, n * own - side) for (n, own), side in zip(sizes, values.shape, strict=False)]
        parts = np.pad(values, (*missing, (0, 0)), mode="edge").reshape(*sum(sizes, ()), channels)
        order = (*range(0, 2 * axes, 2), *range(1, 2 * axes, 2), 2 * axes)
        return parts.transpose(order).reshape(self.tiles, self.grid.pixels, channels)

    def join(self, tiles: Values) -> Values:
        """Return the signal [..., channels] of which `split` makes the tiles."""
        axes, channels = len(self.tile), tiles.shape[-1]
        parts = tiles.reshape(*reversed(self.counts), *reversed(self.tile), channels)
        order = [place for axis in range(axes) for place in (axis, axes + axis)]
        whole = [n * own for n, own in zip(reversed(self.counts), reversed(self.tile), strict=True)]
        return self._cut(parts.transpose(*order, 2 * axes).reshape(*whole, channels))

    def _cut(self, whole: Values) -> Values:
        """Return the signal without what its last tiles have beyond it."""
        return whole[tuple(slice(side) for side in reversed(self.sides))]
