"""A signal cut into patches, one for each evaluation of a network."""

import math
from dataclasses import dataclass

from inrhw.base.errors import InputError
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.samples import Values

#: Samples of a patch at most: a network has an output for each value of each of them.
MOST_SAMPLES = 64


@dataclass(frozen=True)
class Patches:
    """Patches of a signal, whose coordinates are their centres.

    The centres of patches are those of the samples of a signal with one sample for each patch: `grid`. The
    values of a patch are those of its samples, in the order of a scan of the patch.

    Parameters
    ----------
    sides
        Samples of the signal along each axis, the one that is scanned fastest first.
    patch
        The same for a patch; they must divide those of the signal. () if a patch is a sample.

    Examples
    --------
    >>> patches = Patches((4, 2), (2, 2))
    >>> patches.samples, str(patches.grid)
    (4, '2x1')
    >>> import numpy as np
    >>> picture = np.arange(8).reshape(2, 4, 1)
    >>> patches.gather(picture).tolist()
    [[[0, 1, 4, 5], [2, 3, 6, 7]]]
    >>> bool((patches.scatter(patches.gather(picture)) == picture).all())
    True
    """

    sides: tuple[int, ...]
    patch: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        Grid(*self.sides)
        if not self.patch:
            object.__setattr__(self, "patch", (1,) * len(self.sides))
        told = size_text(self.patch)
        if len(self.patch) != len(self.sides):
            raise InputError(
                f"patches of a signal on {len(self.sides)} axes need a side for each, not {told}"
            )
        if min(self.patch) < 1 or self.samples > MOST_SAMPLES:
            raise InputError(f"a patch must have 1 to {MOST_SAMPLES} samples, not {told}")
        if any(side % own for side, own in zip(self.sides, self.patch, strict=True)):
            raise InputError(
                f"patches of {told} do not divide {size_text(self.sides)} samples; choose others"
            )

    @property
    def samples(self) -> int:
        """Samples of a patch."""
        return math.prod(self.patch)

    @property
    def grid(self) -> Grid:
        """Coordinates of the patches."""
        return Grid(*(side // own for side, own in zip(self.sides, self.patch, strict=True)))

    def clocks_by_lines(self, interval: int) -> float:
        """Return the mean number of clocks from one sample to the next if samples leave line by line.

        Parameters
        ----------
        interval
            Clocks from one patch to the next. A line buffer gives at most a sample a clock.
        """
        return max(1, interval / self.samples)

    def gather(self, values: Values) -> Values:
        """Return values [..., y, x, channels] as those of patches, [..., y, x, samples * channels]."""
        axes = len(self.patch)
        sizes = zip(reversed(self.grid.sides), reversed(self.patch), strict=True)
        order = (*range(0, 2 * axes, 2), *range(1, 2 * axes, 2), 2 * axes)
        parts = values.reshape(*sum(sizes, ()), values.shape[-1]).transpose(order)
        return parts.reshape(*reversed(self.grid.sides), -1)

    def scatter(self, values: Values) -> Values:
        """Return values of patches as those of the signal: the inverse of `gather`."""
        axes = len(self.patch)
        order = [at for axis in range(axes) for at in (axis, axes + axis)]
        parts = values.reshape(*reversed(self.grid.sides), *reversed(self.patch), -1)
        return parts.transpose(*order, 2 * axes).reshape(*reversed(self.sides), -1)
