"""The circuit of any odd wave that is symmetric about its crest: a quarter of the period in a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Mux, Value

from inrhw.stage import Step, lookup


@dataclass(frozen=True)
class QuarterWave:
    """Magnitudes over the first quarter of a wave, and the steps that unfold them.

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
        """Fold the phase into a quarter, look up, give it its sign."""
        return [self._fold, self._look_up, self._sign]

    def _fold(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        phase = x["x"]
        quarter, falling, negative = phase[:-2], phase[-2], phase[-1]
        # The falling quarter is the rising one read backwards; it starts at the crest, which has no index.
        return {
            "index": Mux(falling, -quarter, quarter)[: len(quarter)],
            "crest": falling & (quarter == 0),
            "negative": negative,
        }

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        magnitude = Mux(x["crest"], self.crest, lookup(self.magnitudes, x["index"], self.width - 1))
        up = x["negative"]
        if any(self.ties):
            up = up | lookup([int(tie) for tie in self.ties], x["index"], 1) & ~x["crest"]
        return {"magnitude": magnitude, "negative": x["negative"], "up": up}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        # -m is ~m + 1, and a tie above zero is m + 1: one adder with a carry in.
        flipped = Cat(x["magnitude"], 0) ^ x["negative"].replicate(self.width)
        return {"y": (flipped + x["up"])[: self.width].as_signed()}
