"""Write the report."""

import typer

from inrhw.commands.options import (
    FolderArgument,
)
from inrhw.report import print_summary
from inrhw.stages import Build
from inrhw.terminal import building, console


def report(folder: FolderArgument) -> None:
    """Write report.json and report.html."""
    with building(folder) as work:
        pass
    finish(work)


def finish(work: Build) -> None:
    """Write the report, print its summary, and end with status 1 if verification failed."""
    found = work.report()
    print_summary(found, console)
    console.print(
        f"Verilog {work.folder / (work.name + '.v')}\nReport  {work.folder / 'report.html'}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(0 if found["verdict"] == "pass" else 1)
