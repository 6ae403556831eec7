"""A sweep as it runs: points are asked for, go up rung by rung, and are remembered."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from inrhw.base.errors import InrhwError
from inrhw.base.settings import Settings
from inrhw.sweeps.measures import RUNGS, Front, Rung, dominator, predicted
from inrhw.sweeps.pool import Lost, Pool
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Orders, Resources
from inrhw.sweeps.study import Study
from inrhw.sweeps.trial import Outcome, Trial

S = TypeVar("S", bound=Settings)

DEFAULT = Orders()

OnRow = Callable[[Row], None]


class Driver(Generic[S]):
    """What asks, gives out and remembers: one process a sweep.

    Parameters
    ----------
    study
        The memory; what it holds is not done again.
    pool
        The workers.
    trial
        What a trial is.
    folder
        Where each trial has a folder, called by its identity: sweeps that share it share their trials.
    resources
        What each rung needs of a worker.
    on_row
        Called with each row when it has ended.
    """

    def __init__(
        self,
        study: Study[S],
        pool: Pool[Row, Outcome],
        trial: Trial[S],
        folder: Path,
        *,
        resources: Resources = DEFAULT.resources,
        on_row: OnRow = lambda row: None,
    ) -> None:
        self._study, self._pool, self._trial, self._folder = study, pool, trial, folder
        self._resources, self._on_row = resources, on_row
        self._search = study.search
        self._rungs = RUNGS[: RUNGS.index(self._search.depth) + 1]
        self._front = Front(self._search.goals)
        self._ended: dict[str, Row] = {}
        #: Their worker was lost again and again; one of several that it had is to blame.
        self._suspects: list[Row] = []
        self._alone = False

    def run(self) -> None:
        """Run until the budget is spent and all has ended.

        Raises
        ------
        InputError
            The scheduler or the database is gone, or no worker has what a rung needs.
        """
        for rung in self._rungs:
            self._pool.check(self._resources.of(rung))
        rows = self._study.rows()
        for row in rows:
            if row.state != "running":
                self._keep(row)
        for row in rows:
            if row.state == "running":
                self._begin(row)
        until = time.monotonic() + (self._search.hours or math.inf) * 3600
        while True:
            while self._study.asked < self._study.budget and time.monotonic() < until and self._has_room():
                self._begin(self._study.ask())
            if not len(self._pool):
                if not self._suspects:
                    return
                self._alone = True
                suspect = self._suspects.pop(0)
                self._give(suspect, self._next(suspect))
            rows, result = self._pool.back()
            for row in rows:
                self._took(row, result)

    def _has_room(self) -> bool:
        """Return whether a worker would wait: a few trials lie ready, so that none waits for this process."""
        slots = self._pool.slots
        return len(self._pool) < slots + 1 + slots // 4

    def _begin(self, row: Row) -> None:
        """Give a point out, unless it cannot be or is known."""
        try:
            settings = self._study.space.at(row.point)
            identity = self._trial.identity(settings)
        except InrhwError as error:
            self._end(row.ended("failed", str(error)))
            return
        if before := self._ended.get(identity):
            self._end(row.like(before))
            return
        command = self._trial.command(settings, self._folder / identity)
        self._give(replace(row, identity=identity, command=command), self._rungs[0])

    def _give(self, row: Row, rung: Rung) -> None:
        settings = self._study.space.at(row.point)
        folder, goals = self._folder / row.identity, self._search.goals
        name = f"{self._folder}/{row.identity}/{rung}{'/alone' if self._alone else ''}"
        arguments = (settings, folder, rung, goals)
        self._pool.give(row, name, self._resources.of(rung), self._trial.climb, *arguments)

    def _took(self, row: Row, result: Callable[[], Outcome]) -> None:
        """Send a row further up, or end it."""
        rung = self._next(row)
        try:
            outcome = result()
        except Lost as error:
            if not self._alone:
                self._suspects.append(row)
                return
            outcome = Outcome(row.measures, str(error))
        row = row.reached(rung, outcome.measures, outcome.seconds)
        if outcome.sentence:
            self._end(row.ended("failed", outcome.sentence))
        elif rung == self._rungs[-1]:
            self._end(row.ended("done"))
        elif rung == "plan" and (other := self._dominator(row)) is not None:
            self._end(row.ended("dominated", f"trial {other} is better than its prediction; not synthesized"))
        else:
            self._give(row, self._next(row))

    def _next(self, row: Row) -> Rung:
        """Return the rung that a row goes up next."""
        return self._rungs[self._rungs.index(row.rung) + 1] if row.rung else self._rungs[0]

    def _dominator(self, row: Row) -> int | None:
        """Return the trial that was synthesized and is better, however low the prediction turns out."""
        if not predicted(self._search.goals):
            return None
        best = row.measures.at_best(self._search.margin)
        return dominator(best, self._front.trials, self._search.goals)

    def _end(self, row: Row) -> None:
        self._study.tell(row)
        self._keep(row)
        self._on_row(row)

    def _keep(self, row: Row) -> None:
        if row.identity:
            self._ended.setdefault(row.identity, row)
        if row.state == "done":
            self._front.add(row.number, row.measures)
