"""What is measured of a trial, and which of two is better."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

Goal = Literal["psnr_db", "lut", "dsp", "energy_nj", "mpixels_per_s"]

#: How far a trial goes, the cheapest first.
Rung = Literal["fit", "plan", "synth", "verify"]
RUNGS: tuple[Rung, ...] = get_args(Rung)

#: The first rung that knows each.
_KNOWN_FROM: Mapping[Goal, Rung] = {
    "psnr_db": "fit",
    "lut": "plan",
    "dsp": "plan",
    "energy_nj": "synth",
    "mpixels_per_s": "plan",
}

#: Whether more is better.
HIGH: Mapping[Goal, bool] = {
    "psnr_db": True,
    "lut": False,
    "dsp": False,
    "energy_nj": False,
    "mpixels_per_s": True,
}

#: What people call each, with its unit.
TITLES: Mapping[Goal, str] = {
    "psnr_db": "PSNR (dB)",
    "lut": "LUT",
    "dsp": "DSP",
    "energy_nj": "Energy (nJ/sample)",
    "mpixels_per_s": "Rate (Msample/s)",
}

#: What the cost model predicts, and may predict too large.
_MODELLED: tuple[Goal, ...] = ("lut", "dsp")


@dataclass(frozen=True)
class Measures:
    """What is known of a trial; None is unknown, never 0.

    Attributes
    ----------
    psnr_db
        Of the quantized network, the mean over pictures.
    lut, dsp
        Predicted by the plan, counted by synthesis.
    energy_nj
        Dynamic energy of a sample.
    mpixels_per_s
        At the clock that is asked for, or the highest if that is known and lower.
    """

    psnr_db: float | None = None
    lut: float | None = None
    dsp: float | None = None
    energy_nj: float | None = None
    mpixels_per_s: float | None = None

    def of(self, goal: Goal) -> float | None:
        """Return one of them."""
        value: float | None = getattr(self, goal)
        return value

    def updated(self, later: "Measures") -> "Measures":
        """Return these with what a later rung knows in their place."""
        known = {field.name: getattr(later, field.name) for field in fields(later)}
        return replace(self, **{name: value for name, value in known.items() if value is not None})

    def at_best(self, margin: float) -> "Measures":
        """Return predictions as low as they may turn out."""
        known = {goal: value for goal in _MODELLED if (value := self.of(goal)) is not None}
        return replace(self, **{goal: value * (1 - margin) for goal, value in known.items()})


def known_from(goal: Goal, depth: Rung) -> bool:
    """Return whether a goal is known once a trial has gone so deep."""
    return RUNGS.index(_KNOWN_FROM[goal]) <= RUNGS.index(depth)


def predicted(goals: Sequence[Goal]) -> bool:
    """Return whether all goals are known before synthesis."""
    return all(known_from(goal, "plan") for goal in goals)


def better(a: Measures, b: Measures, goals: Sequence[Goal]) -> bool:
    """Return whether `a` dominates `b`: as good in all goals and better in one. What is unknown is not.

    Examples
    --------
    >>> small, large = Measures(psnr_db=30, lut=100), Measures(psnr_db=30, lut=200)
    >>> better(small, large, ["psnr_db", "lut"]), better(large, small, ["psnr_db", "lut"])
    (True, False)
    """
    some = False
    for goal in goals:
        x, y = a.of(goal), b.of(goal)
        if x is None or y is None:
            return False
        if x != y:
            if (x > y) is not HIGH[goal]:
                return False
            some = True
    return some


def dominator(measures: Measures, front: Iterable[tuple[int, Measures]], goals: Sequence[Goal]) -> int | None:
    """Return the number of a trial on the front that dominates `measures`, or None."""
    return next((number for number, other in front if better(other, measures, goals)), None)


class Front:
    """The trials that none dominates; those that one does are dropped as they come."""

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = goals
        self.trials: list[tuple[int, Measures]] = []

    def add(self, number: int, measures: Measures) -> None:
        """Take a trial in."""
        if any(measures.of(goal) is None for goal in self._goals):
            return
        if dominator(measures, self.trials, self._goals) is None:
            kept = [(n, other) for n, other in self.trials if not better(measures, other, self._goals)]
            self.trials = [*kept, (number, measures)]
