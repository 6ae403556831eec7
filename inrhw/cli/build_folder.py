"""The stages of a build: what each reads, what it writes, and what its result depends on."""

import contextlib
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from inrhw.artifact.emit import Artifact, emit
from inrhw.artifact.fusesoc import package_files
from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError
from inrhw.base.files import digest, json_bytes, read_json, write_json
from inrhw.base.yosys import yosys_version
from inrhw.cli.staged_folder import StagedFolder
from inrhw.core.rebuild import as_emitted, core_of, graph_of, networks
from inrhw.estimates.asic.cell_activity import core_activity
from inrhw.estimates.asic.estimate import asic
from inrhw.estimates.asic.reading import load_library
from inrhw.estimates.power.activity import FILE as ACTIVITY
from inrhw.estimates.power.activity import Activity, activity_of
from inrhw.estimates.power.power import power
from inrhw.lowering.plan import plan_for, plan_to_json
from inrhw.lowering.wish import BAKED, Target, Wish
from inrhw.networks.architecture import Architecture, architecture_to_json
from inrhw.networks.shared import SharedArchitecture
from inrhw.networks.training.descent import Training
from inrhw.networks.training.fit import WEIGHTS, Fitted, fit
from inrhw.networks.training.shared_fit import (
    FittedShared,
    SharedTraining,
    add_picture,
    fit_shared,
    is_shared,
)
from inrhw.reports.collect import report
from inrhw.reports.words import Report
from inrhw.signals.picture import Picture
from inrhw.synthesis.bitstream import bitstream, bitstream_files, check_showable, left_bitstreams
from inrhw.synthesis.nextpnr import nextpnr_version
from inrhw.synthesis.synth import Synthesis, load_synthesis, synth
from inrhw.verification.ladder import Rung, rendered_files, verify
from inrhw.verification.simulator.build import SIMULATORS, available, version

#: File by which the result of a stage is known.
_RESULTS = {
    "fit": "fit.json",
    "emit": "manifest.json",
    "synth": "synth.json",
    "verify": "verify.json",
    "power": "power.json",
    "asic": "asic.json",
    "bitstream": "bitstream.json",
}

#: Stages whose results are in the report, if they are there.
_REPORTED = ("emit", "synth", "verify", "power", "asic", "bitstream")

_CHECKPOINT = "checkpoint.safetensors"

#: What training leaves of each picture.
_FITTED_PICTURES = ("original.png", "float.png", "quantized.png")

#: What `Build.power` can take toggles from.
ACTIVITIES = ("auto", "netlist", "default")

#: What `Build.power` leaves.
_POWER_FILES = ("power.json", "activity.npz")

#: What a folded core was planned for.
_PLAN = "plan.json"


class Build(StagedFolder):
    """The stages from pictures to a report."""

    results = _RESULTS

    def fit(
        self, picture: Picture, architecture: Architecture, training: Training, *, resume: bool = False
    ) -> None:
        """Train, and write weights and pictures."""
        key = [_pixels([picture]), architecture_to_json(architecture), repr(training)]
        outputs = [WEIGHTS, "fit.json", *_FITTED_PICTURES]
        self._train(key, outputs, functools.partial(fit, picture, architecture, training), resume=resume)

    def fit_shared(
        self,
        pictures: Sequence[Picture],
        architectures: Sequence[SharedArchitecture],
        training: SharedTraining,
        *,
        resume: bool = False,
    ) -> None:
        """Train pictures that share layers, and write weights and pictures."""
        described = [architecture_to_json(architecture) for architecture in architectures]
        key = [_pixels(pictures), *described, repr(training)]
        train = functools.partial(fit_shared, pictures, architectures, training)
        self._train(key, _shared_outputs(len(pictures)), train, resume=resume)

    def add(self, picture: Picture, training: SharedTraining, *, resume: bool = False) -> None:
        """Train one more picture on the shared layers that are there, and write weights and pictures.

        Raises
        ------
        InputError
            If the folder does not hold pictures that share layers, or this one cannot be added to them.
        """
        fitted = FittedShared.load(self.folder)
        for k, other in enumerate(fitted.pictures):
            if _pixels([other]) == _pixels([picture]):
                raise InputError(f"{picture.name} is on the core already, as picture {k}")
        key = [fitted.model.digest(), _pixels([*fitted.pictures, picture]), repr(training)]
        train = functools.partial(add_picture, fitted, picture, training)
        self._train(key, _shared_outputs(len(fitted.pictures) + 1), train, resume=resume)

    def _train(
        self,
        key: Sequence[str],
        outputs: Sequence[str],
        train: Callable[..., Fitted | FittedShared],
        *,
        resume: bool,
    ) -> None:
        """Run the stage "fit"."""
        checkpoint = self.folder / _CHECKPOINT

        def run() -> None:
            if checkpoint.exists() and not resume:
                self.on_warning(
                    f"training starts over and replaces {checkpoint}; "
                    "--resume with the options of the interrupted training would continue it"
                )
            fitted = train(checkpoint=checkpoint, resume=resume, on_progress=self.on_progress("fit"))
            fitted.save(self.folder)

        self._stage("fit", key, outputs, run)

    def emit(self, source: str, wish: Wish = BAKED, board: Board | None = None, scale: int = 1) -> None:
        """Write the Verilog, its manifest and golden vectors; for a folded core what it was planned for.

        Parameters
        ----------
        source
            "raster" or "stream".
        wish
            Where the weights are, and what the core has to reach.
        board
            What a folded core has to fit; the VCU128 if None.
        scale
            The core renders at so many times the pictures' size.
        """
        board = board or load_board("vcu128")

        def run() -> None:
            models = [model.scaled(scale) for model in networks(self.folder)]
            architectures = [model.architecture for model in models]
            folding = plan_for(architectures, wish, board, source)
            planned = folding and plan_to_json(architectures, wish, board, source, folding)
            older = (
                *_POWER_FILES,
                *self._asic_files,
                *package_files(self.name),
                *left_bitstreams(self.folder, self.name),
            )
            emit(
                graph_of(models, folding),
                [architecture.grid for architecture in architectures],
                self.folder,
                self.name,
                source=source,
                control=wish.control,
                window=wish.window,
                beside=dict.fromkeys(older) | {_PLAN: json_bytes(planned) if planned else None},
            )

        for name in (WEIGHTS, "fit.json"):
            self._needed(name, "fit")
        many = is_shared(self.folder)
        key = [self.name, source, str(scale), str(wish.control), str(wish.window)]
        key += [repr(wish), repr(board)] if wish.folded or many else []
        outputs = [f"{self.name}.v", f"{self.name}_tb.v", "manifest.json", "vectors.npz", _PLAN]
        self._stage("emit", key, [*outputs, *self._register_files], run)

    def synth(self, board: Board, *, place: bool = False) -> None:
        """Synthesize the Verilog for a board."""
        verilog = self._needed(f"{self.name}.v", "emit")
        self._check_current("emit")

        def run() -> None:
            synth(verilog, self.name, board, self.folder, place=place, on_progress=self.on_progress("synth"))
            self._forget(*_POWER_FILES)

        outputs = ["synth.json", f"{self.name}_netlist.v", f"{self.name}_netlist.json"]
        self._stage("synth", [repr(board), str(place), yosys_version()], outputs, run)

    def power(self, clock_mhz: float | None = None, activity: str = "auto") -> None:
        """Estimate the power of the netlist.

        Parameters
        ----------
        clock_mhz
            The clock; if None the one that a folded core was planned for, else 300, or the highest one if
            that is known and lower.
        activity
            "netlist": toggles by simulation; "default": default rates; "auto": default rates only where the
            netlist cannot be simulated.
        """
        if activity not in ACTIVITIES:
            raise InputError(f"activity must be one of {', '.join(ACTIVITIES)}, not {activity!r}")
        netlist = self._needed(f"{self.name}_netlist.json", "synth")
        for stage in ("emit", "synth"):
            self._check_current(stage)
        synthesis = load_synthesis(self.folder)
        manifest = read_json(self.folder / "manifest.json", "inrhw emit")
        clock = self._default_clock_mhz(synthesis) if clock_mhz is None else clock_mhz

        def run() -> None:
            toggles = self._activity(netlist, synthesis, activity)
            if toggles is None:  # older ones would stand in the report as if the figures came from them
                self._forget(ACTIVITY)
            found = power(synthesis, clock, manifest["initiation_interval"], toggles)
            write_json(self.folder / _RESULTS["power"], asdict(found))

        self._stage("power", [repr(clock), activity], [_RESULTS["power"]], run)

    def _activity(self, netlist: Path, synthesis: Synthesis, wanted: str) -> Activity | None:
        """Return toggles that are there or can be had; None for default rates."""
        if wanted == "default" or synthesis.board.family != "xcup":
            return None
        with contextlib.suppress(InputError):
            return Activity.load(self.folder, netlist)
        try:
            found = activity_of(self.folder, netlist, on_progress=self.on_progress("power"))
        except InputError as error:
            if wanted == "netlist":
                raise
            self.on_warning(f"power is estimated with default rates: {error}")
            return None
        found.save(self.folder)
        return found

    def _default_clock_mhz(self, synthesis: Synthesis) -> float:
        plan = self.folder / _PLAN
        asked = read_json(plan, "inrhw emit")["target"]["clock_mhz"] if plan.exists() else Target.clock_mhz
        return float(min(asked, synthesis.timing.fmax_mhz.value or asked))

    def asic(
        self, liberty: Sequence[Path] = (), *, node_nm: int | None = None, clock_mhz: float = Target.clock_mhz
    ) -> None:
        """Map the Verilog to standard cells; estimate area, delay and power.

        Parameters
        ----------
        liberty
            Liberty files of one library; without any, the generic cells, which give gate equivalents alone.
        node_nm
            Feature size of the library, to scale to 28 nm; nothing is scaled if None.
        clock_mhz
            What power is stated at.
        """
        verilog = self._needed(f"{self.name}.v", "emit")
        self._check_current("emit")
        manifest = read_json(self.folder / "manifest.json", "inrhw emit")

        def run() -> None:
            asic(
                verilog,
                self.name,
                self.folder,
                functools.partial(core_activity, folder=self.folder, manifest=manifest),
                library=load_library(liberty) if liberty else None,
                node_nm=node_nm,
                clock_mhz=clock_mhz,
                on_progress=self.on_progress("asic"),
            )

        if missing := [path for path in liberty if not path.is_file()]:
            raise InputError(f"there is no Liberty file {missing[0]}")
        given = [f"{path} {digest(path)}" for path in liberty]
        key = [*given, str(node_nm), str(clock_mhz), yosys_version()]
        self._stage("asic", key, self._asic_files, run)

    def verify(self, on_rung: Callable[[Rung], None] = lambda rung: None) -> bool:
        """Climb the ladder; return whether the verdict is "pass"."""
        for name in (f"{self.name}.v", "manifest.json", "vectors.npz"):
            self._needed(name, "emit")
        self._needed(WEIGHTS, "fit")
        self._check_current("emit")
        synthesis = load_synthesis(self.folder) if self._has_netlist() else None
        manifest = read_json(self.folder / "manifest.json", "inrhw emit")

        def run() -> None:
            models = as_emitted(networks(self.folder), manifest)
            artifact = Artifact(self.name, self.folder, core_of(models, manifest))
            progress = self.on_progress("verify")
            verify(artifact, models, synthesis, on_progress=progress, on_rung=on_rung)

        simulators = [version(simulator) for simulator in SIMULATORS if available(simulator)]
        self._stage("verify", simulators, ["verify.json", *rendered_files(manifest.get("pictures", 1))], run)
        return bool(read_json(self.folder / "verify.json", "inrhw verify").get("verdict") == "pass")

    def bitstream(self, board: Board) -> None:
        """Show the core's picture on a monitor at a board: bitstream.json says which file and how fast."""
        verilog = self._needed(f"{self.name}.v", "emit")
        self._check_current("emit")
        check_showable(read_json(self.folder / "manifest.json", "inrhw emit"), board)

        def run() -> None:
            bitstream(self.folder, board, on_progress=self.on_progress("bitstream"))

        key = [repr(board), yosys_version(), nextpnr_version(board.family)]
        outputs = ["bitstream.json", *bitstream_files(verilog.stem, board)]
        self._stage("bitstream", key, outputs, run)

    def report(self, vivado: Path | None = None) -> Report:
        """Write report.json and report.html, unless a result is older than what it was made from.

        Figures of Vivado stand beside ours if its reports are in the folder `vivado`.
        """
        for name, stage in (("fit.json", "fit"), ("manifest.json", "emit"), ("verify.json", "verify")):
            self._needed(name, stage)
        for stage in _REPORTED:
            if (self.folder / _RESULTS[stage]).exists():
                self._check_current(stage)
        entries = self._record()
        commands = dict.fromkeys(entry.command for entry in entries.values() if entry.command)
        times = {name: entry.seconds for name, entry in entries.items()}
        return report(self.folder, command="\n".join(commands), times_s=times, vivado=vivado)

    def _forget(self, *names: str) -> None:
        """Remove what tells of another core, and what no stage of `build` makes anew."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    @property
    def _asic_files(self) -> list[str]:
        """What `asic` writes."""
        return ["asic.json", f"{self.name}_asic.v"]

    @property
    def _register_files(self) -> list[str]:
        """What is emitted beside a core with registers: the first two if its weights can be loaded."""
        return [f"{self.name}.weights", "second.weights", f"{self.name}.h", f"{self.name}_registers.md"]

    def _inputs(self, stage: str) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        verilog = f"{self.name}.v"
        names = {
            "fit": (),
            "emit": (WEIGHTS, "fit.json"),
            "synth": (verilog,),
            "power": (f"{self.name}_netlist.json", "synth.json", "manifest.json"),
            "verify": (verilog, "manifest.json", "vectors.npz", WEIGHTS),
            "asic": (verilog, "manifest.json", "vectors.npz"),
            "bitstream": (verilog, "manifest.json"),
        }
        inputs = self._digests(names[stage])
        if stage == "verify":
            inputs |= self._digests([name for name in self._register_files if (self.folder / name).exists()])
            netlist = self.folder / f"{self.name}_netlist.v"
            inputs[netlist.name] = digest(netlist) if self._has_netlist() else ""
        return inputs

    def _has_netlist(self) -> bool:
        """Return whether there is a netlist, and of the Verilog that the folder holds now."""
        return (self.folder / f"{self.name}_netlist.v").is_file() and self._why_not_current("synth") is None


def _pixels(pictures: Sequence[Picture]) -> str:
    """Return a hash of what pictures show."""
    return hashlib.sha256(b"".join(picture.values.tobytes() for picture in pictures)).hexdigest()


def _shared_outputs(pictures: int) -> list[str]:
    """Return what `FittedShared.save` writes."""
    shown = [f"picture{k}/{name}" for k in range(pictures) for name in _FITTED_PICTURES]
    return [WEIGHTS, "fit.json", *shown]
