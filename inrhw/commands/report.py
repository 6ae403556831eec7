"""Write the report."""

from pathlib import Path
from typing import Annotated

import typer

from inrhw.commands.options import (
    FolderArgument,
)
from inrhw.report import print_summary
from inrhw.stages import Build
from inrhw.terminal import building, console


def report(
    folder: FolderArgument,
    vivado: Annotated[
        Path | None,
        typer.Option(help="Folder with Vivado's reports of the core, to show beside the estimates."),
    ] = None,
) -> None:
    """Write report.json and report.html."""
    with building(folder) as work:
        pass
    finish(work, vivado)


def finish(work: Build, vivado: Path | None = None) -> None:
    """Write the report, print its summary, and end with status 1 if verification failed."""
    found = work.report(vivado)
    print_summary(found, console)
    console.print(
        f"Verilog {work.folder / (work.name + '.v')}\nReport  {work.folder / 'report.html'}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(0 if found["verdict"] == "pass" else 1)
