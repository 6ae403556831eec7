"""The part of a picture that a frame shows: its first pixel and its step."""

from dataclasses import dataclass

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed
from inrhw.signals.grid import Grid
from inrhw.signals.tiles.tiling import Tiling

__all__ = ["FRAC", "Window", "WindowNumbers"]

#: Bits of a window's numbers below half a pixel.
FRAC = 8

#: Integer bits of the step, which is below 8 half pixels: a frame shows up to 4 times the picture's width.
_STEP_BITS = 3

#: Bits more than those of a pixel's coordinate that the first pixel's has, so that the same frame can be
#: centred; and those that the last pixel's has then.
_FIRST_BITS, _ANY_BITS = 2, 4


@dataclass(frozen=True)
class Window:
    """Positions of a frame's pixels: column j, row i is at (x + j step, y + i step).

    All in half pixels of the picture / 2**FRAC, from the picture's middle to the right and down.

    Parameters
    ----------
    x, y
        The first pixel.
    step
        Distance between pixels, and between lines.

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
        """Return the window that shows the whole picture."""
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


@dataclass(frozen=True)
class WindowNumbers:
    """Formats of the numbers of a window over a picture.

    Examples
    --------
    >>> numbers = WindowNumbers(Grid(64, 64))
    >>> numbers.position.width, numbers.step.width, numbers.anywhere.width
    (17, 11, 19)
    """

    grid: Grid

    @property
    def position(self) -> Fixed:
        """Format of a window's x and y."""
        return self._finer(_FIRST_BITS)

    @property
    def step(self) -> Fixed:
        """Format of a window's step."""
        return Fixed(_STEP_BITS + FRAC, self.position.frac, signed=False)

    @property
    def anywhere(self) -> Fixed:
        """Format of a coordinate anywhere in any window."""
        return self._finer(_ANY_BITS)

    def anywhere_in(self, tiling: Tiling) -> Fixed:
        """Return the same format for coordinates in a tile of the picture, of leaves in the smallest one."""
        return Fixed(self.anywhere.width + tiling.deepest, tiling.grid.element.frac + FRAC)

    @property
    def whole(self) -> Window:
        """The window that shows the whole picture, as after power-up."""
        return Window.whole(self.grid)

    def codes(self, window: Window | None = None) -> Codes:
        """Return the coordinates of every pixel in a window, the whole one if None; see `Window.codes`.

        Raises
        ------
        InputError
            If the window's numbers do not fit.
        """
        window = window or self.whole
        for name, form in (("x", self.position), ("y", self.position), ("step", self.step)):
            value = getattr(window, name)
            if not form.lo <= value <= form.hi:
                raise InputError(f"{name} of the window must be from {form.lo} to {form.hi}, not {value}")
        return window.codes(self.grid)

    def _finer(self, more: int) -> Fixed:
        element = self.grid.element
        return Fixed(element.width + more + FRAC, element.frac + FRAC)
