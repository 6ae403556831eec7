"""Sine by straight lines: a value and a rise for each segment of a quarter wave, one multiplier."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Value

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import negated_if
from inrhw.ops.kinds.curve import EVERY_STEP
from inrhw.ops.kinds.interpolation import Lines
from inrhw.ops.kinds.waves import SineNode, mirror


@dataclass(frozen=True)
class SineInterpolated(SineNode):
    """``y = sin(2 pi x)`` within about one unit of the last place, saturated to +-element.hi.

    Stages are 1 to 5: mirror, look up, multiply, add, sign.
    """

    curve = "sine"
    fast_stages = EVERY_STEP

    @functools.cached_property
    def lines(self) -> Lines:
        """Lines up to the crest, a quarter turn."""
        return Lines(
            lambda part: np.sin(np.pi / 2 * part),
            (np.pi / 2) ** 2,
            self.i.element.width - 2,
            self.element.width,
        )

    @property
    def error_bound(self) -> float:
        """That of the lines."""
        return self.lines.error_bound

    def forward_int(self, x: Codes) -> Codes:
        """Interpolate in a quarter and mirror it; see `Node`."""
        quarter = 1 << self.i.element.width - 2
        half, within = np.divmod(x, 2 * quarter)
        magnitude = self.lines.at(np.where(within < quarter, within, 2 * quarter - within))
        signed: Codes = np.where(half == 1, -magnitude, magnitude)
        return signed

    def logic(self) -> Cost:
        """Return what folds, the lines, and the adder of the sign."""
        return Cost(lut=self.lines.argument_bits + self.element.width) + self.lines.cost()

    def steps(self) -> list[Step]:
        """Return mirror, look up, multiply, add, sign."""
        return [self._mirror, *self.lines.steps, self._sign]

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        mirrored, crest, negative = mirror(x["x"])
        return {"folded": mirrored, "crest": crest, "negative": negative}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        magnitude = Cat(x["y"][:-1], 0)
        return {"y": negated_if(x["negative"], magnitude).as_signed()}

    @classmethod
    def examples(cls) -> Iterator["SineInterpolated"]:
        """Yield formats with and without anything to interpolate, and every number of stages."""
        for phase_bits, bits in ((10, 10), (3, 2), (4, 8), (8, 5)):
            for n_stages in (1, 3, 5):
                yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1), n_stages)
        for n_stages in (2, 4):
            yield cls(Vector(Phase(12), 1), Fixed(12, 11), n_stages)
