"""Sample positions as exact integers."""

import math
from dataclasses import dataclass

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed, Vector

__all__ = ["MOST_AXES", "MOST_SIDE", "Grid", "size_text"]

#: Axes that a signal has at most.
MOST_AXES = 3

#: Samples along an axis at most.
MOST_SIDE = 1 << 16


@dataclass(frozen=True, init=False)
class Grid:
    """The coordinates of a signal's samples, on one to three axes.

    Sample j of `side` has its centre at ``x_j = (2 j + 1) / side - 1``. This is a binary fraction only if the
    side is a power of two, so hardware and models take ``u / 2**frac`` with the integer
    ``u = 2 j + 1 - side``, and the first layer's weights absorb the factor ``2**frac / side``. Along a line u
    grows by two for any size, so phase accumulators can replace multipliers.

    Parameters
    ----------
    sides
        Samples along each axis, the one that is scanned fastest first: width and height of a picture.
    least_frac
        Least number of fraction bits of `element`, so that signals of several sizes have one format.

    Examples
    --------
    >>> Grid(3, 2).codes().tolist()
    [[-2, -1], [0, -1], [2, -1], [-2, 1], [0, 1], [2, 1]]
    >>> Grid(3, 2).element, Grid(4, 2).scale
    (Fixed(width=3, frac=2, signed=True), (1.0, 2.0))
    >>> Grid(4).codes().tolist()
    [[-3], [-1], [1], [3]]
    """

    sides: tuple[int, ...]
    least_frac: int

    def __init__(self, *sides: int, least_frac: int = 1) -> None:
        if not 1 <= len(sides) <= MOST_AXES:
            raise InputError(f"a signal has 1 to {MOST_AXES} axes, not {len(sides)}")
        for side in sides:
            if not isinstance(side, int) or not 1 <= side <= MOST_SIDE:
                raise InputError(f"an axis must have 1 to {MOST_SIDE} samples, not {side!r}")
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "least_frac", least_frac)

    @property
    def axes(self) -> int:
        """Number of axes."""
        return len(self.sides)

    @property
    def width(self) -> int:
        """Samples in a line."""
        return self.sides[0]

    @property
    def height(self) -> int:
        """Lines in a frame."""
        return self.sides[1] if self.axes > 1 else 1

    @property
    def element(self) -> Fixed:
        """Format of one coordinate, shared by all axes."""
        frac = max(self.least_frac, (max(self.sides) - 1).bit_length())
        return Fixed(frac + 1, frac)

    @property
    def vector(self) -> Vector:
        """Output of a coordinate source: x, then y, then z."""
        return Vector(self.element, self.axes)

    @property
    def scale(self) -> tuple[float, ...]:
        """Factor from ``u / 2**frac`` to the sample's centre, for each axis."""
        return tuple(2.0**self.element.frac / side for side in self.sides)

    @property
    def pixels(self) -> int:
        """Number of samples."""
        return math.prod(self.sides)

    def codes(self) -> Codes:
        """Return u of every sample, int64 [samples, axes], the first axis fastest: raster order."""
        along = [2 * np.arange(side, dtype=np.int64) + 1 - side for side in reversed(self.sides)]
        axes = np.meshgrid(*along, indexing="ij")
        return np.stack([axis.ravel() for axis in reversed(axes)], axis=1)

    def __str__(self) -> str:
        return size_text(self.sides)


def size_text(sides: tuple[int, ...]) -> str:
    """Return sides in the form 64x48.

    Examples
    --------
    >>> size_text((64, 48))
    '64x48'
    """
    return "x".join(map(str, sides))
