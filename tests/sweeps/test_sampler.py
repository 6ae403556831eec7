"""The search: what a sampler knows stays small, and holds what it has to."""

import contextlib
import random
from pathlib import Path

import pytest
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from support.fake_trials import Shape

from inrhw.sweeps import sampler
from inrhw.sweeps.measures import Front, Goal, Measures
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Method, Search
from inrhw.sweeps.space import Axis, Range, Space
from inrhw.sweeps.study import Study as Memory

GOALS: tuple[Goal, ...] = ("psnr_db", "lut")
SPACE = Space(Shape, {}, (Axis("", "rate", whole=False, range=Range(0, 1)),), "")


def test_a_sampler_knows_the_best_the_newest_and_what_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[FrozenTrial] = []

    class Watched(RandomSampler):
        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            known[:] = study.get_trials()[:-1]

    monkeypatch.setattr(sampler, "_NEWEST", 10)
    monkeypatch.setattr(sampler, "_BEST", 3)
    monkeypatch.setitem(sampler._SAMPLERS, "random", Watched)
    search = sampler.Sampler(Search("random", GOALS, trials=200), SPACE, [])
    draw, front, told = random.Random(0), Front(GOALS), list[Measures]()
    running = search.ask(0)
    for number in range(1, 200):
        point = search.ask(number)
        values = [trial.values for trial in known if trial.state == TrialState.COMPLETE]
        best = [measures for _, measures in front.trials]
        assert all([each.psnr_db, each.lut] in values for each in (*best, *told[-10:]))
        assert [trial.params for trial in known if trial.state == TrialState.RUNNING] == [running]
        assert len(known) < 50
        told.append(Measures(psnr_db=draw.gauss(0, 1), lut=draw.gauss(0, 1)))
        front.add(number, told[-1])
        search.tell(Row(number, point, state="done", measures=told[-1]))


@pytest.mark.parametrize("method", ["grid", "tpe"])
def test_a_database_gives_back_any_choice(tmp_path: Path, method: Method) -> None:
    """Databases hold numbers and texts alone; a point may hold None, or several files."""
    choices = {"ii": (None, 8), "pictures": (("a.png", "b.png"), ("c.png",)), "shared": (False, True)}
    space = Space(Shape, {}, tuple(Axis("", name, False, each) for name, each in choices.items()), "")

    def memory() -> contextlib.closing[Memory[Shape]]:
        return contextlib.closing(
            Memory(f"sqlite:///{tmp_path}/study.db", "one", Search(method, GOALS, trials=8), space)
        )

    with memory() as study:
        asked = [study.ask() for _ in range(4)]
    with memory() as study:
        asked += [study.ask() for _ in range(4)]
    with memory() as study:
        assert study.rows() == asked
    assert all(row.point[name] in choices[name] for row in asked for name in choices)
