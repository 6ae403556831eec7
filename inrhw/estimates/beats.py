"""What travels on a core's streams, as numbers."""

import numpy as np
from numpy.typing import NDArray

from inrhw.artifact.manifest import Manifest

__all__ = ["coordinate_beats", "packed", "value_beats", "values_of_bits"]


def value_beats(manifest: Manifest, values: NDArray[np.integer]) -> list[int]:
    """Return m_axis_tdata for values [samples, channels]."""
    return packed(values[:, list(manifest.tdata_order)], manifest.value.bits_per_channel)


def values_of_bits(manifest: Manifest, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return values [beats, values] of bits of m_axis_tdata [beats, bits], the lowest first."""
    order, width = manifest.tdata_order, manifest.value.bits_per_channel
    each = bits[:, : len(order) * width].reshape(-1, len(order), width).astype(np.int64)
    codes = each @ (1 << np.arange(width))
    if manifest.value.signed:
        codes -= each[:, :, -1] << width
    values = np.empty_like(codes)
    values[:, list(order)] = codes
    return values


def coordinate_beats(manifest: Manifest, coordinates: NDArray[np.integer]) -> list[int]:
    """Return s_axis_tdata for coordinates [samples, axes]."""
    return packed(coordinates, manifest.coordinate.bits_per_axis)


def packed(codes: NDArray[np.integer], bits: int) -> list[int]:
    """Return each row as a number, its first code in the lowest bits, each in two's complement.

    Examples
    --------
    >>> [hex(row) for row in packed(np.array([[1, -1], [2, 3]]), 8)]
    ['0xff01', '0x302']
    """
    mask = (1 << bits) - 1
    return [sum((code & mask) << k * bits for k, code in enumerate(row)) for row in codes.tolist()]
