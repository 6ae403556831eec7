"""A signal cut into tiles of one size, each with its own coordinates."""

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
    """Tiles of a signal, numbered in the order of a scan.

    If tiles do not divide the signal, the last ones on an axis are cut: they have the coordinates of a whole
    tile, some of which are never used.

    Parameters
    ----------
    sides
        Samples of the signal along each axis, the one that is scanned fastest first.
    tile
        The same for a tile, at most those of the signal.

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
            raise InputError(f"tiles of a signal on {axes} axes need a side for each, not {told}")
        if not all(1 <= own <= side for own, side in zip(self.tile, self.sides, strict=True)):
            least = size_text((1,) * axes)
            raise InputError(
                f"tiles must be from {least} to {self.whole} samples, which the signal has, "
                f"not {size_text(self.tile)}"
            )

    def __str__(self) -> str:
        return size_text(self.tile)

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
    def cells(self) -> "Tiling":
        """The equal tiles that make up all tiles: the tiles themselves."""
        return self

    @property
    def deepest(self) -> int:
        """How often the smallest tile was halved."""
        return 0

    @property
    def last(self) -> tuple[int, ...]:
        """Samples along each axis of the last tile there, which may be cut."""
        each = zip(self.sides, self.counts, self.tile, strict=True)
        return tuple(side - (count - 1) * own for side, count, own in each)

    @property
    def waiting(self) -> int:
        """Places for the sums of tiles that a scan leaves at a seam and returns to.

        On two axes these are the tiles side by side, on three those of a frame: powers of two.
        """
        return math.prod(1 << (count - 1).bit_length() for count in self.counts[:-1])

    @property
    def corners(self) -> NDArray[np.int64]:
        """The first sample of each tile on each axis, [tiles, axes]."""
        places = np.unravel_index(np.arange(self.tiles), self.counts, order="F")
        corners: NDArray[np.int64] = np.stack(places, axis=1) * np.array(self.tile)
        return corners

    @property
    def extents(self) -> NDArray[np.int64]:
        """Samples of each tile along each axis, [tiles, axes]."""
        whole = np.array(self.tile) // self.steps[:, None]
        return np.minimum(whole, np.array(self.sides) - self.corners)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Distance between samples of each tile, [tiles], in that between samples of a whole tile."""
        return np.ones(self.tiles, np.int64)

    @property
    def lines_of_seams(self) -> int:
        """Lines, on three axes frames, in which a scan meets every kind of seam: a tile's, and one more."""
        return self.tile[-1] + 1

    def places(self) -> NDArray[np.int64]:
        """Return the position of each sample's tile on each axis, [samples, axes], in scan order."""
        samples = np.unravel_index(np.arange(self.whole.pixels), self.sides, order="F")
        return np.stack([at // own for at, own in zip(samples, self.tile, strict=True)], axis=1)

    def numbers(self) -> NDArray[np.int64]:
        """Return the tile of every sample, [samples], in scan order."""
        return self.places() @ np.cumprod((1, *self.counts[:-1]))

    def numbers_of_cells(self) -> NDArray[np.int64]:
        """Return the tile of every cell, in scan order."""
        return np.arange(self.tiles)

    def codes(self) -> Codes:
        """Return the coordinates of every sample in its tile, int64 [samples, axes], in scan order."""
        axes = len(self.tile)
        tile = self.grid.codes().reshape(*reversed(self.tile), axes)
        return self._cut(np.tile(tile, (*reversed(self.counts), 1))).reshape(-1, axes)

    def located(self, points: Codes, frac: int) -> tuple[NDArray[np.int64], Codes]:
        """Return the tile of every point, [n], and the point's coordinates in it, [n, axes].

        Parameters
        ----------
        points
            Coordinates in the whole signal, [n, axes], in units of ``2**-frac``. One on a seam belongs to the
            tile that begins there, one beyond the signal to the tile at the border.
        frac
            Bits below those of a sample's coordinates.

        Examples
        --------
        >>> numbers, inside = Tiling((4,), (2,)).located(np.array([[-9], [-1], [0], [9]]), frac=1)
        >>> numbers.tolist(), inside.ravel().tolist()
        ([0, 0, 1, 1], [-5, 3, -4, 5])
        """
        sides, tile = (np.array(each) << frac for each in (self.sides, self.tile))
        places = np.clip((points + sides) // (2 * tile), 0, np.array(self.counts) - 1)
        return places @ np.cumprod((1, *self.counts[:-1])), points + sides - (2 * places + 1) * tile

    def split_codes(self) -> Codes:
        """Return the coordinates of what `split` gives, for all tiles alike: [samples of a tile, axes]."""
        return self.grid.codes()

    def split(self, values: Values) -> Values:
        """Return the values of each tile, [tiles, samples of a whole tile, channels].

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
        """Return the signal without the parts of its last tiles beyond the border."""
        return whole[tuple(slice(side) for side in reversed(self.sides))]
