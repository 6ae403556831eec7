"""The memory of a sweep: Optuna's, in SQLite or another database."""

import contextlib
import json
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study as OptunaStudy
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings
from inrhw.sweeps.measures import HIGH
from inrhw.sweeps.row import Row, row_from_text, row_to_text
from inrhw.sweeps.search import Search
from inrhw.sweeps.space import Axis, Space

S = TypeVar("S", bound=Settings)

#: Where a trial in the database holds its row.
_ROW = "row"

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Study(Generic[S]):
    """Points that were asked for, and what became of them.

    Parameters
    ----------
    url
        Of a database, as SQLAlchemy takes it.
    name
        Of the sweep, in a database that may hold many.
    search, space
        What is looked for and where.

    Raises
    ------
    InputError
        The database cannot be used.
    """

    def __init__(self, url: str, name: str, search: Search, space: Space[S]) -> None:
        self.search, self.space, self._url = search, space, url
        with self._storage():
            self._database = storage = optuna.storages.RDBStorage(url)
            if make_url(url).get_backend_name() == "sqlite":
                event.listen(storage.engine, "connect", _written_ahead)
                storage.engine.dispose()  # of connections from before
            self._study: OptunaStudy = optuna.create_study(
                storage=storage,
                study_name=name,
                directions=["maximize" if HIGH[goal] else "minimize" for goal in search.goals],
                load_if_exists=True,
            )
            self.asked = len(self._study.get_trials(deepcopy=False))
        self._study.sampler = _sampler(search, space, self.asked)
        self._trials: dict[int, Trial] = {}

    def close(self) -> None:
        """Let the database go."""
        self._database.remove_session()
        self._database.engine.dispose()

    @property
    def budget(self) -> float:
        """Trials at most: those that are allowed, or all points of a grid; infinite if only time ends it."""
        size = self.space.size if self.search.method == "grid" else None
        return min(number for number in (self.search.trials, size, math.inf) if number is not None)

    def ask(self) -> Row:
        """Return the next point."""
        with self._storage():
            row = self._begun(self._study.ask())
            self.asked += 1
            return row

    def unfinished(self) -> list[Row]:
        """Return what was asked for and has not ended: its run was interrupted, or goes on elsewhere."""
        with self._storage():
            running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
            return [self._begun(Trial(self._study, trial._trial_id)) for trial in running]

    def tell(self, row: Row) -> None:
        """Remember what became of a point."""
        with self._storage():
            self._trials.pop(row.number).set_user_attr(_ROW, row_to_text(row))
            values = [row.measures.of(goal) for goal in self.search.goals]
            if row.state == "failed" or None in values:
                self._study.tell(row.number, state=TrialState.FAIL)
            else:
                self._study.tell(row.number, [value for value in values if value is not None])

    def rows(self) -> list[Row]:
        """Return all rows, in the order in which they were asked for."""
        with self._storage():
            return [self._row(trial) for trial in self._study.get_trials(deepcopy=False)]

    def _begun(self, trial: Trial) -> Row:
        self._trials[trial.number] = trial
        return Row(trial.number, {axis.name: _suggested(trial, axis) for axis in self.space.axes})

    def _row(self, trial: FrozenTrial) -> Row:
        names = {axis.name: axis for axis in self.space.axes}
        point = {name: _value(names[name], told) for name, told in trial.params.items() if name in names}
        if text := trial.user_attrs.get(_ROW):
            return row_from_text(text, trial.number, point)
        return Row(trial.number, point)

    @contextlib.contextmanager
    def _storage(self) -> Iterator[None]:
        """Turn what databases raise into a sentence."""
        try:
            with warnings.catch_warnings(action="ignore"):  # of what Optuna calls experimental
                yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError, ImportError) as error:
            raise InputError(_sentence(self._url, error)) from error


def _written_ahead(connection: Any, _: object) -> None:
    """Let SQLite write ahead: a commit waits for no disk, and a crash of the machine costs the last ones."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _sentence(url: str, error: Exception) -> str:
    """Return what was wrong with a database; its password is not shown."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return f"storage must be the URL of a database, as postgresql+psycopg://user@host/name, not {url!r}"
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
    return (
        f"the database {shown} cannot be used ({said}); nothing that is finished is lost, "
        "and the same command goes on once it can"
    )


def _sampler(search: Search, space: Space[Any], asked: int) -> BaseSampler:
    """Return the sampler of points; a continued run does not draw the same ones again."""
    seed = (search.seed + asked) % 2**32
    made: dict[str, Callable[[], BaseSampler]] = {
        "grid": lambda: _Grid(space),
        "random": lambda: RandomSampler(seed),
        "tpe": lambda: TPESampler(seed=seed, multivariate=True),
        "nsga2": lambda: NSGAIISampler(seed=seed),
    }
    with warnings.catch_warnings(action="ignore"):
        return made[search.method]()


class _Grid(BaseSampler):
    """Every point once: which one a trial is, its number says, whenever it is asked."""

    def __init__(self, space: Space[Any]) -> None:
        self._space = space

    def infer_relative_search_space(
        self, study: OptunaStudy, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: OptunaStudy, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Each alone."""
        return {}

    def sample_independent(
        self, study: OptunaStudy, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of a field at the trial's place."""
        value = self._space.nth(trial.number)[param_name]
        axis = next(axis for axis in self._space.axes if axis.name == param_name)
        return _told(value) if axis.range is None else value


def _suggested(trial: Trial, axis: Axis) -> Any:
    """Return the value of a field at a trial; one that it has already stays."""
    if axis.range is None:
        return _value(axis, trial.suggest_categorical(axis.name, [_told(value) for value in axis.choices]))
    low, high, step, log = axis.range.low, axis.range.high, axis.range.step, axis.range.log
    if axis.whole:
        return trial.suggest_int(axis.name, round(low), round(high), step=round(step or 1), log=log)
    return trial.suggest_float(axis.name, low, high, step=step, log=log)


def _told(value: Any) -> bool | int | float | str:
    """Return a choice as a database holds it."""
    return value if isinstance(value, (bool, int, float, str)) else json.dumps(value)


def _value(axis: Axis, told: Any) -> Any:
    """Return the choice that a database holds."""
    if axis.range is not None:
        return told
    return next((value for value in axis.choices if _told(value) == told), told)
