"""Volumes, and arrays of any origin on one to three axes."""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import skimage
from numpy.typing import NDArray

from inrhw.base.errors import InputError, said_by
from inrhw.base.names import safe_name
from inrhw.base.types import Fixed
from inrhw.signals.extra import package_for
from inrhw.signals.grid import MOST_SIDE, size_text
from inrhw.signals.likeness import largest_error, psnr_db
from inrhw.signals.montage import as_bytes, side_by_side
from inrhw.signals.samples import (
    MOST_CHANNELS,
    MOST_SAMPLES,
    VALUES,
    OnWarning,
    Samples,
    Values,
    parse_sides,
)
from inrhw.signals.signal import Signal

#: Size of the built-in volume.
_BUILTIN = "20x20x20"

#: Least and, turned over, most that the largest value of an array may be: float32 holds it.
_LEAST = 1e-30

#: A last of three axes holds channels if it has at most so many places, and fewer than both others.
_CHANNELS = 4

_NUMPY = frozenset([".npy", ".npz"])
_SUFFIXES = _NUMPY | {".nii", ".gz"}


@dataclass(frozen=True, repr=False)
class Volume(Samples):
    """An array as plain numbers.

    Parameters
    ----------
    name, values
        As of every signal.
    step
        Value of code 1 in the array's own unit; 1 for an array of integers that fit 16 bits.
    """

    kind: ClassVar[str] = "volume"
    axes: ClassVar[range] = range(1, 4)
    suffix: ClassVar[str] = ".npy"
    other_suffixes: ClassVar[tuple[str, ...]] = (".nii",)
    measures: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "psnr_db": ("PSNR", "dB", "peak: the whole range of the format, against the original"),
        "largest_error": ("Largest error", "1", "in the array's own unit"),
    }

    step: float = 1.0

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Return whether it is a numpy or NIfTI file."""
        return path.suffix.lower() in _SUFFIXES - {".gz"} or path.name.lower().endswith(".nii.gz")

    @classmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Self:
        """Return the array in an .npy, an .npz with one array, or a .nii.

        Integers that fit 16 bits are unchanged. Other values are rounded to 16 bits, scaled so that the
        largest value is the largest code. The last of four axes holds channels; in numpy files also the last
        of three axes if it has at most 4 elements, and fewer than both others. NIfTI has vectors of channels
        on its fifth axis.
        """
        array = array_in(path)
        told = path.suffix.lower() in _NUMPY
        values, step = coded(_resampled(with_channels(array) if told else array, size, path), path)
        if step != 1:
            on_warning(f"{path} holds {array.dtype} and is rounded to 16 bits: steps of {step:.3g}")
        return cls(safe_name(path.stem), values, step)

    @classmethod
    def builtin(cls, size: str) -> Self:
        """Return scikit-image's binary blobs, blurred: porous matter of 8 bits."""
        sides = parse_sides(size or _BUILTIN, range(3, 4), "a volume")
        blobs: Callable[..., NDArray[np.bool_]] = skimage.data.binary_blobs
        longest = max(sides)
        solid = blobs(length=longest, n_dim=3, volume_fraction=0.4, blob_size_fraction=0.25, rng=0)
        blur: Callable[..., NDArray[np.float64]] = skimage.filters.gaussian
        blurred = blur(solid.astype(np.float64), longest / 32)
        width, height, depth = sides
        codes = np.round(255 * blurred[:depth, :height, :width] / blurred.max()).astype(np.uint8)
        return cls("blobs", codes[..., np.newaxis])

    @classmethod
    def read(cls, path: Path, name: str, value: Fixed, details: Mapping[str, Any]) -> Self:
        """Return what `write` wrote."""
        step = float(details.get("step", 1.0))
        values = np.round(array_in(path) / step).astype(VALUES[value])
        if "on_axes" in details and values.ndim > details["on_axes"]:
            return cls(name, values, step)
        return cls(name, values[..., np.newaxis] if "on_axes" in details else with_channels(values), step)

    @property
    def details(self) -> dict[str, Any]:
        """The step, and the number of axes, which shows whether the last one is channels."""
        return super().details | {"on_axes": len(self.sides)}

    def encoded(self, suffix: str) -> bytes:
        """Return an .npy of the array's own numbers, without an axis for a single channel, or NIfTI."""
        array = self.values if self.step == 1 else (self.values * self.step).astype(np.float32)
        plain = array[..., 0]
        if suffix != self.suffix:
            nibabel = package_for("nibabel", Path(suffix), "take .npy")
            scan: bytes = nibabel.Nifti1Image(_in_nifti(array), np.eye(4)).to_bytes()
            return scan
        buffer = io.BytesIO()
        # With its axis of channels where one would be seen in x.
        np.save(buffer, plain if self.channels == 1 and with_channels(plain).shape == array.shape else array)
        return buffer.getvalue()

    def likeness(self, other: Samples) -> dict[str, float | None]:
        """Return PSNR in dB, and the largest error in the array's own unit."""
        return {
            "psnr_db": psnr_db(self.values, other.values),
            "largest_error": largest_error(self.values, other.values) * self.step,
        }

    def shown(self) -> NDArray[np.uint8]:
        """Return some slices side by side."""
        return side_by_side(as_bytes(self.values, self.value))


def array_in(path: Path) -> NDArray[Any]:
    """Return the array in a file, of 1 to 4 axes; raise InputError unless all values are finite numbers."""
    try:
        array = np.asarray(_opened(path))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the file") from None
    except (InputError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes numpy raise nearly anything
        raise InputError(
            f"{path} is not a readable array ({said_by(error)}); write it by numpy.save"
        ) from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path} holds {array.dtype}; give real numbers")
    if not 1 <= array.ndim <= 4 or not array.size:
        raise InputError(f"{path} has the shape {list(array.shape)}; give 1 to 3 axes, and one of channels")
    if not np.isfinite(array).all():
        raise InputError(f"{path} holds NaN or infinity")
    return array


def _opened(path: Path) -> NDArray[Any]:
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            array: NDArray[Any] = np.load(file, allow_pickle=False)
        return array
    if path.suffix.lower() == ".npz":
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if len(arrays.files) != 1:
                raise InputError(f"{path} holds {len(arrays.files)} arrays; give a file with one of them")
            only: NDArray[Any] = arrays[arrays.files[0]]
            return only
    nibabel = package_for("nibabel", path, "give the array as .npy")
    try:
        scan = np.asarray(nibabel.load(path).dataobj)
    except FileNotFoundError:
        raise
    except Exception as error:  # its errors have no common class but this
        raise InputError(f"{path} is not a readable volume ({said_by(error)})") from error
    return _out_of_nifti(scan)


def _in_nifti(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with an axis of channels as NIfTI has it: x, y, z, and channels if there are several.

    With fewer than three axes, channels are on the fifth axis, as for vectors, so that they are not read as
    z.
    """
    *others, channels = array.shape
    turned = array.transpose(*range(len(others) - 1, -1, -1), len(others))
    if channels == 1:
        return turned[..., 0]
    return (
        turned if len(others) == 3 else turned.reshape(*reversed(others), *[1] * (4 - len(others)), channels)
    )


def _out_of_nifti(scan: NDArray[Any]) -> NDArray[Any]:
    """Return a NIfTI array with an axis of channels; for vectors, without axes of length one."""
    if scan.ndim < 4:
        return scan.T[..., np.newaxis]
    if scan.ndim == 5 and scan.shape[3] == 1:
        axes = max([axis for axis in range(3) if scan.shape[axis] > 1], default=0) + 1
        scan = scan.reshape(*scan.shape[:axes], scan.shape[-1])
    return scan.transpose(*range(scan.ndim - 2, -1, -1), scan.ndim - 1)


def with_channels(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array whose last axis is channels: the array's own axis of channels, or a new one.

    Examples
    --------
    >>> with_channels(np.zeros((8, 8, 8))).shape, with_channels(np.zeros((8, 8, 3))).shape
    ((8, 8, 8, 1), (8, 8, 3))
    """
    *others, last = array.shape
    own = array.ndim == 4 or (array.ndim == 3 and last <= _CHANNELS and last < min(others))
    return array if own else array[..., np.newaxis]


def coded(array: NDArray[Any], path: Path) -> tuple[Values, float]:
    """Return the codes of an array with an axis of channels, and the value of code 1.

    Integers get the first format that holds them. Other values take the whole range of 16 bits: unsigned,
    unless one is negative.
    """
    if array.shape[-1] > MOST_CHANNELS:
        raise InputError(f"{path} has {array.shape[-1]} channels; at most {MOST_CHANNELS} are possible")
    lo, hi = array.min(), array.max()
    if array.dtype.kind in "bui":
        for format, dtype in VALUES.items():
            if format.lo <= lo and hi <= format.hi:
                return array.astype(dtype), 1.0
    largest = max(abs(float(lo)), abs(float(hi)))
    if largest and not _LEAST <= largest <= 1 / _LEAST:
        raise InputError(f"{path} has values up to {largest:.3g}; scale them to between 1e-30 and 1e30")
    format = Fixed(16, 0, signed=bool(lo < 0))
    step = largest / format.hi or 1.0
    return np.round(array.astype(np.float64) / step).astype(VALUES[format]), step


def _resampled(array: NDArray[Any], size: str, path: Path) -> NDArray[Any]:
    """Return an array with an axis of channels, at the given size or at its own."""
    axes = array.ndim - 1
    own = tuple(reversed(array.shape[:-1]))
    if not size:
        if math.prod(own) > MOST_SAMPLES or max(own) > MOST_SIDE:
            smaller = "x".join(["64"] * axes)
            raise InputError(
                f"{path} has {size_text(own)} samples; an axis may have {MOST_SIDE:,} and a volume "
                f"{MOST_SAMPLES:,}: shrink it, for example with --size {smaller}"
            )
        return array
    sides = parse_sides(size, range(axes, axes + 1), f"an array of {axes} axes")
    if sides == own:
        return array
    shape = (*reversed(sides), array.shape[-1])
    resize: Callable[..., NDArray[np.float64]] = skimage.transform.resize
    found = resize(array.astype(np.float64), shape, order=1, preserve_range=True, anti_aliasing=True)
    return np.round(found).astype(np.int64) if array.dtype.kind in "bui" else found
