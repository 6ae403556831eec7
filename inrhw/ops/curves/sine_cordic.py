"""Sine by CORDIC (Volder, 1959): a vector is turned by arctan 2^-i this way or that, with shifts and adders.

The phase is mirrored into a quarter turn. The first rotation, by half of it, is always positive, thus free.
Each further one leaves half the angle; as many as the output has bits, and one, leave a quarter of a unit.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from amaranth.hdl import Cat, Const, Mux, Value

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Step
from inrhw.ops.kinds.curve import EVERY_STEP
from inrhw.ops.kinds.waves import SineNode

#: LUTs of an adder's bit, which is one alone: from the core with three lanes of 6 bits, each of which takes
#: 22 more than alone, in benchmarks/results/core_cost_calibration.json.
_IN_A_CORE = 1.14

#: Fraction bits of the exact arithmetic that makes the constants, and pi in it.
_EXACT = 64
_PI = 0x3243F6A8885A308D3


@dataclass(frozen=True)
class SineCordic(SineNode):
    """``y = sin(2 pi x)`` within 1.25 units of the last place, saturated to +-element.hi; 1.5 beyond 16 bits.

    Stages are from 1 to the number of rotations, and three.
    """

    curve = "sine"
    fast_stages = EVERY_STEP
    most_bits = 24

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding, the rest from the angle that is left and from truncation.

        Measured over all codes of all formats: 1.193 up to 16 bits and 1.448 up to 24.
        """
        return 1.25 if max(self.i.element.width, self.element.width) <= 16 else 1.5

    @property
    def guard(self) -> int:
        """Bits of the vector below the output's last place."""
        return 1 + self.element.width.bit_length()

    @property
    def angle_bits(self) -> int:
        """Bits of a quarter turn in the angle that is left."""
        return max(self.i.element.width - 2, self.element.width + 3)

    def angles(self) -> list[int]:
        """Return arctan 2**-i for i from 1, a quarter turn being 2**angle_bits."""
        return [_quarter_turns(i, self.angle_bits) for i in range(1, self.element.width + 1)]

    def start(self) -> int:
        """Return the length of the vector that the rotations make 1, in 2**-guard of the last place."""
        grown, before = 1, 1
        for i in range(self.element.width + 1):
            grown, before = grown * (4**i + 1), before * 4**i
        scale = self.element.frac + self.guard
        return math.isqrt((before << 2 * scale + 2) // grown) + 1 >> 1

    def forward_int(self, x: Codes) -> Codes:
        """Rotate as the circuit does; see `Node`."""
        quarter_bits = self.i.element.width - 2
        half, within = np.divmod(x, 2 << quarter_bits)
        mirrored = np.minimum(within, (2 << quarter_bits) - within)
        left = (mirrored << self.angle_bits - quarter_bits) - (1 << self.angle_bits - 1)
        cosine = np.full_like(x, self.start())
        sine = cosine
        for i, angle in enumerate(self.angles(), 1):
            sign = np.where(left >= 0, 1, -1)
            cosine, sine = cosine - sign * (sine >> i), sine + sign * (cosine >> i)
            left = left - sign * angle
        magnitude = np.minimum(sine + (1 << self.guard - 1) >> self.guard, self.element.hi)
        y: Codes = np.where(half == 1, -magnitude, magnitude)
        return y

    def logic(self) -> Cost:
        """Return three adders a rotation: two of the vector, and one of the angle that is left.

        The last rotation needs the sine only, and no more of what was before than the angle's sign and the
        cosine's high bits; the first one starts with constants.
        """
        width, vector, angle = self.element.width, self._shape, self.angle_bits + 1
        adders = _IN_A_CORE * (width - 1) * (2 * vector + angle)
        ends = self.i.element.width + 2 * width
        unused = 2 * vector + 2 * angle + self.angle_bits + width - self.i.element.width
        return Cost(lut=adders + ends, ff=-unused)

    def steps(self) -> list[Step]:
        """Return mirror, one rotation each, round, sign."""
        rotations = [partial(self._rotate, i, angle) for i, angle in enumerate(self.angles(), 1)]
        return [self._mirror, *rotations, self._round, self._sign]

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        quarter, falling, negative = x["x"][:-2], x["x"][-2], x["x"][-1]
        bits = len(quarter)
        # Less half a quarter turn: that bit is flipped, and the falling half is minus the rising one.
        centred = Cat(quarter, 0).as_signed() - (1 << bits - 1)
        left = ((centred ^ falling.replicate(bits + 1)) + falling)[: bits + 1].as_signed()
        start = Const(self.start(), self._shape)
        return {
            "left": left << self.angle_bits - bits,
            "cosine": start,
            "sine": start,
            "negative": negative,
        }

    @property
    def _shape(self) -> int:
        """Bits of the vector: it may be a little longer than 1 and point a little below 0."""
        return self.element.width + self.guard + 1

    def _rotate(self, i: int, angle: int, x: Mapping[str, Value]) -> Mapping[str, Value]:
        left, cosine, sine = (x[name].as_signed() for name in ("left", "cosine", "sine"))
        back = left[-1]
        return {
            "left": _plus_or_minus(left, Const(angle, len(left)).as_signed(), ~back),
            "cosine": _plus_or_minus(cosine, sine >> i, ~back),
            "sine": _plus_or_minus(sine, cosine >> i, back),
            "negative": x["negative"],
        }

    def _round(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        rounded = (x["sine"].as_signed() + (1 << self.guard - 1)) >> self.guard
        magnitude = Mux(rounded > self.element.hi, self.element.hi, rounded)
        return {"magnitude": magnitude[: self.element.width], "negative": x["negative"]}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        flipped = x["magnitude"] ^ x["negative"].replicate(self.element.width)
        return {"y": (flipped + x["negative"])[: self.element.width].as_signed()}

    @classmethod
    def examples(cls) -> Iterator["SineCordic"]:
        """Yield small and usual formats with few and many stages."""
        for phase_bits, bits in ((8, 8), (3, 2), (3, 6), (9, 4)):
            for n_stages in (1, 3, bits + 3):
                yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1), n_stages)
        yield cls(Vector(Phase(12), 1), Fixed(12, 11), 8)
        yield cls(Vector(Phase(24), 1), Fixed(24, 23), 27)


def _plus_or_minus(a: Value, b: Value, minus: Value) -> Value:
    """Return a + b or a - b in a's width, as one adder: a bit below the lowest carries into it."""
    operand = b ^ minus.replicate(len(b)).as_signed()
    return (Cat(1, a).as_signed() + Cat(minus, operand).as_signed())[1 : len(a) + 1].as_signed()


def _quarter_turns(i: int, bits: int) -> int:
    """Return arctan 2**-i, i at least 1, in units of 2**-bits of a quarter turn, rounded."""
    total = 0
    for k in itertools.count():
        term = (1 << _EXACT) // ((2 * k + 1) << i * (2 * k + 1))
        if not term:
            return ((total << bits + 2) // _PI + 1) >> 1
        total += -term if k % 2 else term
    raise AssertionError
