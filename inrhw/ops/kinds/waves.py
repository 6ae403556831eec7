"""Any odd wave that is symmetric about its crest, from a table of a quarter of its period."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from amaranth.hdl import Cat, Mux, Value
from numpy.typing import NDArray

from inrhw.base.types import Codes, Phase
from inrhw.gateware.cost import LUT_INPUTS, Cost, table
from inrhw.gateware.memories.contents import address_bits
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import lookup, negated_if
from inrhw.ops.kinds.curve import CurveNode, check_output

#: What finds the crest and puts in its magnitude; see `inrhw.gateware.cost`.
_CREST = Cost(lut=4)

#: LUTs for each bit of a table with seven inputs, which has two where nothing is alike. Fitted to waves of 7
#: and 8 phase bits and 3 to 8 bits, four lanes of each.
_OF_SEVEN = 1.8


@dataclass(frozen=True)
class QuarterWave:
    """Magnitudes over the first quarter of a wave, and the steps that make the whole of it.

    Parameters
    ----------
    magnitudes
        Rounded half *down*, from phase 0 up to, but not including, the crest; 2**(phase width - 2) of them.
    ties
        Whether the exact magnitude lies half-way between two codes: rounding half up then adds one above
        zero and nothing below.
    crest
        Magnitude at a quarter turn.
    width
        Bits of the signed output.
    """

    magnitudes: Sequence[int]
    ties: Sequence[bool]
    crest: int
    width: int

    @property
    def steps(self) -> list[Step]:
        """Mirror the phase into a quarter, look up, give it its sign; a short table needs less."""
        return [self._look_up_whole] if self._is_whole else [*self.unsigned_steps, self._sign]

    @property
    def unsigned_steps(self) -> list[Step]:
        """Mirror the phase if the table is long, and look up: "magnitude", and whether it is "negative"."""
        return [self._look_up_half] if self._is_short else [self._mirror, self._look_up]

    @property
    def _is_whole(self) -> bool:
        """Whether one LUT a bit holds the whole wave."""
        return 4 * len(self.magnitudes) <= 1 << LUT_INPUTS

    @property
    def _whole(self) -> list[int]:
        """Values of all phases from 0 on."""
        return [*(entry + tie for entry, tie in self._half), *(-entry for entry, _ in self._half)]

    @property
    def _is_short(self) -> bool:
        """Whether two LUTs a bit hold half a wave: less than one LUT and the adder that mirrors."""
        return len(self.magnitudes) <= 1 << LUT_INPUTS

    @property
    def _half(self) -> list[tuple[int, bool]]:
        """Magnitude and tie of each phase from 0 up to half a turn."""
        rising = list(zip(self.magnitudes, self.ties, strict=True))
        return [*rising, (self.crest, False), *rising[:0:-1]]

    def cost(self) -> Cost:
        """Return what the steps take: the table, the adder that gives the sign, that which mirrors if any."""
        if self._is_whole:
            return table(self._whole)
        sign = Cost(lut=self.width)
        if self._is_short:
            bits = self.width - 1 + any(self.ties)
            of_six = len(self._half) <= 1 << LUT_INPUTS
            return sign + Cost(lut=bits * (1 if of_six else _OF_SEVEN))
        entries = [2 * entry + tie for entry, tie in zip(self.magnitudes, self.ties, strict=True)]
        return Cost(lut=address_bits(len(self.magnitudes))) + sign + table(entries) + _CREST

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        index, crest, negative = mirror(x["x"])
        return {"index": index, "crest": crest, "negative": negative}

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        magnitude = Mux(x["crest"], self.crest, lookup(self.magnitudes, x["index"], self.width - 1))
        up = x["negative"]
        if any(self.ties):
            up = up | lookup([int(tie) for tie in self.ties], x["index"], 1) & ~x["crest"]
        return {"magnitude": magnitude, "negative": x["negative"], "up": up}

    def _look_up_whole(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        return _looked_up(self._whole, self.width, x["x"])

    def _look_up_half(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        index, negative = x["x"][:-1], x["x"][-1]
        magnitude = lookup([entry for entry, _ in self._half], index, self.width - 1)
        up = negative
        if any(self.ties):
            up = up | lookup([int(tie) for _, tie in self._half], index, 1)
        return {"magnitude": magnitude, "negative": negative, "up": up}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        # -m is ~m + 1, and a tie above zero is m + 1: one adder with a carry in.
        flipped = Cat(x["magnitude"], 0) ^ x["negative"].replicate(self.width)
        return {"y": (flipped + x["up"])[: self.width].as_signed()}


def _looked_up(codes: Sequence[int], width: int, phase: Value) -> Mapping[str, Value]:
    """Return the signed code of a phase, from those of all phases."""
    return {"y": lookup([code % (1 << width) for code in codes], phase, width).as_signed()}


def mirror(phase: Value) -> tuple[Value, Value, Value]:
    """Return a phase mirrored into the first quarter, whether it is at a crest, whether the wave is negative.

    A crest has no mirrored phase: that is 0 there.
    """
    quarter, falling, negative = phase[:-2], phase[-2], phase[-1]
    # The falling quarter is the rising one read backwards; it starts at the crest.
    return negated_if(falling, quarter), falling & (quarter == 0), negative


@dataclass(frozen=True)
class MidRiseQuarter:
    """Codes over the first quarter of a wave whose values are mid-rise: mirror and sign are complements.

    Parameters
    ----------
    magnitudes
        Codes at the middles between phases, from 0 to a quarter turn; 2**(phase width - 2) of them.
    width
        Bits of the signed output.
    """

    magnitudes: Sequence[int]
    width: int

    @property
    def steps(self) -> list[Step]:
        """Mirror the phase into a quarter, look up, give it its sign; or look a short wave up at once."""
        return [self._look_up_whole] if self._is_short else [self._mirror, self._look_up, self._sign]

    @property
    def _is_short(self) -> bool:
        """Whether two LUTs a bit hold the whole wave: as many as for a half and its sign."""
        return 4 * len(self.magnitudes) <= 2 << LUT_INPUTS

    def cost(self) -> Cost:
        """Return what the steps take. The sign of a short wave is that of its phase."""
        if self._is_short:
            of_one = 4 * len(self.magnitudes) <= 1 << LUT_INPUTS
            return Cost(lut=(self.width - 1) * (1 if of_one else _OF_SEVEN))
        return Cost(lut=address_bits(len(self.magnitudes)) + self.width) + table(self.magnitudes)

    def _look_up_whole(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        half = [*self.magnitudes, *self.magnitudes[::-1]]
        return _looked_up([*half, *(~code for code in half)], self.width, x["x"])

    def _mirror(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        phase = x["x"]
        quarter, falling, negative = phase[:-2], phase[-2], phase[-1]
        return {"index": quarter ^ falling.replicate(len(quarter)), "negative": negative}

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"code": lookup(self.magnitudes, x["index"], self.width - 1), "negative": x["negative"]}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"y": (Cat(x["code"], 0) ^ x["negative"].replicate(self.width)).as_signed()}


@dataclass(frozen=True)
class WaveNode(CurveNode):
    """A wave: its argument is a phase of 3 to `most_bits` bits."""

    #: Most bits of argument and output: what its error is known for, and a table's size.
    most_bits: ClassVar[int] = 16

    def __post_init__(self) -> None:
        most = self.most_bits
        if not isinstance(self.i.element, Phase) or not 3 <= self.i.element.width <= most:
            raise ValueError(f"i must be a vector of phases of 3 to {most} bits, not {self.i}")
        element = replace(self.element, mid_rise=False) if self.may_be_mid_rise else self.element
        check_output(element, most)
        super().__post_init__()


@dataclass(frozen=True)
class QuarterWaveNode(WaveNode):
    """A wave rounded half up and saturated to +-element.hi, in up to 3 stages; `quarter_wave` is its table.

    A mid-rise output is the middle of the unit that the wave is in half a code after the phase.
    """

    may_be_mid_rise = True

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding; a whole unit at the crest, which has no code unless it is mid-rise."""
        return 0.5 if self.element.mid_rise else 1.0

    @abstractmethod
    def quarter_wave(self) -> QuarterWave | MidRiseQuarter:
        """Return the table of the circuit."""

    def logic(self) -> Cost:
        """Return what that table costs."""
        return self.quarter_wave().cost()

    def steps(self) -> list[Step]:
        """Return mirror, look up, sign: only a quarter of the period is stored."""
        return self.quarter_wave().steps


@dataclass(frozen=True)
class SineNode(WaveNode):
    """The sine of a phase."""

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the sine; see `CurveNode`."""
        half = self.element.mid_rise / 2
        turns = (x + half) / (1 << self.i.element.width)
        return np.asarray(np.sin(2 * np.pi * turns) * 2.0**self.element.frac - half)
