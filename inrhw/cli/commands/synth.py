"""Synthesize the Verilog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inrhw.artifact.manifest import Manifest, complete_core
from inrhw.base.board import load_board
from inrhw.base.files import read_json
from inrhw.base.yosys import yosys_version
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit, board_in_recipe
from inrhw.cli.options import DEFAULT, BoardName, FolderArgument
from inrhw.cli.recipe import Recipe
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building
from inrhw.estimates.estimates import Estimates


@dataclass(frozen=True)
class Synth(Stage):
    """Synthesis for a board, with place and route where asked for."""

    board: str = DEFAULT.board
    place: bool = Estimates.place

    name = "synth"
    result = "synth.json"
    after = (Emit,)

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The Verilog."""
        return {complete_core(folder.folder).verilog: Emit}

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Board and tools."""
        return [repr(load_board(self.board)), str(self.place), yosys_version()]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """Counts and netlist."""
        return [self.result, f"{folder.name}_netlist.v", f"{folder.name}_netlist.json"]

    def left(self, folder: BuildFolder) -> Sequence[str]:
        """Logs, and what nextpnr wrote."""
        return [f"{folder.name}_{log}" for log in ("synth.log", "netlist_pnr.json", "netlist_pnr.log")]

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """The board, and whether it was placed."""
        estimates = replace(recipe.estimates, place=self.place)
        return replace(recipe, board=board_in_recipe(self.board), estimates=estimates)

    def run(self, folder: BuildFolder) -> None:
        """Synthesize; remove the power of an earlier netlist."""
        from inrhw.synthesis.synthesis import check_adders
        from inrhw.synthesis.synthesis import synth as synthesize

        verilog, board = folder.folder / f"{folder.name}.v", load_board(self.board)
        check_adders(Manifest.load(folder.folder), board)
        progress = folder.on_progress(self.name)
        synthesize(verilog, folder.name, board, folder.folder, place=self.place, on_progress=progress)
        folder.forget("power.json", "activity.npz")

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """Resources, timing, throughput and the latency in time."""
        from inrhw.reports.sections import synthesis_sections

        clocks = Manifest.load(folder).clocks_a_sample
        return synthesis_sections(read_json(folder / cls.result, "inrhw synth"), clocks, report)


def synth(folder: FolderArgument, *, board: BoardName = DEFAULT.board, place: bool = False) -> None:
    """Synthesize the Verilog with Yosys: count its cells and estimate its clock.

    Parameters
    ----------
    place
        Place and route too (ECP5 and iCE40 boards; minutes).
    """
    with building(folder) as work:
        work.run(Synth(board, place))
