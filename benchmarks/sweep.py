"""What a sweep costs: real trials, the driver, the page, and how well workers are kept busy.

python benchmarks/sweep.py            # writes benchmarks/results/sweep.json, about a quarter of an hour
"""

import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from distributed import Client, LocalCluster

from inrhw import Network, Recipe, Signal, Training
from inrhw.base.files import write_json
from inrhw.base.settings import Settings, at_least
from inrhw.cli.trial import RecipeTrial
from inrhw.sweeps.driver import Driver
from inrhw.sweeps.folder import SweepFolder, begin_sweep
from inrhw.sweeps.measures import RUNGS, Goal, Measures, Rung
from inrhw.sweeps.page import write_page
from inrhw.sweeps.pool import Pool
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Method
from inrhw.sweeps.trial import Outcome

RESULTS = Path(__file__).with_name("results") / "sweep.json"

#: Trials that are recorded before the overhead is measured, and those that it is measured on.
RECORDED, MEASURED = 10_000, 40


@dataclass(frozen=True)
class Shape(Settings):
    """Fields to sweep.

    Parameters
    ----------
    width, depth
        Whole numbers.
    rate
        A number.
    model
        A text.
    """

    width: Annotated[int, at_least(1)] = 8
    depth: int = 1
    rate: float = 0.5
    model: str = "a"


@dataclass(frozen=True)
class Sleeping(Settings):
    """What is swept.

    Parameters
    ----------
    shape
        The group.
    """

    shape: Shape = Shape()


@dataclass(frozen=True)
class SleepingTrial:
    """A trial that only takes time."""

    seconds: float

    def identity(self, settings: Sleeping) -> str:
        """Return the values."""
        shape = settings.shape
        return f"{shape.width}-{shape.depth}-{shape.rate!r}-{shape.model}"

    def command(self, settings: Sleeping, folder: Path) -> str:
        """Return as long a text as that of a recipe."""
        return f"inrhw build --board vcu128 --hidden-features {settings.shape.width} -o {folder}"

    def climb(self, settings: Sleeping, folder: Path, rung: Rung, goals: tuple[Goal, ...]) -> Outcome:
        """Sleep."""
        time.sleep(self.seconds)
        shape = settings.shape
        psnr_db = 20 + 3 * shape.rate + shape.width / 10 + (shape.model == "b")
        lut = 100.0 * shape.width * shape.depth
        return Outcome(
            Measures(psnr_db, None if rung == "fit" else lut, 0.0, lut / 1000, 300.0), "", self.seconds
        )


class Inline:
    """A pool that does everything at once: what remains is the driver."""

    slots = 1

    def __init__(self) -> None:
        self._given: list[tuple[Row, Callable[[], Outcome]]] = []

    def __len__(self) -> int:
        return len(self._given)

    def check(self, needs: object) -> None:
        """Have everything."""

    def give(self, row: Row, name: str, needs: object, function: Any, *arguments: Any) -> None:
        """Keep it."""
        self._given.append((row, lambda: function(*arguments)))

    def back(self) -> tuple[list[Row], Callable[[], Outcome]]:
        """Do the first."""
        row, do = self._given.pop(0)
        found = do()
        return [row], lambda: found


def asked(folder: Path, method: Method, trials: int, depth: Rung) -> SweepFolder[Sleeping]:
    """Return a sweep of four fields."""
    path = folder / "asked.toml"
    path.write_text(
        f"[search]\nmethod = '{method}'\ntrials = {trials}\ndepth = '{depth}'\ngoals = ['psnr_db', 'lut']\n"
        "margin = 0.99\n"
        "[shape]\nwidth = {low = 1, high = 64}\ndepth = {low = 1, high = 4}\nrate = {low = 0, high = 1}\n"
        "model = ['a', 'b', 'c']\n"
    )
    return begin_sweep(path, folder / "sweep", Sleeping, scheduler="", storage="")


def record(folder: Path, trials: int) -> float:
    """Record trials in a folder, and return the time of the driver for each in ms, all in all."""
    sweep = asked(folder, "random", trials, "plan")
    start = time.perf_counter()
    with sweep.study() as study:
        Driver(study, Inline(), SleepingTrial(0), sweep.trials).run()  # type: ignore[arg-type]
    return 1000 * (time.perf_counter() - start) / trials


def overhead(method: Method, recorded: Path) -> dict[str, float]:
    """Return the time of the driver a trial, with many recorded, and of the page of them all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The points are remembered, and only the way to choose them changes.
        shutil.copytree(recorded / "sweep", folder / "sweep", ignore=shutil.ignore_patterns("sweep.toml"))
        sweep = asked(folder, method, RECORDED + MEASURED, "plan")
        ends: list[tuple[float, float]] = []

        def on_row(row: Row) -> None:
            ends.append((time.process_time(), time.perf_counter()))

        with sweep.study() as study:
            pool: Any = Inline()
            Driver(study, pool, SleepingTrial(0), sweep.trials, on_row=on_row).run()
        cpu, wall = ([1000 * (b[k] - a[k]) for a, b in itertools.pairwise(ends)] for k in (0, 1))
        start, start_cpu = time.perf_counter(), time.process_time()
        page, *_ = write_page(sweep, sweep.rows())
        return {
            "recorded": RECORDED,
            "cpu_ms_per_trial": round(statistics.median(cpu), 1),
            "wall_ms_per_trial": round(statistics.median(wall), 1),
            "page_cpu_s": round(time.process_time() - start_cpu, 2),
            "page_s": round(time.perf_counter() - start, 2),
            "page_mb": round(page.stat().st_size / 1e6, 2),
        }


def utilisation(workers: int, trials: int, seconds: float, *, processes: bool) -> dict[str, float]:
    """Return how busy workers are kept by trials of three rungs that sleep."""
    with tempfile.TemporaryDirectory() as name:
        sweep = asked(Path(name), "random", trials, "synth")
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
            memory_limit=0,
        )
        rungs: list[Row] = []
        with cluster, Client(cluster) as client, sweep.study() as study:
            client.wait_for_workers(workers)
            pool: Pool[Row, Outcome] = Pool(client)
            start = time.perf_counter()
            Driver(study, pool, SleepingTrial(seconds), sweep.trials, on_row=rungs.append).run()
            took = time.perf_counter() - start
        busy = sum(row.seconds for row in rungs)
        return {
            "workers": workers,
            "trials": trials,
            "rung_s": seconds,
            "wall_s": round(took, 1),
            "trials_per_minute": round(60 * trials / took, 1),
            "utilisation": round(busy / (workers * took), 3),
        }


def real(trials: int) -> dict[str, float]:
    """Return the mean CPU seconds from the rung before to each, of small recipes with one thread."""
    seconds: dict[str, list[float]] = {rung: [] for rung in RUNGS}
    with tempfile.TemporaryDirectory() as name:
        trial = RecipeTrial(Path(name))
        for seed in range(trials + 1):
            recipe = Recipe(
                signal=Signal(size="32x32"),
                network=Network(hidden_features=12, hidden_layers=1),
                training=Training(300, seed=seed),
            )
            for rung in RUNGS:
                before = sum(os.times()[:4])
                sentence = trial.climb(recipe, Path(name, f"t{seed}"), rung, ("psnr_db", "lut")).sentence
                assert not sentence, sentence
                seconds[rung].append(sum(os.times()[:4]) - before)
    # The first one also imports.
    return {rung: round(statistics.mean(each[1:]), 2) for rung, each in seconds.items()}


def main() -> None:
    """Measure all, or what is named: real, overhead, scaling, cluster."""
    wanted = sys.argv[1:] or ["real", "overhead", "scaling", "cluster"]
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if "real" in wanted:
        torch.set_num_threads(1)
        found["real_cpu_s"] = real(1)
    if "overhead" in wanted:
        methods: tuple[Method, ...] = ("random", "tpe", "nsga2")
        with tempfile.TemporaryDirectory() as name:
            each = record(Path(name), RECORDED)
            found["overhead"] = {method: overhead(method, Path(name)) for method in methods}
        found["recording_ms_per_trial"] = round(each, 1)
    if "scaling" in wanted:
        found["scaling"] = [utilisation(n, 20, 1.0, processes=True) for n in (1, 2)]
    if "cluster" in wanted:
        found["cluster"] = utilisation(32, 480, 8.0, processes=False)
    write_json(RESULTS, found)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
