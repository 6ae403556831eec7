"""A signal cut into tiles of one size, or of several sizes by halving, each with its own coordinates."""

import functools
import itertools
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


@dataclass(frozen=True)
class Leaves(Tiling):
    """Tiles that may be halved on all axes, and their parts again: a quadtree of a picture.

    All leaves have the coordinates of a whole tile, from side to side; in a small leaf they are farther
    apart. So the network of a leaf is like that of a tile. Leaves are numbered tile after tile, and in a tile
    part after part, in the order in which a scan meets the first sample of each.

    Parameters
    ----------
    sides
        Samples of the signal along each axis, the one that is scanned fastest first.
    tile
        The same for a whole tile; they may exceed those of the signal.
    depths
        A digit for each leaf: how often its tile was halved to get it.

    Examples
    --------
    >>> leaves = Leaves((4, 2), (2, 2), "01111")
    >>> leaves.numbers().tolist()
    [0, 0, 1, 2, 0, 0, 3, 4]
    >>> leaves.codes()[:4].tolist()
    [[-1, -1], [1, -1], [0, 0], [0, 0]]
    """

    depths: str = ""

    def __post_init__(self) -> None:
        Tiling(self.tile, self.tile)
        if len(self.tile) != len(self.sides):
            raise InputError(
                f"leaves of a signal on {len(self.sides)} axes need a side for each, "
                f"not {size_text(self.tile)}"
            )
        if not (self.depths.isascii() and self.depths.isdecimal()):
            raise InputError(f"leaves must be one digit each, such as 0111120, not {self.depths[:40]!r}")
        if any(side % (1 << self.deepest) for side in self.tile):
            raise InputError(
                f"tiles of {size_text(self.tile)} cannot be halved {self.deepest} times; take a power of two"
            )
        _ = self.corners

    def __str__(self) -> str:
        return f"{size_text(self.tile)} in {self.tiles} leaves of {self.cells} and more"

    @property
    def turned(self) -> "Leaves":
        """The same number of leaves after half a turn; as they are where a turn makes no such tiles."""
        try:
            return Leaves(self.sides, self.tile, self.depths[::-1])
        except InputError:
            return self

    @property
    def deepest(self) -> int:
        """How often the tile of the smallest leaf was halved."""
        return max(map(int, self.depths))

    @property
    def tiles(self) -> int:
        """Number of leaves."""
        return len(self.depths)

    @property
    def number_bits(self) -> int:
        """Bits of the number of a leaf."""
        return (self.tiles - 1).bit_length()

    @property
    def map_bits(self) -> int:
        """Bits of the map for a cell: the number of its leaf and the leaf's size."""
        return self.number_bits + self.deepest.bit_length()

    @property
    def cells(self) -> Tiling:
        """The equal tiles that make up all leaves, as large as the smallest leaf."""
        cell = (min(side >> self.deepest, all_) for side, all_ in zip(self.tile, self.sides, strict=True))
        return Tiling(self.sides, tuple(cell))

    @property
    def waiting(self) -> int:
        """Places for sums that a scan leaves; a leaf's place is that of its first cell."""
        return self.cells.waiting

    @property
    def steps(self) -> NDArray[np.int64]:
        """Distance between samples of each leaf, [tiles], in that between samples of a whole tile."""
        return np.array([1 << int(depth) for depth in self.depths])

    @functools.cached_property
    def corners(self) -> NDArray[np.int64]:
        """The first sample of each leaf on each axis, [tiles, axes]."""
        # The next part is the last of the list.
        begun = itertools.product(*(range(0, n, own) for n, own in self._fastest_last))
        waiting = [(corner[::-1], 0) for corner in begun][::-1]
        found = []
        for depth in map(int, self.depths):
            if not waiting:
                break
            corner, own = waiting.pop()
            while own < depth:
                own += 1
                corner, *others = self._parts(corner, own)
                waiting += [(other, own) for other in reversed(others)]
            if own > depth:
                break
            found.append(corner)
        if waiting or len(found) < self.tiles:
            raise InputError(
                f"leaves {self.depths[:40]} do not make up tiles of {self.grid} of "
                f"{size_text(self.sides)} samples"
            )
        return np.array(found)

    @property
    def _fastest_last(self) -> list[tuple[int, int]]:
        return list(zip(reversed(self.sides), reversed(self.tile), strict=True))

    def _parts(self, corner: tuple[int, ...], depth: int) -> list[tuple[int, ...]]:
        """Return where the parts of a leaf begin that are halved `depth` times, if that is in the signal."""
        along = [
            [at for at in (first, first + (side >> depth)) if at < most]
            for first, side, most in zip(corner, self.tile, self.sides, strict=True)
        ]
        return [part[::-1] for part in itertools.product(*reversed(along))]

    @functools.cached_property
    def _numbers(self) -> NDArray[np.int64]:
        numbers = np.empty(self.sides[::-1], np.int64)
        for number, (corner, extent) in enumerate(zip(self.corners, self.extents, strict=True)):
            ends = zip(corner[::-1], extent[::-1], strict=True)
            numbers[tuple(slice(first, first + n) for first, n in ends)] = number
        return numbers

    def numbers(self) -> NDArray[np.int64]:
        """Return the leaf of every sample, [samples], in scan order."""
        return self._numbers.ravel()

    @property
    def lines_of_seams(self) -> int:
        """Lines in which a scan meets every pair of sizes side by side, and one above the other."""
        steps, last = self.steps[self._numbers], 0
        for axis in range(self._numbers.ndim):
            before, after = (np.delete(self._numbers, end, axis) for end in (-1, 0))
            pairs = (np.delete(steps, -1, axis) << 16) + np.delete(steps, 0, axis)
            places = np.nonzero(before != after)
            _, firsts = np.unique(pairs[places], return_index=True)
            last = max(last, 0, *(places[0][firsts] + (axis == 0)))
        return int(last) + 1

    def numbers_of_cells(self) -> NDArray[np.int64]:
        """Return the leaf of every cell, in scan order."""
        firsts = tuple(slice(None, None, side) for side in reversed(self.cells.tile))
        found: NDArray[np.int64] = self._numbers[firsts].ravel()
        return found

    def codes(self) -> Codes:
        """Return the coordinates of every sample in its leaf, int64 [samples, axes], in scan order."""
        return self._codes(self._inside(), self.steps[self.numbers()][:, None])

    def located(self, points: Codes, frac: int) -> tuple[NDArray[np.int64], Codes]:
        """Return the leaf of every point, [n], and the point's coordinates in it; see `Tiling.located`.

        Examples
        --------
        >>> numbers, inside = Leaves((4,), (2,), "011").located(np.array([[-1], [1], [9]]), frac=0)
        >>> numbers.tolist(), inside.ravel().tolist()
        ([0, 1, 2], [1, 0, 12])
        """
        cells, _ = self.cells.located(points, frac)
        numbers = self.numbers_of_cells()[cells]
        sides, tile = (np.array(each) << frac for each in (self.sides, self.tile))
        first = 2 * self.corners[numbers] << frac
        return numbers, (points + sides - first) * self.steps[numbers][:, None] - tile

    def split_codes(self) -> Codes:
        """Return the coordinates of what `split` gives, [tiles, samples of a whole tile, axes]."""
        steps = self.steps[:, None, None]
        return self._codes(self._whole() // steps, steps)

    def split(self, values: Values) -> Values:
        """Return the values of each leaf, [tiles, samples of a whole tile, channels].

        Samples of a small leaf are repeated to fill a whole tile. Where a leaf is cut, the signal's last
        samples on that axis are repeated.
        """
        at = self.corners[:, None, :] + self._whole() // self.steps[:, None, None]
        at = np.minimum(at, np.array(self.sides) - 1)
        found: Values = values[tuple(np.moveaxis(at, -1, 0)[::-1])]
        return found

    def join(self, tiles: Values) -> Values:
        """Return the signal [..., channels] of which `split` makes the leaves."""
        numbers = self.numbers()
        at = self._inside() * self.steps[numbers][:, None]
        place = at @ np.cumprod((1, *self.tile[:-1]))
        found: Values = tiles[numbers, place]
        return found.reshape(*reversed(self.sides), -1)

    def _codes(self, inside: NDArray[np.int64], steps: NDArray[np.int64]) -> Codes:
        """Return the coordinates of samples of leaves with the given steps."""
        found: Codes = (2 * inside + 1) * steps - np.array(self.tile)
        return found

    def _whole(self) -> NDArray[np.int64]:
        """Return which sample on each axis every sample of a whole tile is, [samples, axes]."""
        return np.stack(np.unravel_index(np.arange(self.grid.pixels), self.tile, order="F"), axis=1)

    def _inside(self) -> NDArray[np.int64]:
        """Return which sample of its leaf on each axis every sample of the signal is, [samples, axes]."""
        samples = np.unravel_index(np.arange(self.whole.pixels), self.sides, order="F")
        found: NDArray[np.int64] = np.stack(samples, axis=1) - self.corners[self.numbers()]
        return found
