"""Map the Verilog to standard cells."""

from pathlib import Path
from typing import Annotated

import typer

from inrhw.base.files import read_json
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import building, console
from inrhw.lowering.wish import Target
from inrhw.reports.terminal import print_asic


def asic(
    folder: FolderArgument,
    liberty: Annotated[
        list[Path] | None,
        typer.Option(
            "--liberty",
            help="Liberty file of a cell library, packed or not; repeat it for all its files.",
            show_default="generic cells, for gate equivalents alone",
        ),
    ] = None,
    node_nm: Annotated[
        int | None,
        typer.Option(
            "--node-nm",
            help="Feature size of the library in nm, to scale to 28 nm.",
            show_default="nothing is scaled",
        ),
    ] = None,
    clock_mhz: Annotated[float, typer.Option(help="Clock that power is stated at.")] = Target.clock_mhz,
) -> None:
    """Map the Verilog to standard cells; estimate area, delay and power of a chip."""
    with building(folder) as work:
        work.asic(liberty or [], node_nm=node_nm, clock_mhz=clock_mhz)
    print_asic(read_json(folder / "asic.json", "inrhw asic"), console)
