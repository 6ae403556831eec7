"""What travels on a wire: fixed-point numbers, phases, and vectors of them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "Element", "Fixed", "Phase", "Vector"]

#: Magnitudes below this count as zero: their codes' scale would leave the range of a float.
SMALLEST = 1e-200

Codes = NDArray[np.int64]


def _check_width(width: int) -> None:
    if not isinstance(width, int):
        raise TypeError(f"width must be an int, not {width!r}")
    if not 1 <= width <= 62:
        raise ValueError(f"width must be from 1 to 62 bits, not {width}")


@dataclass(frozen=True)
class Fixed:
    """Fixed-point number: value = code * 2**-frac; mid-rise, value = (code + 1/2) * 2**-frac.

    Parameters
    ----------
    width
        Bits of the code, sign included; 1 to 62.
    frac
        Fraction bits; may be negative or exceed `width`.
    signed
        Two's complement if true, else unsigned.
    mid_rise
        Values lie half-way between multiples of the step: minus a value has the complement of its code.

    Examples
    --------
    >>> Fixed(8, 7).hi, Fixed(8, 7).lo
    (127, -128)
    >>> Fixed(8, 0, signed=False).hi
    255
    """

    width: int
    frac: int
    signed: bool = True
    mid_rise: bool = False

    def __post_init__(self) -> None:
        _check_width(self.width)
        if not isinstance(self.frac, int):
            raise TypeError(f"frac must be an int, not {self.frac!r}")

    @property
    def lo(self) -> int:
        """Smallest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest code."""
        return (1 << (self.width - 1 if self.signed else self.width)) - 1

    @classmethod
    def holding(cls, lo: int, hi: int, frac: int) -> "Fixed":
        """Return the narrowest format with codes from `lo` to `hi`.

        Examples
        --------
        >>> Fixed.holding(-3, 4, frac=0)
        Fixed(width=4, frac=0, signed=True)
        >>> Fixed.holding(0, 4, frac=0)
        Fixed(width=3, frac=0, signed=False)
        """
        if lo > hi:
            raise ValueError(f"lo must be at most hi, not {lo} > {hi}")
        if lo >= 0:
            return cls(max(1, hi.bit_length()), frac, signed=False)
        return cls(max(-lo - 1, hi).bit_length() + 1, frac)

    @classmethod
    def covering(cls, magnitude: float, width: int) -> "Fixed":
        """Return the signed format of `width` bits and the finest unit that reaches `magnitude`.

        Examples
        --------
        >>> Fixed.covering(0.9, width=8)
        Fixed(width=8, frac=7, signed=True)
        >>> Fixed.covering(2.0, width=8)
        Fixed(width=8, frac=5, signed=True)
        """
        if not math.isfinite(magnitude) or magnitude < 0:
            raise ValueError(f"magnitude must be finite and not negative, not {magnitude}")
        if width < 2:
            raise ValueError(f"width must be at least 2 bits for a signed format, not {width}")
        largest = (1 << (width - 1)) - 1
        if magnitude < SMALLEST:
            return cls(width, width - 1)
        return cls(width, math.frexp((largest + 0.5) / magnitude)[1] - 1)

    def __repr__(self) -> str:
        rise = ", mid_rise=True" if self.mid_rise else ""
        return f"Fixed(width={self.width}, frac={self.frac}, signed={self.signed}{rise})"

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}.{self.frac}{'+1/2' if self.mid_rise else ''}"


@dataclass(frozen=True)
class Phase:
    """Angle on a ring: value = code / 2**width turns, modulo one turn.

    Parameters
    ----------
    width
        Bits of the code; one turn is 2**width codes. 1 to 62.

    Examples
    --------
    >>> Phase(8).hi
    255
    """

    width: int

    def __post_init__(self) -> None:
        _check_width(self.width)

    @property
    def signed(self) -> bool:
        """Codes are unsigned: 0 up to, not including, one turn."""
        return False

    @property
    def frac(self) -> int:
        """Fraction bits of the value in turns."""
        return self.width

    @property
    def lo(self) -> int:
        """Smallest code."""
        return 0

    @property
    def hi(self) -> int:
        """Largest code."""
        return (1 << self.width) - 1

    def __str__(self) -> str:
        return f"turn/{1 << self.width}"


Element = Fixed | Phase


@dataclass(frozen=True)
class Vector:
    """What an edge of the graph carries: `length` numbers of one format, `lanes` of them a beat.

    A vector takes `beats` beats, one every `beat_interval` cycles. When `lanes` does not divide `length`, the
    last lanes of the last beat carry anything.

    Parameters
    ----------
    element
        Format of each number.
    length
        How many; at least 1.
    lanes
        How many at once; all by default.
    beat_interval
        Cycles from one beat of a vector to the next; 1 where there is only one beat.
    banks
        Sets of weights that a vector can be meant for; which one rides along with it.

    Examples
    --------
    >>> edge = Vector(Fixed(8, 7), 10, lanes=4, beat_interval=2)
    >>> edge.beats, edge.span
    (3, 5)
    """

    element: Element
    length: int
    lanes: int = 0
    beat_interval: int = 1
    banks: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.element, Fixed | Phase):
            raise TypeError(f"element must be Fixed or Phase, not {self.element!r}")
        if not isinstance(self.length, int) or self.length < 1:
            raise ValueError(f"length must be an int of at least 1, not {self.length!r}")
        object.__setattr__(self, "lanes", self.lanes or self.length)
        if not 1 <= self.lanes <= self.length:
            raise ValueError(f"lanes must be from 1 to {self.length}, not {self.lanes}")
        if self.beats == 1:
            object.__setattr__(self, "beat_interval", 1)
        if self.beat_interval < 1 or self.banks < 1:
            raise ValueError(
                f"beat_interval and banks must be at least 1, not {self.beat_interval} and {self.banks}"
            )

    @property
    def beats(self) -> int:
        """Beats of a vector."""
        return -(-self.length // self.lanes)

    @property
    def span(self) -> int:
        """Cycles from the first beat of a vector to its last, both included."""
        return (self.beats - 1) * self.beat_interval + 1

    def check(self, codes: Codes) -> None:
        """Raise unless `codes` is an int64 array [batch, length] inside the format."""
        if codes.dtype != np.int64 or codes.ndim != 2 or codes.shape[1] != self.length:
            raise ValueError(
                f"codes must be int64 of shape [batch, {self.length}], not {codes.dtype} {list(codes.shape)}"
            )
        if codes.size and (codes.min() < self.element.lo or codes.max() > self.element.hi):
            raise ValueError(
                f"codes must be from {self.element.lo} to {self.element.hi}, "
                f"not {codes.min()} to {codes.max()}"
            )

    def to_beats(self, codes: Codes) -> Codes:
        """Return codes [batch, length] as beats [batch, beats, lanes], with zeros in the lanes left over."""
        padded = np.zeros((len(codes), self.beats * self.lanes), np.int64)
        padded[:, : self.length] = codes
        return padded.reshape(len(codes), self.beats, self.lanes)

    def from_beats(self, beats: Codes) -> Codes:
        """Return beats [batch, beats, lanes] as codes [batch, length]."""
        return beats.reshape(len(beats), self.beats * self.lanes)[:, : self.length]

    def __str__(self) -> str:
        plural = "s" if self.lanes > 1 else ""
        shared = f" on {self.lanes} lane{plural}" if self.beats > 1 else ""
        return f"{self.length} x {self.element}{shared}"
