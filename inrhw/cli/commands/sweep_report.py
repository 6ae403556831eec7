"""Write the report of a sweep."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import print_paths


def sweep_report(
    folder: Annotated[Path, Parameter(help="Folder of a sweep, as given to -o; it may still run.")],
) -> None:
    """Write sweep.html, sweep.csv and sweep.parquet of the trials so far."""
    from inrhw.sweeps.extra import check_extra

    check_extra()
    from inrhw.sweeps.folder import open_sweep
    from inrhw.sweeps.page import write_page

    sweep = open_sweep(folder, Recipe)
    print_paths(write_page(sweep, sweep.rows()))
