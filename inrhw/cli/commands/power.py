"""Estimate the power of the netlist."""

from typing import Annotated

import typer

from inrhw.base.files import read_json
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import building, console
from inrhw.reports.terminal import print_power


def power(
    folder: FolderArgument,
    clock_mhz: Annotated[
        float | None,
        typer.Option(
            help="Clock to state power at.", show_default="that of the plan, 300, or the highest if lower"
        ),
    ] = None,
    activity: Annotated[
        str,
        typer.Option(
            help="netlist: toggles by simulation; default: default rates; auto: those if that cannot be."
        ),
    ] = "auto",
) -> None:
    """Estimate static and dynamic power and the energy of a pixel, from the toggles of the netlist."""
    with building(folder) as work:
        work.power(clock_mhz, activity)
    print_power(read_json(folder / "power.json", "inrhw power"), console)
