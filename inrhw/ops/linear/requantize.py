"""Requantize: round half up, then saturate. A pixel is ``Fixed(8, 0, signed=False)``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Mux, Value

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.cost import Cost, beside
from inrhw.gateware.pipeline import Staged
from inrhw.ops.node import Node


@dataclass(frozen=True)
class Requantize(Node):
    """``y = clamp(floor(x * 2**(element.frac - x.frac) + 1/2), element.lo, element.hi)``.

    Parameters
    ----------
    i
        Fixed-point input.
    element
        Format of the output.
    n_stages
        Registers, 1 or 2.
    """

    i: Vector
    element: Fixed
    n_stages: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.i.element, Fixed):
            raise TypeError(f"i must be a vector of Fixed, not {self.i}")
        if not 1 <= self.i.element.width - self.shift <= 62:
            raise ValueError(f"element must keep 1 to 62 bits of {self.i.element}, not be {self.element}")
        if not 1 <= self.n_stages <= 2:
            raise ValueError(f"n_stages must be 1 or 2, not {self.n_stages}")

    @property
    def o(self) -> Vector:
        """As many numbers as went in, in `element`."""
        return replace(self.i, element=self.element)

    @property
    def latency(self) -> int:
        """``n_stages`` cycles."""
        return self.n_stages

    @property
    def shift(self) -> int:
        """Fraction bits dropped; negative when some are added."""
        return self.i.element.frac - self.element.frac

    @property
    def unused(self) -> int:
        """High bits of the output that are always copies of its sign: the input is too narrow for them."""
        return max(0, self.element.width - (self.i.element.width - self.shift))

    def forward_int(self, x: Codes) -> Codes:
        """Divide with rounding, then clip; see `Node`."""
        unit = 2 ** abs(self.shift)
        x = (x + unit // 2) // unit if self.shift > 0 else x * unit
        return np.clip(x, self.element.lo, self.element.hi)

    def component(self) -> Staged:
        """Return round, saturate."""
        return Staged(self.i, self.o, [self._round, self._saturate], self.n_stages)

    def cost(self) -> Cost:
        """Return a LUT for each bit that saturates, and half a LUT for each bit above it and each bound.

        Rounding adds one bit, which takes a carry chain and no LUT.
        """
        kept, width = self.i.element.width - self.shift, self.element.width
        above = min(kept, self.i.element.width) - width
        saturates = above > 0 or self.i.element.signed > self.element.signed
        bounds = 1 + self.element.signed
        lut = saturates * (width + bounds * max(0, above) / 2)
        lane = Cost(lut=lut, ff=width + (self.n_stages - 1) * kept)
        return self.i.lanes * lane + beside(self.i, self.n_stages)

    def _round(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        if self.shift > 0:
            # Adding the highest dropped bit to what is kept: one adder of the width that is kept.
            return {"rounded": (x["x"] >> self.shift) + x["x"][self.shift - 1]}
        return {"rounded": x["x"] << -self.shift}

    def _saturate(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        rounded = x["rounded"]
        too_high = rounded > self.element.hi
        too_low = rounded < self.element.lo
        return {"y": Mux(too_high, self.element.hi, Mux(too_low, self.element.lo, rounded))}

    @classmethod
    def examples(cls) -> Iterator["Requantize"]:
        """Yield narrowing, widening, signed and unsigned formats, with every number of stages."""
        pixel = Fixed(8, 0, signed=False)
        for source, target in (
            (Fixed(11, 0), pixel),
            (Fixed(12, 3), pixel),
            (Fixed(6, 2, signed=False), Fixed(4, 1)),
            (Fixed(5, 1), Fixed(9, 3)),
            (Fixed(8, 7), Fixed(4, 3)),
        ):
            for n_stages in (1, 2):
                yield cls(Vector(source, 2), target, n_stages)
