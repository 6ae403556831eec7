"""FINER without a table of its own: the phase by a square and a product, its sine by straight lines.

The phase is that of `Finer`, bit for bit. Lines over the argument itself would not do: at 12 bits one step of
it is up to a sixtieth of a turn, an arc that bulges by almost three units of 12 bits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Value
from numpy.typing import NDArray

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, product
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import negated_if
from inrhw.ops.curves.finer import (
    PHASE_BITS,
    REACH,
    FinerActivation,
    bend,
    bent_phase,
    bent_sine,
    phase_error,
)
from inrhw.ops.curves.sine_interpolated import SineInterpolated
from inrhw.ops.kinds.curve import EVERY_STEP
from inrhw.ops.kinds.saturating import SaturatingNode


@dataclass(frozen=True)
class FinerInterpolated(SaturatingNode):
    """``y = sin(2 pi (t + c t |t|))`` of the phase that `Finer` has, saturated to +-element.hi.

    Parameters
    ----------
    i
        Arguments of 3 to 16 bits, in turns from -8 up to, but not including, 8.
    element
        Format of the output: signed, 2 to 16 bits, all but the sign fraction bits.
    n_stages
        Registers, 1 to 8: square, bend, turn, and those of the sine.
    omega_0
        Frequency factor: it says where the bend is.
    """

    omega_0: float = 30.0

    curve = "finer"
    fast_stages = EVERY_STEP
    reach = REACH
    most_bits = 16

    @property
    def _sine(self) -> SineInterpolated:
        return SineInterpolated(Vector(Phase(PHASE_BITS), self.i.length), self.element, 1)

    @property
    def error_bound(self) -> float:
        """That of the sine, plus the error of the phase."""
        return self._sine.error_bound + phase_error(self.element)

    def forward_int(self, x: Codes) -> Codes:
        """Take the phase of each magnitude, give it its sign, take the sine; see `Node`."""
        phase = np.sign(x) * bent_phase(np.abs(x), self.i.element.width, self.omega_0)
        return self._sine.forward_int(phase % (1 << PHASE_BITS))

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function; see `CurveNode`."""
        return (
            bent_sine(x.astype(np.float64) * 2.0**-self.i.element.frac, self.omega_0) * 2.0**self.element.frac
        )

    def logic(self) -> Cost:
        """Return the magnitude, its square, the bend, what turns and gives the sign, and the sine."""
        width = self.i.element.width
        square = product(width, width)
        bent = product(2 * width, bend(self.omega_0, width).bit_length())
        return Cost(lut=width + PHASE_BITS) + square + bent + self._sine.logic()

    def steps(self) -> list[Step]:
        """Return square, bend, turn, and the steps of the sine."""
        return [self._square, self._bend, self._turn, *self._sine.steps()]

    def _square(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        negative = x["x"][-1]
        magnitude = negated_if(negative, x["x"])
        return {"magnitude": magnitude, "square": magnitude * magnitude, "negative": negative}

    def _bend(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        kept = {name: x[name] for name in ("magnitude", "negative")}
        width = self.i.element.width
        bent = x["square"] * bend(self.omega_0, width)
        return {**kept, "bent": bent[: 2 * width - 2 + PHASE_BITS]}

    def _turn(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        width = self.i.element.width
        half = Const(1 << 2 * width - 3, 2 * width - 2 + PHASE_BITS)
        exact = x["bent"] + (x["magnitude"] << width + 18) + half
        phase = exact[2 * width - 2 :][:PHASE_BITS]
        return {"x": negated_if(x["negative"], phase)}

    @classmethod
    def examples(cls) -> Iterator["FinerInterpolated"]:
        """Yield small and usual formats with few and many stages, and other bends."""
        for argument_bits, bits in ((3, 2), (4, 8), (10, 10)):
            for n_stages in (1, 2, 8):
                i = Vector(FinerActivation.argument_format(argument_bits), 2)
                yield cls(i, Fixed(bits, bits - 1), n_stages)
        for omega_0 in (0.001, 3.0, 1000.0):
            yield cls(Vector(FinerActivation.argument_format(8), 2), Fixed(8, 7), omega_0=omega_0)
