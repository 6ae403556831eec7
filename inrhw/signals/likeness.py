"""How alike two pictures are: PSNR and SSIM."""

import math
from collections.abc import Callable

import numpy as np
import skimage

from inrhw.signals.picture import Pixels

_SSIM_WINDOW = 7


def psnr_db(a: Pixels, b: Pixels) -> float:
    """Return the peak signal-to-noise ratio in dB of two uint8 arrays of one shape; inf when equal.

    Examples
    --------
    >>> round(psnr_db(np.uint8([[[10]]]), np.uint8([[[11]]])), 2)
    48.13
    """
    _check_alike(a, b)
    mean_square = float(np.mean(np.square(a.astype(np.float64) - b)))
    return 10 * math.log10(255**2 / mean_square) if mean_square else math.inf


def ssim(a: Pixels, b: Pixels) -> float | None:
    """Return the structural similarity of uint8 [height, width, channels], at most 1.

    None when a side is below the 7 pixels of its window.
    """
    _check_alike(a, b)
    if min(a.shape[:2]) < _SSIM_WINDOW:
        return None
    similarity: Callable[..., float] = skimage.metrics.structural_similarity
    return float(similarity(a, b, win_size=_SSIM_WINDOW, channel_axis=2, data_range=255))


def _check_alike(a: Pixels, b: Pixels) -> None:
    if a.dtype != np.uint8 or b.dtype != np.uint8 or a.shape != b.shape:
        raise ValueError(
            f"a and b must be uint8 of one shape, not {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}"
        )
