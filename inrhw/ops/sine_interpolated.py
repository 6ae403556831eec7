"""Sine from a table of straight lines: a value and a rise for each segment of a quarter wave, one multiplier.

With S segments of angle a = pi / 2 S, a chord lies at most 1 - cos(a / 2) below the sine; shifted up by half
of that, it errs by a^2 / 16. Twice the segments for two bits of the output keep this below a third of a
unit for even widths and a sixth for odd ones, and three more bits in the tables keep what rounding adds below
an eighth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Value

from inrhw.quarter_wave import SineNode, fold
from inrhw.stage import Step, lookup
from inrhw.types import Codes, Fixed, Phase, Vector

#: Bits of the tables below the output's last place.
_GUARD = 3
#: Fraction bits of the exact arithmetic that makes the tables, and pi in it.
_EXACT = 64
_PI = 0x3243F6A8885A308D3


@dataclass(frozen=True)
class SineInterpolated(SineNode):
    """``y = sin(2 pi x)`` within one unit of the last place, saturated to +-element.hi.

    Stages are 1 to 5: fold, look up, multiply, add, sign.
    """

    curve = "sine"

    @property
    def error_bound(self) -> float:
        """Half a unit of rounding, a third of the chords, an eighth of the tables; one at the crest."""
        return 1.0

    @property
    def _index_bits(self) -> int:
        return min((self.element.width - 1) // 2, self.i.element.width - 2)

    @property
    def _offset_bits(self) -> int:
        return self.i.element.width - 2 - self._index_bits

    def tables(self) -> tuple[list[int], list[int]]:
        """Return each segment's value and rise, in units of 2**-_GUARD of the output's last place.

        The value holds half a unit of the output, so that dropping bits rounds.
        """
        segments = 1 << self._index_bits
        scale = self.element.frac + _GUARD
        wave = [_sine(k, 2 * segments) for k in range(2 * segments + 1)]
        values, rises = [], []
        for start, middle, end in zip(wave[:-2:2], wave[1:-1:2], wave[2::2], strict=True):
            bulge = (2 * middle - start - end) // 4 if self._offset_bits else 0
            values.append(_rounded(start + bulge, scale) + (1 << _GUARD - 1))
            rises.append(_rounded(end - start, scale))
        return values, rises

    def forward_int(self, x: Codes) -> Codes:
        """Interpolate in a quarter and mirror it; see `Node`."""
        quarter = 1 << self.i.element.width - 2
        values, rises = (np.array(table, np.int64) for table in self.tables())
        half, within = np.divmod(x, 2 * quarter)
        folded = np.where(within < quarter, within, 2 * quarter - within)
        index, offset = np.divmod(np.minimum(folded, quarter - 1), 1 << self._offset_bits)
        line = values[index] + (rises[index] * offset >> self._offset_bits)
        magnitude = np.minimum(line >> _GUARD, self.element.hi)
        magnitude[folded == quarter] = self.element.hi
        signed: Codes = np.where(half == 1, -magnitude, magnitude)
        return signed

    def steps(self) -> list[Step]:
        """Return fold, look up, multiply, add, sign."""
        return [self._fold, self._look_up, self._multiply, self._add, self._sign]

    def _fold(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        folded, crest, negative = fold(x["x"])
        return {"folded": folded, "crest": crest, "negative": negative}

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        values, rises = self.tables()
        index, offset = x["folded"][self._offset_bits :], x["folded"][: self._offset_bits]
        return {
            "value": lookup(values, index, max(values).bit_length()),
            "rise": lookup(rises, index, max(rises).bit_length()) if len(offset) else Const(0, 1),
            "offset": offset if len(offset) else Const(0, 1),
            "crest": x["crest"],
            "negative": x["negative"],
        }

    def _multiply(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        kept = {name: x[name] for name in ("value", "crest", "negative")}
        return {**kept, "product": x["rise"] * x["offset"]}

    def _add(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        line = (x["value"] + x["product"][self._offset_bits :])[: self.element.width + _GUARD]
        magnitude = line[_GUARD:]
        # A carry out of the fraction bits is what saturates.
        over = x["crest"] | magnitude[-1]
        ones = over.replicate(self.element.frac)
        return {"magnitude": magnitude[:-1] | ones, "negative": x["negative"]}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        flipped = Cat(x["magnitude"], 0) ^ x["negative"].replicate(self.element.width)
        return {"y": (flipped + x["negative"])[: self.element.width].as_signed()}

    @classmethod
    def examples(cls) -> Iterator["SineInterpolated"]:
        """Yield formats with and without anything to interpolate, and every number of stages."""
        for phase_bits, bits in ((10, 10), (3, 2), (4, 8), (8, 5)):
            for n_stages in (1, 3, 5):
                yield cls(Vector(Phase(phase_bits), 2), Fixed(bits, bits - 1), n_stages)
        for n_stages in (2, 4):
            yield cls(Vector(Phase(12), 1), Fixed(12, 11), n_stages)


def _sine(k: int, quarter: int) -> int:
    """Return sin(k / quarter of a right angle) * 2**_EXACT, by its series in integers, off by a few units."""
    angle = _PI * k // (2 * quarter)
    term, total, n = angle, angle, 1
    while term:
        n += 2
        term = (term * angle >> _EXACT) * angle // ((n - 1) * n) >> _EXACT
        total += -term if n % 4 == 3 else term
    return total


def _rounded(value: int, frac: int) -> int:
    return (value >> _EXACT - frac - 1) + 1 >> 1
