"""A picture cut into tiles of one size, each of which has coordinates of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.signals.grid import Grid
from inrhw.signals.kinds.picture import Pixels, parse_size


@dataclass(frozen=True)
class Tiling:
    """Tiles of a picture, numbered line by line from the upper left.

    Where the tiles do not divide the picture, those at its right and lower border are cut: they have the
    coordinates of a whole tile, of which some are never asked for.

    Parameters
    ----------
    width, height
        Of the picture in pixels.
    tile_width, tile_height
        Of a tile in pixels, at most those of the picture.

    Examples
    --------
    >>> tiling = Tiling(5, 2, 3, 2)
    >>> tiling.columns, tiling.rows, tiling.tiles
    (2, 1, 2)
    >>> tiling.numbers().tolist()
    [0, 0, 0, 1, 1, 0, 0, 0, 1, 1]
    >>> tiling.codes()[:5].tolist()
    [[-2, -1], [0, -1], [2, -1], [-2, -1], [0, -1]]
    """

    width: int
    height: int
    tile_width: int
    tile_height: int

    def __post_init__(self) -> None:
        Grid(self.width, self.height)
        if not (1 <= self.tile_width <= self.width and 1 <= self.tile_height <= self.height):
            raise InputError(
                f"tiles must be from 1x1 to {self.width}x{self.height} pixels, which the picture has, "
                f"not {self.tile_width}x{self.tile_height}"
            )

    @property
    def columns(self) -> int:
        """Tiles side by side."""
        return -(-self.width // self.tile_width)

    @property
    def rows(self) -> int:
        """Tiles one below the other."""
        return -(-self.height // self.tile_height)

    @property
    def tiles(self) -> int:
        """How many there are."""
        return self.columns * self.rows

    @property
    def grid(self) -> Grid:
        """Coordinates of the pixels of a whole tile."""
        return Grid(self.tile_width, self.tile_height)

    @property
    def last_width(self) -> int:
        """Pixels in a line of a tile at the right border."""
        return self.width - (self.columns - 1) * self.tile_width

    @property
    def last_height(self) -> int:
        """Lines of a tile at the lower border."""
        return self.height - (self.rows - 1) * self.tile_height

    @property
    def widths(self) -> NDArray[np.int64]:
        """Pixels in a line of each tile, [tiles]."""
        line = np.full(self.columns, self.tile_width)
        line[-1] = self.last_width
        return np.tile(line, self.rows)

    def numbers(self) -> NDArray[np.int64]:
        """Return the tile of every pixel, [width * height], in raster order."""
        column = np.arange(self.width) // self.tile_width
        row = np.arange(self.height) // self.tile_height
        return (row[:, None] * self.columns + column).ravel()

    def codes(self) -> Codes:
        """Return the coordinates of every pixel in its tile, int64 [width * height, 2], in raster order."""
        tile = self.grid.codes().reshape(self.tile_height, self.tile_width, 2)
        whole = np.tile(tile, (self.rows, self.columns, 1))
        return whole[: self.height, : self.width].reshape(-1, 2)

    def split(self, values: Pixels) -> Pixels:
        """Return what each tile shows, [tiles, pixels of a whole tile, channels].

        Where a tile is cut, the picture's last line or column is repeated.
        """
        across, down = self.tile_width * self.columns, self.tile_height * self.rows
        padded = np.pad(values, ((0, down - self.height), (0, across - self.width), (0, 0)), mode="edge")
        parts = padded.reshape(self.rows, self.tile_height, self.columns, self.tile_width, -1)
        return parts.transpose(0, 2, 1, 3, 4).reshape(self.tiles, self.grid.pixels, -1)

    def join(self, tiles: Pixels) -> Pixels:
        """Return the picture [height, width, channels] of which `split` makes the tiles."""
        parts = tiles.reshape(self.rows, self.columns, self.tile_height, self.tile_width, -1)
        whole = parts.transpose(0, 2, 1, 3, 4).reshape(
            self.rows * self.tile_height, self.columns * self.tile_width, -1
        )
        return whole[: self.height, : self.width]


def parse_tile(text: str) -> tuple[int, int]:
    """Return width and height of a tile; raise InputError unless the text is such as 32x32."""
    try:
        return parse_size(text)
    except InputError:
        raise InputError(f"tiles must be WIDTHxHEIGHT in pixels, such as 32x32, not {text[:40]!r}") from None
