"""The memory of a sweep: Optuna's, in SQLite or another database."""

import contextlib
import json
import math
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

import optuna
from optuna.trial import TrialState
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings
from inrhw.sweeps.row import Row, row_from_text, row_to_text
from inrhw.sweeps.sampler import Grid, Sampler, directions_of, trial_of, value_of
from inrhw.sweeps.search import Search
from inrhw.sweeps.space import Space

S = TypeVar("S", bound=Settings)

#: Where a trial in the database holds its row.
_ROW = "row"

#: Straight from Optuna's tables: its own functions take seconds to read 10,000 trials.
_COUNT = "SELECT count(*) FROM trials WHERE study_id = :study"
_ROWS = (
    "SELECT number, value_json FROM trials LEFT JOIN trial_user_attributes AS told "
    f"ON told.trial_id = trials.trial_id AND told.key = '{_ROW}' WHERE study_id = :study ORDER BY number"
)
_PARAMS = (
    "SELECT number, param_name, param_value FROM trial_params JOIN trials USING (trial_id) "
    "WHERE study_id = :study"
)


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
            optuna.create_study(
                storage=storage,
                study_name=name,
                directions=directions_of(search.goals),
                load_if_exists=True,
            )
            self._id = storage.get_study_id_from_name(name)
            ((self.asked,),) = self._selected(_COUNT)

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
            row = Row(self.asked, self._sampler.ask(self.asked))
            self._database.create_new_trial(self._id, trial_of(row, self.space, self.search.goals))
            self.asked += 1
            return row

    def tell(self, row: Row) -> None:
        """Remember what became of a point."""
        with self._storage():
            self._sampler.tell(row)
            trial = self._database.get_trial_id_from_study_id_trial_number(self._id, row.number)
            self._database.set_trial_user_attr(trial, _ROW, row_to_text(row))
            values = row.values(self.search.goals)
            state = TrialState.COMPLETE if values else TrialState.FAIL
            self._database.set_trial_state_values(trial, state, values)

    def rows(self) -> list[Row]:
        """Return all rows, in the order in which they were asked for."""
        with self._storage():
            told = self._selected(_ROWS)
            points = defaultdict[int, dict[str, float]](dict)
            for number, name, stored in self._selected(_PARAMS):
                points[number][name] = stored
        return [self._row(number, points[number], row) for number, row in told]

    def _row(self, number: int, stored: Mapping[str, float], told: str | None) -> Row:
        point = {axis.name: value_of(axis, stored[axis.name]) for axis in self.space.axes}
        return row_from_text(json.loads(told), number, point) if told else Row(number, point)

    def _selected(self, query: str) -> Sequence[Any]:
        """Return what a query about the study finds."""
        with self._database.engine.connect() as connection:
            return connection.execute(text(query), {"study": self._id}).all()

    @cached_property
    def _sampler(self) -> Grid | Sampler:
        if self.search.method == "grid":
            return Grid(self.space)
        return Sampler(self.search, self.space, self.rows())

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
