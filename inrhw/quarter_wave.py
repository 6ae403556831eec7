"""Any odd wave that is symmetric about its crest, from a table of a quarter of its period."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Mux, Value

from inrhw.node import Node
from inrhw.stage import Staged, Step, lookup
from inrhw.types import Fixed, Phase, Vector


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


@dataclass(frozen=True)
class QuarterWaveNode(Node):
    """A function of a phase, rounded half up and saturated to +-element.hi; `quarter_wave` is its table.

    Parameters
    ----------
    i
        Phases of 3 to 16 bits.
    element
        Format of the output: signed, 2 to 16 bits, all but the sign fraction bits.
    n_stages
        Registers, 1 to 3.
    """

    i: Vector
    element: Fixed
    n_stages: int = 2

    def __post_init__(self) -> None:
        width = self.element.width
        if not isinstance(self.i.element, Phase) or not 3 <= self.i.element.width <= 16:
            raise ValueError(f"i must be a vector of phases of 3 to 16 bits, not {self.i}")
        if not 2 <= width <= 16 or self.element != Fixed(width, width - 1):
            raise ValueError(f"element must be Fixed(w, w - 1) with w from 2 to 16, not {self.element!r}")
        if not 1 <= self.n_stages <= 3:
            raise ValueError(f"n_stages must be from 1 to 3, not {self.n_stages}")

    @property
    def o(self) -> Vector:
        """As many numbers as phases, in `element`."""
        return replace(self.i, element=self.element)

    @property
    def latency(self) -> int:
        """``n_stages`` cycles."""
        return self.n_stages

    @abstractmethod
    def quarter_wave(self) -> QuarterWave:
        """Return the table of the circuit."""

    def component(self) -> Staged:
        """Return fold, look up, sign: only a quarter of the period is stored."""
        return Staged(self.i, self.o, self.quarter_wave().steps, self.n_stages)
