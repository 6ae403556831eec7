"""The unit of each row of a folded layer: how many low bits its integers lose, so that memories hold them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed
from inrhw.ops.linear.folded_dense.fold import MemoryFormat

#: Trailing zeros of 0: more than any integer has.
_ALL_ZEROS = 63


def units(
    weight: Codes, shift: Codes, format: MemoryFormat | None, sign_bits: int
) -> tuple[Codes, int, int | None]:
    """Return how many low bits each row drops, and the width of the weights that are left.

    Parameters
    ----------
    weight
        int64 [sets, rows, columns].
    shift
        int64 [sets, 1]: that of each layer.
    format
        What the memories can hold; None: what is needed.
    sign_bits
        As of `FoldedDense.of`.

    Returns
    -------
    dropped
        int64 [sets, rows]; a negative number adds bits.
    weight_bits, level
        As in `MemoryFormat`: those of the format, if it is given.

    Raises
    ------
    InputError
        If a neuron does not fit the format.
    """
    if sign_bits:
        dropped, level = _of_signs(weight, shift, format)
        return dropped, sign_bits, level
    return *_of_numbers(weight, shift, format), None


def _of_numbers(weight: Codes, shift: Codes, format: MemoryFormat | None) -> tuple[Codes, int]:
    """Return what each row drops, and the bits of a weight."""
    # Symmetric: packed multipliers do not take the lowest code.
    bits = _each(lambda code: code.bit_length() + 1, np.abs(weight).max(axis=2))
    zeros = np.minimum(_trailing_zeros(weight), shift)
    weight_bits = format.weight_bits if format else max(2, int((bits - zeros).max()))
    dropped = np.maximum(bits - weight_bits, 0)
    if format:
        dropped = np.maximum(dropped, shift - format.shift_hi)
        dropped = np.where(shift < format.shift_lo, shift - format.shift_lo, dropped)
        wrong = (dropped > zeros) | (shift - dropped < format.shift_lo) | (bits - dropped > weight_bits)
        _check_room(wrong, format, f"{weight_bits} bits and a shift")
    return dropped, weight_bits


def _of_signs(weight: Codes, shift: Codes, format: MemoryFormat | None) -> tuple[Codes, int]:
    """Return what each row drops so that all weights have one magnitude, and log2 of that.

    It is 1 unless a weight is so large that the output has bits below those of its sum.
    """
    power = _trailing_zeros(weight)
    dead = power == _ALL_ZEROS
    power = np.where(dead, 0, power)
    if format is None:
        level = max(0, int((power - shift).max()))
    else:
        assert format.level is not None
        level = format.level
    left = shift - power + level
    living = left if dead.all() else left[~dead]
    lo, hi = (format.shift_lo, format.shift_hi) if format else (living.min(), living.max())
    left = np.where(dead, np.clip(left, lo, hi), left)
    if format:
        _check_room((left < lo) | (left > hi), format, "signs and a shift")
    return shift - left, level


def _check_room(wrong: NDArray[np.bool_], format: MemoryFormat, what: str) -> None:
    if wrong.any():
        raise InputError(
            f"neuron {int(wrong.argmax())} has weights that {what} from {format.shift_lo} to "
            f"{format.shift_hi} cannot hold"
        )


def check_held(weight: Codes, bias: Codes, shift: Codes, format: MemoryFormat) -> None:
    """Raise ValueError unless memories of the format hold these integers."""
    if format.level is None:
        _check_fits("weight", weight, Fixed(format.weight_bits, 0))
    else:
        zero = (weight == 0) & (format.weight_bits > 1)
        if not ((np.abs(weight) == 1 << format.level) | zero).all():
            raise ValueError(
                f"weight must be 2**{format.level} or its opposite{', or 0' * (format.weight_bits > 1)}"
            )
    _check_fits("bias", bias, Fixed(format.sum_width, 0))
    if shift.min() < format.shift_lo or shift.max() > format.shift_hi:
        raise ValueError(f"shift must be from {format.shift_lo} to {format.shift_hi}")


def _check_fits(name: str, codes: Codes, element: Fixed) -> None:
    if codes.min() < element.lo or codes.max() > element.hi:
        raise ValueError(f"{name} must be from {element.lo} to {element.hi}")


def scaled(codes: Codes, dropped: Codes) -> Codes:
    """Return codes without `dropped` low bits; a negative number adds bits."""
    return np.where(dropped >= 0, codes >> np.maximum(dropped, 0), codes << np.maximum(-dropped, 0))


def wrapped(codes: Codes, width: int) -> Codes:
    """Return codes modulo 2**width, in two's complement."""
    sign = 1 << (width - 1)
    return ((codes + sign) & (2 * sign - 1)) - sign


def _each(function: Callable[[int], int], codes: Codes) -> Codes:
    """Return a function of every code."""
    return np.array([function(code) for code in codes.ravel().tolist()]).reshape(codes.shape)


def _trailing_zeros(weight: Codes) -> Codes:
    """Return by how many bits all codes of each row can be shifted right without loss."""
    together = np.bitwise_or.reduce(weight, axis=2)
    return _each(lambda code: (code & -code).bit_length() - 1 if code else _ALL_ZEROS, together)
