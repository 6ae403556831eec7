"""Try faults in the weights."""

from typing import Annotated

from cyclopts import Parameter
from rich.progress import Progress

from inrhw.base.errors import InputError
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.terminal import COLUMNS, console, errors, print_file, print_paths


def faults(
    folder: FolderArgument,
    *,
    trials: Annotated[int, Parameter(help="Trials of each rate and of each bit.")] = 8,
    seed: Annotated[int, Parameter(help="Seed of all random draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure what noise, flipped and stuck bits of the weights cost a trained network."""
    from inrhw.artifact.rebuild import has_banks
    from inrhw.networks.fault_survey import check_draws, survey
    from inrhw.networks.training.fitted import Fitted
    from inrhw.reports.fault_page import print_survey, write_survey

    check_draws(trials, seed)
    if has_banks(folder):
        raise InputError(f"{folder} holds several networks, of pictures or tiles; faults are of one alone")
    fitted = Fitted.load(folder)
    with Progress(*COLUMNS, console=errors, transient=True) as bars:
        task = bars.add_task("faults", total=None)
        found = survey(
            fitted.model,
            fitted.picture.values,
            trials=trials,
            seed=seed,
            on_progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    files = write_survey(found, fitted.picture.name, folder)
    if as_json:
        print_file(files[0])
        return
    print_survey(found, console)
    print_paths(files)
