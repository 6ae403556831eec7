"""Whole builds from Python, as the command line does them."""

import contextlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import checked
from inrhw.cli.build_folder import BuildFolder, held
from inrhw.cli.commands.build import Skippable, planned, run
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.report import write
from inrhw.cli.recipe import Recipe

if TYPE_CHECKING:
    from inrhw.reports.words import Report


@checked
def build(
    recipe: Recipe,
    folder: Path | str,
    *,
    resume: bool = False,
    skip: Collection[Skippable] = (),
    on_progress: Callable[[str], OnProgress] = lambda stage: silent,
) -> "Report":
    """Build what a recipe says, and return the content of report.json.

    Parameters
    ----------
    recipe
        Signal, network, precision, training, hardware and estimates.
    folder
        For all files. Stages whose results are there and still right are not run again.
    resume
        Continue interrupted training.
    skip
        Stages to leave out, of "synth", "power" and "verify".
    on_progress
        Given the name of a stage, returns what the stage reports its progress to.

    Raises
    ------
    InrhwError
        The recipe cannot be built; most reasons are known, and given, before training begins.
    """
    with contextlib.ExitStack() as until:
        work = BuildFolder(Path(folder), on_progress, until=until)
        run(recipe, planned(recipe, resume=resume), work, lambda rung: None, skip)
        return write(work)


@checked
def report(folder: Path | str, *, vivado: Path | None = None) -> "Report":
    """Write report.json and report.html of a build folder, and return the content of the first.

    Parameters
    ----------
    folder
        Where the stages ran, `fit` and `emit` at least.
    vivado
        Folder with reports of Vivado of the same core, to be shown beside ours.

    Raises
    ------
    InputError
        If a result is missing, damaged, or older than what it was made from.
    """
    with held(Path(folder)) as work:
        # Single functions such as `inrhw.synth` record nothing in stages.json.
        return write(work, vivado, checked=Emit.name in work.record())
