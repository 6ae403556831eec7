"""Estimate the power of the netlist."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError
from inrhw.base.files import read_json, write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import PLAN, Emit
from inrhw.cli.commands.synth import Synth
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.recipe import Recipe
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console, errors, print_file
from inrhw.estimates.estimates import Activities, Estimates

if TYPE_CHECKING:
    from inrhw.estimates.power.activity import Activity
    from inrhw.synthesis.synthesis import Synthesis


@dataclass(frozen=True)
class Power(Stage):
    """Power of the netlist, at a clock; if None, the clock that a folded core was planned for, else 300 MHz.

    It is never above the highest clock where that is known.
    """

    clock_mhz: float | None = None
    activity: Activities = Estimates.activity

    name = "power"
    result = "power.json"
    after = (Emit, Synth)
    of_one_core = True

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """Netlist, its synthesis, and the manifest."""
        return {f"{folder.name}_netlist.json": Synth, Synth.result: Synth, Emit.result: Emit}

    @classmethod
    def inputs(cls, folder: BuildFolder) -> Sequence[str]:
        """These, and what a folded core was planned for."""
        return [*cls.needs(folder), PLAN]

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Clock and toggles."""
        return [repr(self.clock_mhz), self.activity]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """What was estimated."""
        return [self.result]

    def left(self, folder: BuildFolder) -> Sequence[str]:
        """Toggles."""
        return ["activity.npz"]

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """Where toggles come from."""
        return replace(recipe, estimates=replace(recipe.estimates, activity=self.activity))

    def run(self, folder: BuildFolder) -> None:
        """Count toggles where that is possible, then estimate."""
        from inrhw.estimates.power.activity import FILE
        from inrhw.estimates.power.fpga import power as estimate
        from inrhw.synthesis.synthesis import load_synthesis

        synthesis = load_synthesis(folder.folder)
        manifest = Manifest.load(folder.folder)
        asked = self.clock_mhz
        clock = self._default_clock_mhz(folder, synthesis) if asked is None else asked
        toggles = self._activity(folder, synthesis)
        if toggles is None:  # older ones would look like the source of these figures
            folder.forget(FILE)
        found = estimate(synthesis, clock, manifest.clocks_a_sample, toggles)
        write_json(folder.folder / self.result, asdict(found))

    def _activity(self, folder: BuildFolder, synthesis: "Synthesis") -> "Activity | None":
        """Return toggles, counted unless they are there; None for default rates."""
        from inrhw.estimates.power.activity import Activity, activity_of

        if self.activity == "default" or synthesis.board.family != "xcup":
            return None
        netlist = folder.folder / f"{folder.name}_netlist.json"
        with contextlib.suppress(InputError):
            return Activity.load(folder.folder, netlist)
        try:
            found = activity_of(folder.folder, netlist, on_progress=folder.on_progress(self.name))
        except InputError as error:
            if self.activity == "netlist":
                raise
            folder.on_warning(f"power is estimated with default rates: {error}")
            return None
        found.save(folder.folder)
        return found

    def _default_clock_mhz(self, folder: BuildFolder, synthesis: "Synthesis") -> float:
        from inrhw.synthesis.vivado.project import planned_clock_mhz

        asked = planned_clock_mhz(folder.folder)
        return float(min(asked, synthesis.timing.fmax_mhz.value or asked))

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """What power.json holds."""
        from inrhw.reports.sections import power_section

        return power_section(read_json(folder / cls.result, "inrhw power"), report)


def power(
    folder: FolderArgument,
    *,
    clock_mhz: Annotated[
        float | None,
        Parameter(help="Clock to state power at. [default: that of the plan, 300, or the highest if lower]"),
    ] = None,
    activity: Annotated[
        Activities,
        Parameter(
            help="netlist: toggles from simulation; default: default rates; auto: rates only if it fails."
        ),
    ] = Estimates.activity,
    as_json: AsJson = False,
) -> None:
    """Estimate static and dynamic power and the energy of a sample, from the toggles of the netlist."""
    from inrhw.reports.terminal import print_power

    with building(folder, errors if as_json else console) as work:
        work.run(Power(clock_mhz, activity))
    if as_json:
        print_file(folder / Power.result)
        return
    print_power(read_json(folder / Power.result, "inrhw power"), console)
