"""Tanh behind the last layer: from the middle of a signal's values to both of their ends.

Networks elsewhere often end in a sigmoid, with values from 0 to 1: tanh of half the argument, by 1/2 larger
and half as steep, is the same. So one circuit serves both, a table of half the range.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from amaranth.hdl import Cat, Value
from numpy.typing import NDArray
from torch import Tensor, nn

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import negated_if
from inrhw.ops.kinds.half_table import HalfTable
from inrhw.ops.kinds.saturating import SaturatingNode
from inrhw.ops.rounding import quantize
from inrhw.signals.samples import half_range, middle

#: Bits that the argument has more than a value: a step of it is then half a one of the value where tanh is
#: steepest. At 40 dB that is 0.1 dB better than a step, and another bit adds 0.03 (docs/import.md).
_FINER = 3


@dataclass(frozen=True)
class Tanh(SaturatingNode):
    """``y = middle + half_range tanh(x)``, rounded half up.

    Parameters
    ----------
    i
        Arguments of 3 to 12 bits, from -4 up to, but not including, 4.
    element
        Format of a signal's values: 2 to 16 bits without a fraction, signed or not.
    n_stages
        Registers, 1 to 4.
    """

    #: Beyond it a value of 8 bits is at its end, one of 16 bits 22 codes before.
    reach = 4
    most_bits = 12

    def check_element(self) -> None:
        """Raise ValueError unless the output is that of a signal."""
        width, signed = self.element.width, self.element.signed
        if not 2 <= width <= 16 or self.element != Fixed(width, 0, signed):
            raise ValueError(f"element must have 2 to 16 bits without a fraction, not be {self.element!r}")

    @classmethod
    def of_bits(cls, bits: int, n_stages: int = 1) -> "Tanh":
        """Return one lane with an unsigned output; see `CurveNode`."""
        return cls(Vector(cls.argument_of(bits), 1), Fixed(bits, 0, signed=False), n_stages)

    @functools.cached_property
    def half_table(self) -> HalfTable:
        """The upper half, from 0 on; without the top bit of values that have no sign, which is always set."""
        magnitudes = np.arange((1 << self.i.element.width - 1) + 1)
        # No value but the middle lies near a tie (tests/ops/curves/test_tanh.py): float64 rounds exactly.
        upper = np.floor(self.ideal(magnitudes) + 0.5).astype(np.int64) - self._top
        return HalfTable(upper.tolist(), self.element.width, odd=True)

    @property
    def _top(self) -> int:
        return 0 if self.element.signed else 1 << self.element.width - 1

    def forward_int(self, x: Codes) -> Codes:
        """Look each magnitude up and mirror it at the middle; see `Node`."""
        upper = np.array(self.half_table.values, np.int64)[np.abs(x)]
        lower = -upper if self.element.signed else ~upper
        y: Codes = np.where(x < 0, lower, upper) + self._top
        return y

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function; see `CurveNode`."""
        curve = np.tanh(x.astype(np.float64) * 2.0**-self.i.element.frac)
        return np.asarray(middle(self.element) + half_range(self.element) * curve)

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding."""
        return 0.5

    def logic(self) -> Cost:
        """Return what the table costs."""
        return self.half_table.cost()

    def spared(self, unused: int) -> Cost:
        """Return what its unused entries save; see `CurveNode`."""
        return self.half_table.spared(unused)

    def steps(self) -> list[Step]:
        """Return magnitude, look up, select, mirror: only half of the range is stored."""
        return [*self.half_table.steps[:-1], self._mirror]

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        if self.element.signed:
            return {"y": negated_if(x["negative"], x["y"]).as_signed()}
        below = x["y"][: self.element.width - 1] ^ x["negative"].replicate(self.element.width - 1)
        return {"y": Cat(below, ~x["negative"])}

    @classmethod
    def examples(cls) -> Iterator["Tanh"]:
        """Yield small and usual formats, signed and not, with every number of stages."""
        for argument_bits, bits in ((3, 2), (10, 8), (6, 16)):
            for signed in (False, True):
                for n_stages in (1, 2, 3, 4):
                    i = Vector(cls.argument_of(argument_bits), 2)
                    yield cls(i, Fixed(bits, 0, signed), n_stages)


class FinalTanh(nn.Module):
    """What follows the last layer of a network that ends in a tanh, in codes of the signal's values.

    Parameters
    ----------
    value
        Format of these values.
    """

    def __init__(self, value: Fixed) -> None:
        super().__init__()
        self.value = value
        #: None while it is in floating point.
        self.argument: Fixed | None = None

    def quantize(self) -> None:
        """Round argument and value from now on."""
        self.argument = Tanh.argument_of(min(self.value.width + _FINER, Tanh.most_bits))

    @property
    def frac(self) -> int:
        """Fraction bits of the last layer's result."""
        assert self.argument is not None
        return self.argument.frac

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function, with rounding before and after it once quantized."""
        if self.argument is not None:
            x = quantize(x, self.argument)
        y = middle(self.value) + half_range(self.value) * torch.tanh(x)
        return y if self.argument is None else quantize(y, self.value)

    def node(self, i: Vector) -> Tanh:
        """Return the quantized function as an integer node."""
        return Tanh(i, self.value)
