"""The part of a picture that a frame shows: its first pixel and its step."""

from dataclasses import dataclass

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.signals.grid import Grid

__all__ = ["FRAC", "Window"]

#: Bits of a window's numbers below half a pixel.
FRAC = 8


@dataclass(frozen=True)
class Window:
    """Where a frame's pixels lie: that of column j and row i at (x + j step, y + i step).

    All in half pixels of the picture / 2**FRAC, from the picture's middle to the right and down.

    Parameters
    ----------
    x, y
        The first pixel.
    step
        From a pixel to the next, and from a line to the next.

    Examples
    --------
    >>> Window.whole(Grid(64, 64))
    Window(x=-16128, y=-16128, step=512)
    >>> Window.around(Grid(64, 64), zoom=4)
    Window(x=-4032, y=-4032, step=128)
    """

    x: int
    y: int
    step: int

    @classmethod
    def whole(cls, grid: Grid) -> "Window":
        """Return the window that shows the picture as it is."""
        return cls((1 - grid.width) << FRAC, (1 - grid.height) << FRAC, 2 << FRAC)

    @classmethod
    def around(cls, grid: Grid, x: float = 0.0, y: float = 0.0, *, zoom: float) -> "Window":
        """Return the window `zoom` times as fine around a point, in pixels right of and below the middle."""
        if not zoom > 0:
            raise InputError(f"zoom must be over 0, not {zoom}")
        step = round((2 << FRAC) / zoom)
        left, top = (
            round(centre * (2 << FRAC)) - (side - 1) * step // 2
            for centre, side in ((x, grid.width), (y, grid.height))
        )
        return cls(left, top, step)

    def codes(self, grid: Grid) -> Codes:
        """Return the coordinates of every pixel, int64 [width * height, 2], in raster order."""
        x = self.x + self.step * np.arange(grid.width, dtype=np.int64)
        y = self.y + self.step * np.arange(grid.height, dtype=np.int64)
        return np.stack([np.tile(x, grid.height), np.repeat(y, grid.width)], axis=1)
