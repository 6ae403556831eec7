"""Charts as numbers: where ticks, lines and bands lie, for a template to draw as SVG."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Axis:
    """A range of values laid out from one place to another.

    Parameters
    ----------
    lo, hi
        Smallest and largest value, different; both positive on a logarithmic axis.
    start, end
        Their places.
    log
        Whether equal ratios are equally far apart.
    whole
        Whether ticks are whole numbers.

    Examples
    --------
    >>> Axis(0, 10, 100, 0).at(2.5)
    75.0
    >>> Axis(1, 100, 0, 50, log=True).at(10)
    25.0
    """

    lo: float
    hi: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value, to a tenth."""
        lo, hi, x = map(math.log, (self.lo, self.hi, value)) if self.log else (self.lo, self.hi, value)
        return round(self.start + (x - lo) / (hi - lo) * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[float]:
        """At most seven round values in the range.

        Examples
        --------
        >>> Axis(0, 900, 0, 1).ticks
        [0.0, 200.0, 400.0, 600.0, 800.0]
        >>> Axis(0, 3, 0, 1, whole=True).ticks
        [0.0, 1.0, 2.0, 3.0]
        >>> Axis(15, 2500, 0, 1, log=True).ticks
        [20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0]
        """
        if self.log:
            return self._ratios()
        rough = (self.hi - self.lo) / 6
        decade = 10 ** math.floor(math.log10(rough))
        step = next(decade * k for k in (1, 2, 5, 10) if decade * k >= rough)
        step = max(step, 1.0) if self.whole else step
        first, last = math.ceil(self.lo / step - 1e-9), math.floor(self.hi / step + 1e-9)
        return [round(k * step, 10) + 0.0 for k in range(first, last + 1)]

    def _ratios(self) -> list[float]:
        decades = range(math.floor(math.log10(self.lo)), math.ceil(math.log10(self.hi)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [float(10**k * step) for k, step in itertools.product(decades, steps)]
            inside = [tick for tick in ticks if self.lo <= tick <= self.hi]
            if len(inside) <= 7:
                break
        return inside


@dataclass(frozen=True)
class Mark:
    """A dot, and the words shown when the pointer is over it."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Line:
    """Something drawn: `path` in SVG's language, `style` the classes of the page's style sheet."""

    path: str
    style: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Chart:
    """Two axes and what lies between them.

    Parameters
    ----------
    title
        Heading, and what a screen reader says.
    x, y
        The axes; y grows upward, so its start is below its end.
    x_label
        Words under the x axis.
    lines
        From back to front.
    """

    title: str
    x: Axis
    y: Axis
    x_label: str = ""
    lines: list[Line] = field(default_factory=list)

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """Return straight lines through points, given as values."""
        return "M" + " ".join(f"{self.x.at(x):g},{self.y.at(y):g}" for x, y in points)

    def band(self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> str:
        """Return the outline of what lies between two curves."""
        there = zip(xs, highs, strict=True)
        back = zip(reversed(xs), reversed(lows), strict=True)
        return self.path(itertools.chain(there, back)) + "Z"

    def mark(self, x: float, y: float, words: str) -> Mark:
        """Return a dot at a pair of values."""
        return Mark(self.x.at(x), self.y.at(y), words)
