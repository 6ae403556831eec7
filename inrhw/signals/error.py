"""The difference of two signals, amplified until it can be seen."""

from typing import TypeVar

import numpy as np

from inrhw.signals.samples import VALUES, Samples

S = TypeVar("S", bound=Samples)


def error_of(original: S, other: S, gain: int | None = None) -> tuple[S, int]:
    """Return the difference of two signals of one shape, amplified, and the gain.

    It is the absolute difference if values have no sign. The default gain is the largest whole number at
    which nothing clips, or 1 if the signals are equal.

    Examples
    --------
    >>> from inrhw.signals.kinds.picture import Picture
    >>> a, b = Picture("a", np.uint8([[[9, 9, 0]]])), Picture("b", np.uint8([[[7, 10, 0]]]))
    >>> error, gain = error_of(a, b)
    >>> error.values.tolist(), gain
    ([[[254, 127, 0]]], 127)
    """
    if original.values.shape != other.values.shape or original.value != other.value:
        raise ValueError(f"signals must have one shape, not {original.sides} and {other.sides}")
    difference = other.values.astype(np.int64) - original.values
    if not original.value.signed:
        difference = np.abs(difference)
    largest = int(np.abs(difference).max())
    if gain is None:
        gain = max(1, original.value.hi // largest) if largest else 1
    return original.with_values(
        np.clip(difference * gain, original.value.lo, original.value.hi).astype(VALUES[original.value])
    ), gain
