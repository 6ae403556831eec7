"""Write what Vivado needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.board import load_board
from inrhw.cli.build_folder import BuildFolder, held
from inrhw.cli.commands.emit import PLAN, whole_core
from inrhw.cli.options import DEFAULT, BoardName, FolderArgument
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import print_paths


@dataclass(frozen=True)
class Vivado(Stage):
    """Scripts and constraints, at a clock; if None, the one that the core was planned for, or 300 MHz."""

    board: str = DEFAULT.board
    clock_mhz: float | None = None

    name = "vivado"
    result = "vivado/build.tcl"
    of_one_core = True

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The core."""
        return whole_core(folder)

    @classmethod
    def inputs(cls, folder: BuildFolder) -> Sequence[str]:
        """The core, and what it was planned for."""
        return [*cls.needs(folder), PLAN]

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Board and clock."""
        return [repr(load_board(self.board)), repr(self.clock_mhz)]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """All that is in its folder."""
        from inrhw.synthesis.vivado.project import vivado_files

        return vivado_files(folder.name)

    def run(self, folder: BuildFolder) -> None:
        """Write them."""
        from inrhw.synthesis.vivado.project import write_vivado

        write_vivado(folder.folder, load_board(self.board), self.clock_mhz)


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
    with held(folder) as work:
        stage = Vivado(board, clock_mhz)
        work.run(stage)
        print_paths(folder / name for name in stage.outputs(work))
