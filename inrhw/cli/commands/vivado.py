"""Write what Vivado needs."""

from typing import Annotated

from cyclopts import Parameter

from inrhw.base.board import load_board
from inrhw.cli.options import DEFAULT, BoardName, FolderArgument
from inrhw.cli.terminal import print_paths


def vivado(
    folder: FolderArgument,
    *,
    board: BoardName = DEFAULT.board,
    clock_mhz: Annotated[
        float | None,
        Parameter(help="Clock to constrain the core to. [default: what it was planned for, or 300]"),
    ] = None,
) -> None:
    """Write Tcl scripts and constraints for Vivado."""
    from inrhw.synthesis.vivado.project import write_vivado

    print_paths(write_vivado(folder, load_board(board), clock_mhz))
