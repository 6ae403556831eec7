"""Make a bitstream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.base.files import read_json
from inrhw.base.yosys import yosys_version
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit, whole_core
from inrhw.cli.options import FolderArgument
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console


@dataclass(frozen=True)
class Bitstream(Stage):
    """A board's design that shows the core's picture on a monitor."""

    board: str = "ulx3s"

    name = "bitstream"
    result = "bitstream.json"
    after = (Emit,)
    of_one_core = True

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The core."""
        return whole_core(folder)

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Board and tools."""
        from inrhw.synthesis.nextpnr import nextpnr_version

        board = load_board(self.board)
        return [repr(board), yosys_version(), nextpnr_version(board.family)]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """The design, the bitstream, and its timing."""
        from inrhw.synthesis.bitstream import bitstream_files

        return [self.result, *bitstream_files(folder.name, load_board(self.board))]

    def left(self, folder: BuildFolder) -> Sequence[str]:
        """The folder in which it is made."""
        return [f"build/{load_board(self.board).name}"]

    def run(self, folder: BuildFolder) -> None:
        """Synthesize, place, route and pack."""
        from inrhw.synthesis.bitstream import make_bitstream

        make_bitstream(folder.folder, load_board(self.board), on_progress=folder.on_progress(self.name))

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """What place and route said of it."""
        from inrhw.reports.sections import bitstream_section

        return bitstream_section(read_json(folder / cls.result, "inrhw bitstream"), report)


def bitstream(
    folder: FolderArgument,
    *,
    board: Annotated[
        str, Parameter(help="ulx3s, icebreaker, or a .py or .toml file of a board with video.")
    ] = Bitstream.board,
) -> None:
    """Make the bitstream that shows the picture on a monitor (ulx3s, icebreaker; minutes)."""
    from inrhw.synthesis.bitstream import check_showable

    chosen = load_board(board)
    with building(folder) as work:
        work.check_current(Emit)
        check_showable(Manifest.load(folder), chosen)
        work.run(Bitstream(board))
    found = read_json(folder / Bitstream.result, "inrhw bitstream")
    for name, clock in found["clocks"].items():
        fmax, wanted = clock["fmax_mhz"]["value"], clock["wanted_mhz"]["value"]
        console.print(f"{name:10} {fmax:.1f} MHz, needs {wanted:g} MHz", markup=False, highlight=False)
    shares = {name.upper(): figure["value"] for name, figure in found["shares"].items()}
    used = ", ".join(f"{share:.1%} of {name}" for name, share in shares.items() if share)
    console.print(f"uses       {used}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"bitstream  {folder / found['file']}  {found['bytes']:,} bytes",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
