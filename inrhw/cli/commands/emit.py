"""Write the Verilog and all that belongs to it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inrhw.artifact.manifest import complete_core
from inrhw.base.board import is_board_file, load_board
from inrhw.base.files import json_bytes
from inrhw.base.settings import fields_of
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import WEIGHTS, Fit
from inrhw.cli.options import DEFAULT, BoardName, CoreName, FolderArgument, HardwareOptions
from inrhw.cli.recipe import Recipe
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building
from inrhw.lowering.hardware import Hardware

#: Where `prove` works.
PROPERTIES = "build/properties"

#: Where it, `verify`, and the bench by hand, build, prove, and keep logs and waves.
BENCHES = ("build/rtl", "build/netlist", "build/proof", PROPERTIES)

#: What a folded core was planned for.
PLAN = "plan.json"


@dataclass(frozen=True)
class Emit(Stage):
    """The Verilog, its manifest and golden vectors; for a folded core what it was planned for."""

    hardware: Hardware = Hardware()
    board: str = DEFAULT.board
    top: str = DEFAULT.name

    name = "emit"
    result = "manifest.json"

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """What training left."""
        return {WEIGHTS: Fit, Fit.result: Fit}

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """The settings of the core; of a planned one also the limits that it must fit."""
        from inrhw.artifact.rebuild import has_banks

        name = self.top or folder.name
        if self.hardware.folded or has_banks(folder.folder):
            return [name, repr(self.hardware), repr(load_board(self.board))]
        operands = load_board(self.board).adder_operands
        return [name, repr(replace(self.hardware, clock_mhz=None)), f"{operands} operands"]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """What a core consists of."""
        name = self.top or folder.name
        return [f"{name}.v", f"{name}_tb.v", self.result, "vectors.npz", PLAN, *register_files(name)]

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """The settings of the core."""
        return replace(recipe, hardware=self.hardware, board=board_in_recipe(self.board))

    def run(self, folder: BuildFolder) -> None:
        """Lower, fold and write."""
        from inrhw.artifact.artifact import emit as write
        from inrhw.artifact.rebuild import graph_of, grid_of, networks
        from inrhw.lowering.lut_budget import check_needed_luts
        from inrhw.lowering.planning import plan_for, plan_to_json

        hardware, board = self.hardware, load_board(self.board)
        models = [model.scaled(hardware.scale) for model in networks(folder.folder)]
        architectures = [model.architecture for model in models]
        folding = plan_for(architectures, hardware, board)
        planned = folding and plan_to_json(architectures, hardware, board, folding)
        graph = graph_of(
            models, folding, board.adder_operands, adder_levels=hardware.adder_levels, window=hardware.window
        )
        check_needed_luts(graph, architectures[0], hardware, board)
        name = self.top or folder.name
        stale = self._stale(folder, name)
        folders = [each for each in stale if (folder.folder / each).is_dir()]
        files = [each for each in stale if each not in folders]
        write(
            graph,
            grid_of(models),
            folder.folder,
            name,
            source=hardware.source,
            control=hardware.control,
            window=hardware.window,
            pad=hardware.pad,
            patch=architectures[0].patch,
            patch_order=hardware.patch_order,
            beside=dict.fromkeys(files) | {PLAN: json_bytes(planned) if planned else None},
        )
        for each in folders:
            shutil.rmtree(folder.folder / each)

    def _stale(self, folder: BuildFolder, name: str) -> list[str]:
        """Return the names of files that the next core removes: all if it has another name.

        Under the same name the results of `synth`, `verify` and `report` stay, since stages.json tells that
        they are out of date. Those of `faults` go, since nothing would tell.
        """
        from inrhw.cli.discovery import stages
        from inrhw.reports.fault_page import FILES

        emitted = folder.on_record([self.name])
        another = bool(emitted) and f"{name}.v" not in emitted
        owners = [stage for stage in stages() if stage is not Fit and (another or stage.of_one_core)]
        names = [stage.name for stage in owners] + (["report"] if another else [])
        results = [*FILES, *(stage.result for stage in owners if stage is not Emit)]
        return list(dict.fromkeys([*folder.on_record(names), *results, *(BENCHES if another else ())]))


def whole_core(folder: BuildFolder) -> Mapping[str, type[Stage]]:
    """Return the files of the core that must be there; raise InputError, which says why, if there is none."""
    return dict.fromkeys((Emit.result, complete_core(folder.folder).verilog), Emit)


def register_files(name: str) -> list[str]:
    """Return what is emitted beside a core with registers: files of weights if they can be loaded."""
    weights = [f"{name}.weights", "second.weights", "tiles.weights"]
    return [*weights, f"{name}.h", f"{name}_registers.md"]


def board_in_recipe(board: str) -> str:
    """Return how a recipe names a board: a file by its full path."""
    return str(Path(board).absolute()) if is_board_file(board) else board


def emit(
    folder: FolderArgument,
    *,
    hardware: HardwareOptions = DEFAULT.hardware,
    board: BoardName = DEFAULT.board,
    name: CoreName = DEFAULT.name,
) -> None:
    """Write the Verilog and the golden vectors of a trained network."""
    with building(folder) as work:
        if forgotten := _settings_before(work) if hardware == DEFAULT.hardware else []:
            work.on_warning(
                f"the core before had {', '.join(forgotten)}; `inrhw emit` takes only the settings of its "
                "command line, and there is none"
            )
        work.run(Emit(hardware, board, name))


def _settings_before(folder: BuildFolder) -> list[str]:
    """Return the settings of the folder's core that are no defaults, with their values."""
    before = folder.recipe.hardware
    values = [(field, getattr(before, field.name)) for field in fields_of(Hardware)]
    return [f"{field.name} = {value}" for field, value in values if value != field.default]
