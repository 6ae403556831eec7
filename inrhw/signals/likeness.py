"""Similarity of two signals: PSNR, and SSIM for pictures."""

import math
from collections.abc import Callable

import numpy as np
import skimage

from inrhw.base.types import Fixed
from inrhw.signals.samples import Values, format_of

_SSIM_WINDOW = 7


def psnr_db(a: Values, b: Values) -> float:
    """Return the peak signal-to-noise ratio in dB of codes of one format and shape; inf if they are equal.

    The peak is the whole range of the format, 255 for 8 bits.

    Examples
    --------
    >>> round(psnr_db(np.uint8([[[10]]]), np.uint8([[[11]]])), 2)
    48.13
    """
    value = _format_of(a, b)
    mean_square = float(np.mean(np.square(a.astype(np.float64) - b)))
    return 10 * math.log10((value.hi - value.lo) ** 2 / mean_square) if mean_square else math.inf


def each_psnr_db(a: Values, b: Values) -> list[float]:
    """Return the PSNR of each frame of a video or slice of a volume, along the first axis."""
    return [psnr_db(one, other) for one, other in zip(a, b, strict=True)]


def largest_error(a: Values, b: Values) -> float:
    """Return the largest difference of two arrays of codes."""
    return float(np.abs(a.astype(np.int64) - b).max())


def snr_db(signal: Values, other: Values) -> float:
    """Return the ratio of the signal's power to that of the difference, in dB; inf if they are equal.

    Examples
    --------
    >>> round(snr_db(np.int16([100, -100]), np.int16([90, -90])), 6)
    20.0
    """
    power = float(np.square(signal.astype(np.float64)).mean())
    noise = float(np.square(signal.astype(np.float64) - other).mean())
    return 10 * math.log10(power / noise) if power and noise else (0.0 if noise else math.inf)


def ssim(a: Values, b: Values) -> float | None:
    """Return the structural similarity of pictures [height, width, channels], at most 1.

    None when a side is below the 7 pixels of its window.
    """
    value = _format_of(a, b)
    if min(a.shape[:2]) < _SSIM_WINDOW:
        return None
    similarity: Callable[..., float] = skimage.metrics.structural_similarity
    return float(similarity(a, b, win_size=_SSIM_WINDOW, channel_axis=2, data_range=value.hi - value.lo))


def _format_of(a: Values, b: Values) -> Fixed:
    """Return the common format; raise ValueError if types or shapes differ."""
    if a.dtype != b.dtype or a.shape != b.shape:
        raise ValueError(
            f"a and b must be of one type and shape, "
            f"not {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}"
        )
    return format_of(a)
