"""A signal cut into tiles of several sizes, by halving where it is hard."""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.signals.grid import size_text
from inrhw.signals.samples import Values
from inrhw.signals.tiles.tiling import Tiling


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
