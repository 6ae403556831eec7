"""Pictures of signals that are not pictures: slices and frames side by side, curves."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inrhw.base.types import Fixed
from inrhw.signals.samples import Values

#: Slices or frames that are shown at most.
_SLICES = 12

#: Pixels between them.
_GAP = 2

#: Height of a curve, and its greatest length.
CURVE_HEIGHT, CURVE_LENGTH = 160, 720


def as_bytes(values: Values, value: Fixed) -> NDArray[np.uint8]:
    """Return codes of a format as 8 bits, its lowest code as 0 and its highest as 255."""
    return np.round((values.astype(np.float64) - value.lo) * 255 / (value.hi - value.lo)).astype(np.uint8)


def side_by_side(values: NDArray[np.uint8], across: int = 4) -> NDArray[np.uint8]:
    """Return a picture [height, width, 1 or 3] of values [..., y, x, channels] of one to three axes.

    Three axes give up to 12 evenly spaced slices; one axis gives a curve.
    """
    shown = values[..., :3] if values.shape[-1] >= 3 else values[..., :1]
    if shown.ndim == 2:
        return curve(shown[:, 0])
    if shown.ndim == 3:
        return shown
    depth, height, width, channels = shown.shape
    places = list(slices(depth, height, width, across))
    bottom, right = (max(place[axis] for place in places) for axis in (1, 2))
    picture = np.full((bottom + height, right + width, channels), 255, np.uint8)
    for number, top, left in places:
        picture[top : top + height, left : left + width] = shown[number]
    return picture


def slices(depth: int, height: int, width: int, across: int = 4) -> Iterator[tuple[int, int, int]]:
    """Yield the slices that `side_by_side` shows, each with its top and left in the picture.

    Examples
    --------
    >>> list(slices(2, 5, 6))
    [(0, 0, 0), (1, 0, 8)]
    """
    chosen = np.unique(np.linspace(0, depth - 1, min(_SLICES, depth)).round().astype(int))
    for place, number in enumerate(chosen.tolist()):
        row, column = divmod(place, min(across, len(chosen)))
        yield number, row * (height + _GAP), column * (width + _GAP)


def curve(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture [height, width, 1] of values on one axis: each column spans its range.

    Examples
    --------
    >>> curve(np.uint8([0, 255])).shape
    (160, 2, 1)
    """
    columns = np.array_split(values, min(CURVE_LENGTH, len(values)))
    picture = np.full((CURVE_HEIGHT, len(columns), 1), 255, np.uint8)
    for column, part in enumerate(columns):
        # From the value before it, so that the curve has no holes.
        joined = [*(columns[column - 1][-1:] if column else ()), *part]
        ends = (min(joined), max(joined))
        bottom, top = (round((255 - int(end)) * (CURVE_HEIGHT - 1) / 255) for end in ends)
        picture[top : bottom + 1, column] = 60
    return picture
