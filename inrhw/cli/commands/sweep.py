"""Try many recipes: a search for the best of all options."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.cli.recipe import Recipe
from inrhw.cli.sweep_view import showing
from inrhw.cli.terminal import print_paths, said_when_interrupted

#: Seconds between looks at a sweep that runs elsewhere.
_GLANCE_S = 1.0


def sweep(
    path: Annotated[Path, Parameter(help="sweep.toml, or with --watch the folder of a sweep.")],
    *,
    output: Annotated[
        Path | None,
        Parameter(name=("--output", "-o"), help="Folder of the sweep. [default: sweeps/NAME]"),
    ] = None,
    scheduler: Annotated[
        str, Parameter(help="Address of a running Dask scheduler, as tcp://host:8786.")
    ] = "",
    storage: Annotated[
        str, Parameter(help="URL of a database, as postgresql+psycopg://user@host/name.")
    ] = "",
    watch: Annotated[bool, Parameter(help="Show the progress of a sweep; start none.", negative=())] = False,
) -> None:
    """Try many recipes, and report the best.

    sweep.toml is a recipe.toml whose fields may have lists or ranges of values, with a table [search]; see
    docs/sweep.md. The same command continues an interrupted sweep.
    """
    from inrhw.sweeps.extra import check_extra

    check_extra()
    if watch:
        if not path.is_dir():
            raise InputError(f"--watch takes the folder of a sweep, which {path} is not")
        _watch(path)
    else:
        _run(path, output or Path("sweeps") / path.stem, scheduler, storage)


def _run(path: Path, folder: Path, scheduler: str, storage: str) -> None:
    from inrhw.cli.trial import RecipeTrial
    from inrhw.sweeps.driver import Driver
    from inrhw.sweeps.folder import begin_sweep
    from inrhw.sweeps.page import write_page
    from inrhw.sweeps.pool import pool_of

    asked = begin_sweep(path, folder, Recipe, scheduler=scheduler, storage=storage)
    with (
        said_when_interrupted("the same command continues; finished trials are kept"),
        asked.held(),
    ):
        trial, trials = RecipeTrial(path.parent.resolve()), asked.trials.resolve()
        with asked.study() as study, pool_of(asked.orders.workers) as workers, showing(study) as on_row:
            Driver(study, workers, trial, trials, resources=asked.orders.resources, on_row=on_row).run()
    print_paths(write_page(asked, asked.rows()))


def _watch(folder: Path) -> None:
    """Show how far a sweep is, until it has ended or this is interrupted."""
    from inrhw.sweeps.folder import open_sweep

    there, shown = open_sweep(folder, Recipe), set[int]()
    with said_when_interrupted("the sweep goes on"), there.study() as study, showing(study) as on_row:
        while True:
            ended = [row for row in study.rows() if row.state != "running"]
            for row in ended:
                if row.number not in shown:
                    on_row(row)
            shown.update(row.number for row in ended)
            if len(shown) >= study.budget:
                return
            time.sleep(_GLANCE_S)
