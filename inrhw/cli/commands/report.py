"""Write the report."""

from pathlib import Path
from typing import Annotated

import typer

from inrhw.base.errors import InputError
from inrhw.cli.build_folder import Build
from inrhw.cli.terminal import building, console
from inrhw.reports.compare import compare as side_by_side
from inrhw.reports.compare import write_comparison
from inrhw.reports.terminal import print_summary


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folder of a build; several with --compare.")
    ],
    vivado: Annotated[
        Path | None,
        typer.Option(help="Folder with Vivado's reports of the core, to show beside the estimates."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Lay the reports that are there side by side.")
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the comparison.")] = Path(
        "rtl_out/compare"
    ),
) -> None:
    """Write report.json and report.html, or with --compare compare.json and compare.html."""
    if compare:
        if vivado:
            raise InputError("--vivado is about the report of one core; a comparison takes none")
        files = write_comparison(side_by_side(folders), output)
        console.print("\n".join(map(str, files)), markup=False, highlight=False, soft_wrap=True)
        return
    if len(folders) > 1:
        raise InputError("several folders need --compare; without it give one folder")
    with building(folders[0]) as work:
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
