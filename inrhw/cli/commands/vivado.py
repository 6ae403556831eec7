"""Write what Vivado needs."""

from typing import Annotated

import typer

from inrhw.base.board import load_board
from inrhw.cli.build_folder import Build
from inrhw.cli.options import BoardName, FolderArgument
from inrhw.cli.terminal import print_paths


def vivado(
    folder: FolderArgument,
    board: BoardName = "vcu128",
    clock_mhz: Annotated[
        float | None,
        typer.Option(help="Clock to constrain the core to.", show_default="what it was planned for, or 300"),
    ] = None,
) -> None:
    """Write Tcl scripts and constraints for Vivado."""
    print_paths(Build(folder).vivado(load_board(board), clock_mhz))
