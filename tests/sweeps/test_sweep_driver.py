"""The driver: every point ends once, whatever happens, and no more is done than has to be."""

import collections
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from optuna.storages import RDBStorage
from support.fake_trials import Fake, FakeTrial

from inrhw.sweeps.driver import Driver
from inrhw.sweeps.folder import SweepFolder, begin_sweep
from inrhw.sweeps.pool import Pool
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Needs
from inrhw.sweeps.trial import Outcome

GRID = "[shape]\nwidth = [1, 2, 3]\nkind = ['a', 'b']\n"


class Inline:
    """A pool that does everything at once, in this process; it is interrupted after `left` results."""

    def __init__(self, left: int = 10**9, slots: int = 2) -> None:
        self.slots, self._left = slots, left
        self._given: collections.deque[tuple[Row, Callable[[], Outcome]]] = collections.deque()

    def __len__(self) -> int:
        return len(self._given)

    def check(self, needs: Needs) -> None:
        """Have everything."""

    def give(
        self, row: Row, name: str, needs: Needs, function: Callable[..., Outcome], *arguments: object
    ) -> None:
        """Keep it."""
        self._given.append((row, lambda: function(*arguments)))

    def back(self) -> tuple[list[Row], Callable[[], Outcome]]:
        """Do the first."""
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        row, do = self._given.popleft()
        found = do()
        return [row], lambda: found


@pytest.fixture
def trial(tmp_path: Path) -> FakeTrial:
    return FakeTrial(tmp_path / "log")


def asked(tmp_path: Path, text: str) -> SweepFolder[Fake]:
    """Return the sweep that a text asks for."""
    path = tmp_path / "asked.toml"
    path.write_text(text)
    return begin_sweep(path, tmp_path / "sweeps" / "one", Fake, scheduler="", storage="")


def swept(sweep: SweepFolder[Fake], trial: FakeTrial, pool: Inline | None = None) -> list[Row]:
    """Run a sweep in this process and return its rows."""
    given = cast(Pool[Row, Outcome], Inline() if pool is None else pool)
    with sweep.study() as study:
        Driver(study, given, trial, sweep.trials).run()
        return study.rows()


def test_every_point_of_a_grid_ends_once(tmp_path: Path, trial: FakeTrial) -> None:
    rows = swept(asked(tmp_path, GRID), trial)
    assert [row.number for row in rows] == list(range(6))
    assert {(row.point["width"], row.point["kind"]) for row in rows} == {
        (w, k) for w in (1, 2, 3) for k in "ab"
    }
    assert {row.state for row in rows} == {"done"}
    assert len(trial.lines("begun")) == len(set(trial.lines("begun"))) == 18  # fit, plan, synth
    assert all(row.measures.lut == 1 + (row.predicted.lut or 0) for row in rows)
    assert swept(asked(tmp_path, GRID), trial) == rows
    assert len(trial.lines("begun")) == 18


def test_what_is_dominated_by_prediction_is_not_synthesized(tmp_path: Path, trial: FakeTrial) -> None:
    rows = swept(asked(tmp_path, "[shape]\ndepth = [1, 2, 3]"), trial, Inline(slots=0))
    assert [row.state for row in rows] == ["done", "dominated", "dominated"]
    assert [row.measures.lut for row in rows] == [801, 1600, 2400]
    assert rows[1].sentence == "trial 0 is better than its prediction; not synthesized"
    assert [line[1] for line in trial.lines("begun")].count("synth") == 1


def test_a_prediction_within_the_margin_is_synthesized(tmp_path: Path, trial: FakeTrial) -> None:
    rows = swept(
        asked(tmp_path, "[search]\nmargin = 0.6\n[shape]\ndepth = [1, 2, 3]"), trial, Inline(slots=0)
    )
    assert [row.state for row in rows] == ["done", "done", "dominated"]


def test_a_failed_trial_is_a_row_with_its_sentence(tmp_path: Path, trial: FakeTrial) -> None:
    rows = swept(asked(tmp_path, "[shape]\ndepth = [12, 13, 1]"), trial)
    assert [row.state for row in rows] == ["failed", "failed", "done"]
    assert [row.sentence for row in rows] == ["a depth of 12 fails", "a depth of 13 cannot be", ""]


@pytest.mark.parametrize(
    ("method", "left"), [("grid", 0), ("grid", 1), ("grid", 11), ("random", 5), ("tpe", 5), ("nsga2", 5)]
)
def test_an_interrupted_sweep_goes_on(tmp_path: Path, trial: FakeTrial, method: str, left: int) -> None:
    sweep = asked(tmp_path, f"[search]\nmethod = '{method}'\ntrials = 6\n{GRID}")
    with pytest.raises(KeyboardInterrupt):
        swept(sweep, trial, Inline(left))
    before = [row for row in sweep.rows() if row.state != "running"]
    rows = swept(sweep, trial)
    assert len(rows) == 6
    assert {row.state for row in rows} <= {"done", "dominated"}
    assert [rows[row.number] for row in before] == before


def test_a_row_whose_trial_was_not_ended_is_kept_as_it_is(
    tmp_path: Path, trial: FakeTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    sweep = asked(tmp_path, GRID)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RDBStorage, "set_trial_state_values", killed)
        swept(sweep, trial)
    (before,) = [row for row in sweep.rows() if row.state == "done"]
    assert swept(sweep, trial)[before.number] == before


def test_equal_points_are_tried_once(tmp_path: Path, trial: FakeTrial) -> None:
    rows = swept(asked(tmp_path, "[search]\nmethod = 'random'\ntrials = 20\n[shape]\nwidth = [1, 2]"), trial)
    assert len(rows) == 20
    assert len({row.identity for row in rows}) == 2
    assert len({(row.identity, row.measures) for row in rows}) == 2


def test_a_run_that_goes_on_draws_other_points(tmp_path: Path, trial: FakeTrial) -> None:
    text = "[search]\nmethod = 'random'\ntrials = {}\n[shape]\nrate = {{low = 0, high = 1}}"
    swept(asked(tmp_path, text.format(4)), trial)
    rows = swept(asked(tmp_path, text.format(8)), trial)
    assert len({row.point["rate"] for row in rows}) == 8
