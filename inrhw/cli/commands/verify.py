"""Prove the Verilog."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inrhw.artifact.manifest import Manifest
from inrhw.base.files import read_json
from inrhw.base.programs.beside import check, working
from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import identity
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import BENCHES, Emit, register_files, whole_core
from inrhw.cli.commands.fit import WEIGHTS, Fit
from inrhw.cli.commands.synth import Synth
from inrhw.cli.options import DEFAULT, AsJson, FolderArgument, VerificationOptions
from inrhw.cli.recipe import Recipe
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console, errors, print_file, print_rung
from inrhw.verification.verification import Verification

if TYPE_CHECKING:
    from inrhw.verification.ladder import Ladder, Rung


@dataclass(frozen=True, eq=False)
class Verify(Stage):
    """The ladder; `on_rung` is called with each rung when it has been climbed."""

    verification: Verification = DEFAULT.verification
    on_rung: "Callable[[Rung], None]" = lambda rung: None
    begun: "list[Future[Ladder]]" = field(default_factory=list)

    name = "verify"
    result = "verify.json"
    after = (Emit,)

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The core, and what it was trained to."""
        return {**whole_core(folder), "vectors.npz": Emit, WEIGHTS: Fit}

    @classmethod
    def inputs(cls, folder: BuildFolder) -> Sequence[str]:
        """These, what can be loaded into it, and the netlist if there is one of it."""
        registers = [name for name in register_files(folder.name) if (folder.folder / name).exists()]
        netlist = [f"{folder.name}_netlist.{suffix}" for suffix in ("v", "json")]
        return [*cls.needs(folder), *registers, *(netlist if folder.has(Synth) else [])]

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """How thorough it is, and the simulators that are installed."""
        from inrhw.verification.simulator.simulation import SIMULATORS, available, version

        simulators = [version(simulator) for simulator in SIMULATORS if available(simulator)]
        return [identity(self.verification), *simulators]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """The verdict, and what the Verilog rendered."""
        from inrhw.signals.stored import entries, suffix_of
        from inrhw.verification.ladder import rendered_files

        suffix = suffix_of(next(iter(entries(folder.folder).values())))
        return [self.result, *rendered_files(Manifest.load(folder.folder).pictures, suffix)]

    def left(self, folder: BuildFolder) -> Sequence[str]:
        """Folders of builds, logs and waves."""
        return BENCHES

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """How thoroughly it was verified."""
        return replace(recipe, verification=self.verification)

    @contextlib.contextmanager
    def beginning(self, folder: BuildFolder) -> Iterator[None]:
        """Verify the Verilog while the block runs, before there is a netlist; `run` continues from there.

        If the block raises, this verification stops too.
        """

        def climb() -> "Ladder":
            ladder = self._ladder(folder, lambda *_: check())
            ladder.climb_verilog()
            return ladder

        folder.forget(self.result)
        with working(self.name, climb) as ladder:
            self.begun.append(ladder)
            yield

    def run(self, folder: BuildFolder) -> None:
        """Climb the ladder. The verdict of an earlier run is removed first."""
        from inrhw.synthesis.synthesis import load_synthesis

        folder.forget(self.result)
        on_progress = folder.on_progress(self.name)
        if self.begun:
            ladder = self.begun.pop().result()
            ladder.on_progress = on_progress
        else:
            ladder = self._ladder(folder, on_progress)
            ladder.climb_verilog()
        ladder.climb_netlist(load_synthesis(folder.folder) if folder.has(Synth) else None)

    def _ladder(self, folder: BuildFolder, on_progress: OnProgress = silent) -> "Ladder":
        from inrhw.artifact.artifact import Artifact
        from inrhw.artifact.rebuild import as_emitted, core_of, networks
        from inrhw.signals.stored import originals
        from inrhw.verification.ladder import Ladder

        manifest = Manifest.load(folder.folder)
        models = as_emitted(networks(folder.folder), manifest)
        return Ladder(
            Artifact(folder.name, folder.folder, core_of(models, manifest)),
            models,
            thorough=self.verification.thorough,
            like=originals(folder.folder)[0],
            on_progress=on_progress,
            on_rung=self.on_rung,
        )

    @classmethod
    def passed(cls, folder: Path) -> bool:
        """Return whether the verdict is "pass"."""
        return bool(read_json(folder / cls.result, "inrhw verify").get("verdict") == "pass")

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """Verdict, rungs and latency."""
        from inrhw.reports.sections import verify_section

        return verify_section(read_json(folder / cls.result, "inrhw verify"), report)


def verify(
    folder: FolderArgument,
    *,
    verification: VerificationOptions = DEFAULT.verification,
    as_json: AsJson = False,
) -> None:
    """Prove the Verilog, and the netlist if there is one, bit-exact."""
    from inrhw.reports.terminal import print_verdict

    to = errors if as_json else console
    with building(folder, to) as work:
        work.run(Verify(verification, partial(print_rung, to=to)))
    if as_json:
        print_file(folder / Verify.result)
    else:
        print_verdict(read_json(folder / Verify.result, "inrhw verify"), console)
    raise SystemExit(0 if Verify.passed(folder) else 1)
