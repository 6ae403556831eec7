"""Map the Verilog to standard cells."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError
from inrhw.base.files import digest, read_json
from inrhw.base.yosys import yosys_version
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit, whole_core
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console, errors, print_file
from inrhw.lowering.hardware import DEFAULT_CLOCK_MHZ


@dataclass(frozen=True)
class Asic(Stage):
    """A core in the cells of Liberty files; without any, in generic cells, which give only gate equivalents.

    Nothing is scaled to 28 nm without the library's feature size, `node_nm`.
    """

    liberty: Sequence[Path] = ()
    node_nm: int | None = None
    clock_mhz: float = DEFAULT_CLOCK_MHZ

    name = "asic"
    result = "asic.json"
    after = (Emit,)
    of_one_core = True

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The core."""
        return {**whole_core(folder), "vectors.npz": Emit}

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Libraries, clock and Yosys.

        Raises
        ------
        InputError
            A library is missing.
        """
        if missing := [path for path in self.liberty if not path.is_file()]:
            raise InputError(f"there is no Liberty file {missing[0]}")
        given = [f"{path} {digest(path)}" for path in self.liberty]
        return [*given, str(self.node_nm), str(self.clock_mhz), yosys_version()]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """Figures and netlist."""
        return [self.result, f"{folder.name}_asic.v"]

    def left(self, folder: BuildFolder) -> Sequence[str]:
        """The log."""
        return [f"{folder.name}_asic.log"]

    def run(self, folder: BuildFolder) -> None:
        """Map and estimate."""
        from inrhw.estimates.asic.cell_activity import core_activity
        from inrhw.estimates.asic.estimate import asic as estimate
        from inrhw.estimates.asic.reading import load_library

        manifest = Manifest.load(folder.folder)
        estimate(
            folder.folder / f"{folder.name}.v",
            folder.name,
            folder.folder,
            functools.partial(core_activity, folder=folder.folder, manifest=manifest),
            library=load_library(self.liberty) if self.liberty else None,
            node_nm=self.node_nm,
            clock_mhz=self.clock_mhz,
            on_progress=folder.on_progress(self.name),
        )

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """Area, delay and power of the chip."""
        from inrhw.reports.sections import asic_section

        return asic_section(read_json(folder / cls.result, "inrhw asic"))


def asic(
    folder: FolderArgument,
    *,
    liberty: Annotated[
        list[Path] | None,
        Parameter(
            help="Liberty file of a cell library, packed or not; repeat it for all its files. "
            "[default: generic cells, for gate equivalents alone]",
            negative=(),
        ),
    ] = None,
    node_nm: Annotated[
        int | None,
        Parameter(help="Feature size of the library in nm, to scale to 28 nm. [default: nothing is scaled]"),
    ] = None,
    clock_mhz: Annotated[float, Parameter(help="Clock that power is stated at.")] = DEFAULT_CLOCK_MHZ,
    as_json: AsJson = False,
) -> None:
    """Map the Verilog to standard cells; estimate area, delay and power of a chip."""
    from inrhw.reports.terminal import print_asic

    with building(folder, errors if as_json else console) as work:
        work.run(Asic(tuple(liberty or ()), node_nm, clock_mhz))
    if as_json:
        print_file(folder / Asic.result)
        return
    print_asic(read_json(folder / Asic.result, "inrhw asic"), console)
