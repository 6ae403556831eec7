"""Pixel centres as exact integers."""

from dataclasses import dataclass

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed, Vector

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """The coordinates of a picture's pixels.

    Pixel j of `width` has its centre at ``x_j = (2 j + 1) / width - 1``. That is no binary fraction unless
    the width is a power of two, so hardware and models take ``u / 2**frac`` with the integer
    ``u = 2 j + 1 - width``, and the first layer's weights absorb the factor ``2**frac / width``. Along a line
    u grows by two, whatever the size: this is what lets phase accumulators replace multipliers.

    Parameters
    ----------
    width, height
        Size in pixels.
    least_frac
        Fraction bits that `element` has at least, so that pictures of several sizes have one format.

    Examples
    --------
    >>> Grid(3, 2).codes().tolist()
    [[-2, -1], [0, -1], [2, -1], [-2, 1], [0, 1], [2, 1]]
    >>> Grid(3, 2).element, Grid(4, 2).scale
    (Fixed(width=3, frac=2, signed=True), (1.0, 2.0))
    """

    width: int
    height: int
    least_frac: int = 1

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not isinstance(side, int) or not 1 <= side <= 65536:
                raise InputError(f"width and height must be from 1 to 65536 pixels, not {side!r}")

    @property
    def element(self) -> Fixed:
        """Format of one coordinate, shared by both axes."""
        frac = max(self.least_frac, (max(self.width, self.height) - 1).bit_length())
        return Fixed(frac + 1, frac)

    @property
    def vector(self) -> Vector:
        """What a coordinate source puts out: x, then y."""
        return Vector(self.element, 2)

    @property
    def scale(self) -> tuple[float, float]:
        """Factor from ``u / 2**frac`` to the pixel centre, for x and y."""
        return 2.0**self.element.frac / self.width, 2.0**self.element.frac / self.height

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height

    def codes(self) -> Codes:
        """Return u of every pixel, int64 [width * height, 2], in raster order."""
        x = 2 * np.arange(self.width, dtype=np.int64) + 1 - self.width
        y = 2 * np.arange(self.height, dtype=np.int64) + 1 - self.height
        rows, columns = np.meshgrid(y, x, indexing="ij")
        return np.stack([columns.ravel(), rows.ravel()], axis=1)
