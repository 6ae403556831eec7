"""A signal as plain numbers: values on a grid of one to three axes."""

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inrhw.base import notebook
from inrhw.base.errors import InputError
from inrhw.base.files import write_atomically
from inrhw.base.names import safe_name
from inrhw.base.settings import check_fields
from inrhw.base.types import Fixed
from inrhw.signals.grid import MOST_SIDE, size_text
from inrhw.signals.signal import Signal

__all__ = [
    "MOST_CHANNELS",
    "PIXEL",
    "VALUES",
    "OnWarning",
    "Samples",
    "Values",
    "check_channels",
    "check_value",
    "format_of",
    "half_range",
    "middle",
]

#: Codes of any of the formats.
Values = NDArray[Any]

#: Called with a sentence when a signal is not taken as its file has it.
OnWarning = Callable[[str], None]

#: What a picture's values are, and what leaves a network by default.
PIXEL = Fixed(8, 0, signed=False)

#: The formats that values can have, with the type that holds their codes.
VALUES: Mapping[Fixed, np.dtype[Any]] = {
    PIXEL: np.dtype(np.uint8),
    Fixed(16, 0, signed=False): np.dtype(np.uint16),
    Fixed(8, 0): np.dtype(np.int8),
    Fixed(16, 0): np.dtype(np.int16),
}

#: Values of a sample at most.
MOST_CHANNELS = 8


def check_value(value: Fixed) -> Fixed:
    """Return a format, or raise InputError unless it is one of `VALUES`."""
    if value not in VALUES:
        raise InputError(f"value must be one of {', '.join(map(str, VALUES))}, not {value}")
    return value


def format_of(values: Values) -> Fixed:
    """Return the format of codes; raise InputError if there is none of their type."""
    for format, dtype in VALUES.items():
        if values.dtype == dtype:
            return format
    raise InputError(f"values must be {', '.join(map(str, VALUES.values()))}, not {values.dtype}")


def half_range(value: Fixed) -> float:
    """Return the distance from `middle` to the largest code, which a network's 1 becomes.

    Examples
    --------
    >>> half_range(PIXEL), middle(PIXEL)
    (127.5, 127.5)
    >>> half_range(Fixed(16, 0)), middle(Fixed(16, 0))
    (32767.0, 0.0)
    """
    return float(value.hi) if value.signed else value.hi / 2


def middle(value: Fixed) -> float:
    """Return the code, or the value half-way between two codes, that a network's 0 becomes."""
    return 0.0 if value.signed else value.hi / 2


def check_channels(channels: int) -> int:
    """Return a number of channels, or raise InputError unless it is from 1 to 8."""
    if not isinstance(channels, int) or not 1 <= channels <= MOST_CHANNELS:
        raise InputError(f"channels must be from 1 to {MOST_CHANNELS}, not {channels}")
    return channels


@dataclass(frozen=True)
class Samples(ABC):
    """A signal of some kind as plain numbers.

    A kind is a file in `inrhw.signals.kinds` with one subclass. Further fields are details that a file of
    values does not hold; they have defaults.

    Parameters
    ----------
    name
        Safe identifier: lowercase letters, digits and underscores, usable as a Verilog module name.
    values
        Codes [..., z, y, x, channels], the last axis of the grid first, of one of the types in `VALUES`.

    Raises
    ------
    InputError
        The name or the values are none of these.
    """

    #: What people call such a signal.
    kind: ClassVar[str]

    #: What people call one of its values on the grid, in reports.
    sample: ClassVar[str] = "sample"

    #: How many axes such a signal can have.
    axes: ClassVar[range]

    #: Ends the name of a file in which `write` puts one.
    suffix: ClassVar[str]

    #: The same of other formats that `encoded` gives, for use elsewhere.
    other_suffixes: ClassVar[tuple[str, ...]]

    #: Title, unit and origin of each measure of `likeness`, "psnr_db" first.
    measures: ClassVar[Mapping[str, tuple[str, str, str]]]

    name: str
    values: Values

    def __post_init__(self) -> None:
        check_fields(self)
        if self.name != safe_name(self.name):
            raise InputError(f"name must be a safe identifier, not {self.name!r}")
        if self.values.dtype not in VALUES.values() or self.values.ndim - 1 not in self.axes:
            raise InputError(
                f"values of a {self.kind} must be {', '.join(map(str, VALUES.values()))} "
                f"[{' or '.join(map(str, self.axes))} axes, channels], "
                f"not {self.values.dtype} {list(self.values.shape)}"
            )
        check_channels(self.channels)
        if 0 in self.sides:
            raise InputError(f"a {self.kind} must have at least one sample, not {size_text(self.sides)}")

    @property
    def sides(self) -> tuple[int, ...]:
        """Samples along each axis, the one that is scanned fastest first."""
        return tuple(reversed(self.values.shape[:-1]))

    @property
    def channels(self) -> int:
        """Values of a sample."""
        return int(self.values.shape[-1])

    @property
    def value(self) -> Fixed:
        """Format of a value."""
        return format_of(self.values)

    @property
    def details(self) -> dict[str, Any]:
        """Details that `read` needs besides the values."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in own.items() if name not in ("name", "values")}

    def with_values(self, values: Values) -> Self:
        """Return the same signal with other values, such as a network renders."""
        return replace(self, values=values)

    @classmethod
    @abstractmethod
    def claims(cls, path: Path) -> bool:
        """Return whether a file is of this kind; it need not exist or be intact."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Self:
        """Return the signal in a user's file.

        Parameters
        ----------
        path
            Of a kind that `claims` accepts.
        size
            Sides as in "64x64"; "" for the kind's default.
        asked
            Other settings.
        on_warning
            Called with a sentence for each part of the file that is changed or dropped.

        Raises
        ------
        InputError
            If the file cannot be used, or the size is none.
        """

    @classmethod
    @abstractmethod
    def builtin(cls, size: str) -> Self:
        """Return the example that needs no file, of a size as in `load`."""

    @classmethod
    @abstractmethod
    def read(cls, path: Path, name: str, value: Fixed, details: Mapping[str, Any]) -> Self:
        """Return what `write` wrote, of values of a format; raise InputError if it is damaged."""

    def write(self, path: Path) -> None:
        """Write the values without loss, atomically."""
        write_atomically(path, self.encoded(self.suffix))

    @abstractmethod
    def encoded(self, suffix: str) -> bytes:
        """Return the content of a file with this suffix, lossless for the class's own `suffix`.

        Raises
        ------
        InputError
            If a package is missing, or the format cannot hold this signal.
        """

    def write_surface(self, path: Path) -> bool:
        """Write the signal's surface as .obj, and return whether it has one; only shapes may."""
        return False

    @abstractmethod
    def likeness(self, other: Self) -> dict[str, float | None]:
        """Return the similarity of this signal, the original, to another one, by the names in `measures`.

        The peak of "psnr_db" is the whole range of the format.
        """

    @abstractmethod
    def shown(self) -> NDArray[np.uint8]:
        """Return a picture of it, [height, width, 1 or 3]."""

    def preview(self) -> bytes:
        """Return `shown` as a PNG of at most 256x256 pixels."""
        buffer, picture = io.BytesIO(), self.shown()
        image = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture)
        image.thumbnail((256, 256))
        image.save(buffer, "PNG")
        return buffer.getvalue()

    def __repr__(self) -> str:
        """Return one line: the values would fill pages."""
        size = "x".join(map(str, self.sides))
        return f"{type(self).__name__}({self.name}, {size}, {self.channels} x {self.value})"

    def _repr_html_(self) -> str:
        return notebook.pictures([(repr(self), self.preview())])


#: Samples in all at most.
MOST_SAMPLES = 1 << 24


def parse_sides(text: str, axes: range, what: str) -> tuple[int, ...]:
    """Return the sides written as in "64x64".

    Parameters
    ----------
    text
        Numbers with an x between them.
    axes
        Possible numbers of axes.
    what
        The signal's name in messages.

    Examples
    --------
    >>> parse_sides("64x48x8", range(3, 4), "a video")
    (64, 48, 8)
    """
    parts = text.strip().lower().split("x")
    example = " or ".join("x".join(("64", "48", "8")[:n]) for n in axes)
    if len(parts) not in axes or not all(part.isdecimal() and len(part) <= 9 for part in parts):
        raise InputError(f"the size of {what} must be written like {example}, not {text[:40]!r}")
    sides = tuple(map(int, parts))
    if not all(1 <= side <= MOST_SIDE for side in sides):
        raise InputError(f"each side of {what} must be from 1 to {MOST_SIDE}, not {text[:40]!r}")
    return check_samples(sides, what)


def check_samples(sides: tuple[int, ...], what: str) -> tuple[int, ...]:
    """Return sides, or raise InputError if they have too many samples in all."""
    if math.prod(sides) > MOST_SAMPLES:
        raise InputError(
            f"the size of {what} must have at most {MOST_SAMPLES:,} samples, not {size_text(sides)}"
        )
    return sides
