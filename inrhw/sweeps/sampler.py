"""What chooses the points of a sweep: a grid in its order, or one of Optuna's samplers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from inrhw.sweeps.measures import HIGH, Front, Goal
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Method, Search
from inrhw.sweeps.space import Axis, Point, Space

optuna.logging.set_verbosity(optuna.logging.WARNING)

#: The more trials a sampler knows, the longer it takes. So after as many new ones as the first number says it
#: begins anew, and knows so many of the newest and at least so many of the best.
_NEWEST, _BEST = 500, 100

_SAMPLERS: Mapping[Method, Callable[[int], BaseSampler]] = {
    "random": RandomSampler,
    "tpe": lambda seed: TPESampler(seed=seed, multivariate=True),
    "nsga2": lambda seed: NSGAIISampler(seed=seed),
}


class Grid:
    """Every point once: which one a trial is, its number says."""

    def __init__(self, space: Space[Any]) -> None:
        self._space = space

    def ask(self, number: int) -> Point:
        """Return the point of a trial."""
        return self._space.nth(number)

    def tell(self, row: Row) -> None:
        """Learn nothing."""


class Sampler:
    """One of Optuna's samplers, with what it knows in memory.

    Parameters
    ----------
    search, space
        What is looked for and where.
    rows
        All that was asked for before, in that order.
    """

    def __init__(self, search: Search, space: Space[Any], rows: Sequence[Row]) -> None:
        self._search, self._space = search, space
        self._begin(rows)

    def ask(self, number: int) -> Point:
        """Return the point of a trial."""
        if len(self._rows) >= self._full:
            self._begin(list(self._rows.values()))
        distributions = _distributions(self._space)
        trial = self._study.ask(distributions)
        point = {
            axis.name: value_of(axis, distributions[axis.name].to_internal_repr(trial.params[axis.name]))
            for axis in self._space.axes
        }
        self._rows[number], self._asked[number] = Row(number, point), trial.number
        return point

    def tell(self, row: Row) -> None:
        """Learn what became of a point."""
        self._rows[row.number] = row
        values = row.values(self._search.goals)
        self._study.tell(self._asked.pop(row.number), values, None if values else TrialState.FAIL)

    def _begin(self, rows: Sequence[Row]) -> None:
        goals = self._search.goals
        seed = self._search.seed + (rows[-1].number + 1 if rows else 0)  # no points of before are drawn again
        self._study = optuna.create_study(
            directions=directions_of(goals), sampler=_SAMPLERS[self._search.method](seed % 2**32)
        )
        kept = _worth_knowing(rows, goals)
        for row in kept:
            trial = trial_of(row, self._space, goals)
            trial.system_attrs = {NSGAIISampler._get_generation_key(): 0}  # parents of what comes now
            self._study.add_trial(trial)
        self._rows = {row.number: row for row in kept}
        self._asked = {row.number: place for place, row in enumerate(kept) if row.state == "running"}
        self._full = len(kept) + _NEWEST


def _worth_knowing(rows: Sequence[Row], goals: Sequence[Goal]) -> list[Row]:
    """Return the newest and the best rows of those that say something, and those that are running."""
    told = [row for row in rows if row.values(goals)]
    kept = _best(told, goals) | {row.number for row in told[-_NEWEST:]}
    return [row for row in rows if row.number in kept or row.state == "running"]


def _best(rows: Iterable[Row], goals: Sequence[Goal]) -> set[int]:
    """Return the numbers of the front, of the front behind it, and so on until they are enough."""
    left, best = {row.measures: row.number for row in rows}, set[int]()
    while left and len(best) < _BEST:
        front = Front(goals)
        for measures, number in left.items():
            front.add(number, measures)
        for number, measures in front.trials:
            best.add(number)
            del left[measures]
    return best


def directions_of(goals: Sequence[Goal]) -> list[StudyDirection]:
    """Return which way each goal is better, as Optuna says it."""
    return [StudyDirection.MAXIMIZE if HIGH[goal] else StudyDirection.MINIMIZE for goal in goals]


def trial_of(row: Row, space: Space[Any], goals: Sequence[Goal]) -> FrozenTrial:
    """Return a row that is running, or that a search learns from, as Optuna says it."""
    values = row.values(goals)
    return create_trial(
        state=TrialState.COMPLETE if values else TrialState.RUNNING,
        values=values,
        params={
            axis.name: row.point[axis.name] if axis.range else _told(row.point[axis.name])
            for axis in space.axes
        },
        distributions=_distributions(space),
    )


def _distributions(space: Space[Any]) -> dict[str, BaseDistribution]:
    return {axis.name: _distribution(axis) for axis in space.axes}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.range is None:
        return CategoricalDistribution([_told(value) for value in axis.choices])
    low, high, step, log = axis.range.low, axis.range.high, axis.range.step, axis.range.log
    if axis.whole:
        return IntDistribution(round(low), round(high), log=log, step=round(step or 1))
    return FloatDistribution(low, high, log=log, step=step)


def value_of(axis: Axis, stored: float) -> Any:
    """Return the value of a field for the number that Optuna stores: of a choice, its place."""
    if axis.range is None:
        return axis.choices[int(stored)]
    return round(stored) if axis.whole else stored


def _told(value: Any) -> bool | int | float | str:
    """Return a choice as Optuna takes it."""
    return value if isinstance(value, (bool, int, float, str)) else json.dumps(value)
