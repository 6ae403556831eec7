"""What activations share whose argument saturates instead of wrapping."""

import functools
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed
from inrhw.ops.kinds.curve import CurveNode, check_output


@dataclass(frozen=True)
class SaturatingNode(CurveNode):
    """A function of a number of 3 to `most_bits` bits, from -reach up to, but not including, reach."""

    #: Magnitude of the lowest argument, a power of two.
    reach: ClassVar[int]
    #: Most bits of the argument.
    most_bits: ClassVar[int]

    @classmethod
    def argument_of(cls, bits: int) -> Fixed:
        """Return the format of `bits` bits that ends at the reach."""
        return Fixed(bits, bits - cls.reach.bit_length())

    def __post_init__(self) -> None:
        width, reach, most = self.i.element.width, self.reach, self.most_bits
        if not 3 <= width <= most or self.i.element != self.argument_of(width):
            raise ValueError(
                f"i must be a vector of numbers of 3 to {most} bits from -{reach} to {reach}, not {self.i}"
            )
        self.check_element()
        super().__post_init__()

    def check_element(self) -> None:
        """Raise ValueError unless there is a circuit for the output's format."""
        check_output(self.element)


@dataclass(frozen=True)
class EvenNode(SaturatingNode):
    """An even `function` with values from -1 to 1.

    Raises
    ------
    InputError
        The `function` of a subclass is not even, or has values outside -1 to 1.
    """

    def __post_init__(self) -> None:
        _check_even(type(self))
        super().__post_init__()

    @staticmethod
    @abstractmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the function itself."""

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function in units of the last place; see `CurveNode`."""
        return self.function(x.astype(np.float64) * 2.0**-self.i.element.frac) * 2.0**self.element.frac


@functools.cache
def _check_even(kind: type[EvenNode]) -> None:
    """Raise InputError unless half of a function is all of it, and its values are codes."""
    x = np.linspace(0, kind.reach, 1025)
    y, mirrored = kind.function(x), kind.function(-x)
    if not np.allclose(y, mirrored, rtol=0, atol=1e-9) or not (np.abs(y) <= 1 + 1e-9).all():
        raise InputError(
            f"{kind.__name__}.function must be even, with values from -1 to 1: a table holds half of it; "
            "derive another function from CurveNode"
        )
