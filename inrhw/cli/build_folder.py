"""The stages of a build: what each reads, what it writes, and what its result depends on."""

import contextlib
import functools
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from inrhw.artifact.emit import Artifact, emit
from inrhw.artifact.fusesoc import core_file, package_files
from inrhw.artifact.ip_xact import component_xml
from inrhw.artifact.manifest import Manifest, complete_core
from inrhw.artifact.rebuild import as_emitted, core_of, graph_of, networks
from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError
from inrhw.base.files import digest, json_bytes, output_folder, read_json, write_atomically, write_json
from inrhw.base.yosys import yosys_version
from inrhw.cli.staged_folder import StagedFolder
from inrhw.estimates.asic.activity import core_activity
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
from inrhw.synthesis.bitstream import bitstream, bitstream_files, check_showable
from inrhw.synthesis.nextpnr import nextpnr_version
from inrhw.synthesis.synth import Synthesis, load_synthesis, synth
from inrhw.synthesis.vivado.project import write_vivado
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

#: Where `verify`, and the bench by hand, build and leave logs and waves.
_BENCHES = ("build/rtl", "build/netlist")

#: Stages and commands whose files go with the core that they were made of, even if the next one has its name;
#: those of `synth`, `verify` and `report` then stay: nothing takes them for the new core's.
_OF_ONE_CORE = ("power", "asic", "bitstream", "ip", "vivado")


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
        board, core_name = board or load_board("vcu128"), self.name

        def run() -> None:
            models = [model.scaled(scale) for model in networks(self.folder)]
            architectures = [model.architecture for model in models]
            folding = plan_for(architectures, wish, board, source)
            planned = folding and plan_to_json(architectures, wish, board, source, folding)
            stale = self._stale()
            folders = [name for name in stale if (self.folder / name).is_dir()]
            files = [name for name in stale if name not in folders]
            emit(
                graph_of(models, folding),
                [architecture.grid for architecture in architectures],
                self.folder,
                core_name,
                source=source,
                control=wish.control,
                window=wish.window,
                beside=dict.fromkeys(files) | {_PLAN: json_bytes(planned) if planned else None},
            )
            for name in folders:
                shutil.rmtree(self.folder / name)

        for name in (WEIGHTS, "fit.json"):
            self._needed(name, "fit")
        many = is_shared(self.folder)
        key = [core_name, source, str(scale), str(wish.control), str(wish.window)]
        key += [repr(wish), repr(board)] if wish.folded or many else []
        outputs = [f"{core_name}.v", f"{core_name}_tb.v", "manifest.json", "vectors.npz", _PLAN]
        outputs += [f"{core_name}{suffix}" for suffix in (".weights", ".h", "_registers.md")]
        self._stage("emit", key, [*outputs, "second.weights"], run)

    def _stale(self) -> list[str]:
        """Return the names of what the next core takes away: of a core of another name all."""
        emitted = self._on_record(["emit"])
        another = emitted and f"{self.name}.v" not in emitted
        owners = ("emit", "synth", "verify", "report", *_OF_ONE_CORE) if another else _OF_ONE_CORE
        results = [_RESULTS[stage] for stage in owners if stage in _RESULTS]
        return list(dict.fromkeys([*self._on_record(owners), *results, *(_BENCHES if another else ())]))

    def synth(self, board: Board, *, place: bool = False) -> None:
        """Synthesize the Verilog for a board."""
        core = self._core()
        verilog = self._needed(core.verilog, "emit")
        self._check_current("emit")

        def run() -> None:
            synth(verilog, core.name, board, self.folder, place=place, on_progress=self.on_progress("synth"))
            self._forget(*_POWER_FILES)

        outputs = ["synth.json", f"{core.name}_netlist.v", f"{core.name}_netlist.json"]
        logs = [f"{core.name}_{log}" for log in ("synth.log", "netlist_pnr.json", "netlist_pnr.log")]
        self._stage("synth", [repr(board), str(place), yosys_version()], outputs, run, logs)

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
        core = self._core()
        netlist = self._needed(f"{core.name}_netlist.json", "synth")
        for stage in ("emit", "synth"):
            self._check_current(stage)
        synthesis = load_synthesis(self.folder)
        clock = self._default_clock_mhz(synthesis) if clock_mhz is None else clock_mhz

        def run() -> None:
            toggles = self._activity(netlist, synthesis, activity)
            if toggles is None:  # older ones would stand in the report as if the figures came from them
                self._forget(ACTIVITY)
            found = power(synthesis, clock, core.initiation_interval, toggles)
            write_json(self.folder / _RESULTS["power"], asdict(found))

        self._stage("power", [repr(clock), activity], [_RESULTS["power"]], run, [ACTIVITY])

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
        core = self._core()
        verilog = self._needed(core.verilog, "emit")
        self._check_current("emit")

        def run() -> None:
            asic(
                verilog,
                core.name,
                self.folder,
                functools.partial(core_activity, folder=self.folder, manifest=core),
                library=load_library(liberty) if liberty else None,
                node_nm=node_nm,
                clock_mhz=clock_mhz,
                on_progress=self.on_progress("asic"),
            )

        if missing := [path for path in liberty if not path.is_file()]:
            raise InputError(f"there is no Liberty file {missing[0]}")
        given = [f"{path} {digest(path)}" for path in liberty]
        key = [*given, str(node_nm), str(clock_mhz), yosys_version()]
        outputs = ["asic.json", f"{core.name}_asic.v"]
        self._stage("asic", key, outputs, run, [f"{core.name}_asic.log"])

    def verify(self, on_rung: Callable[[Rung], None] = lambda rung: None) -> bool:
        """Climb the ladder; return whether the verdict is "pass"."""
        core = self._core()
        for name in (core.verilog, "vectors.npz"):
            self._needed(name, "emit")
        self._needed(WEIGHTS, "fit")
        self._check_current("emit")
        synthesis = load_synthesis(self.folder) if self._has_netlist() else None

        def run() -> None:
            models = as_emitted(networks(self.folder), core)
            artifact = Artifact(core.name, self.folder, core_of(models, core))
            progress = self.on_progress("verify")
            verify(artifact, models, synthesis, on_progress=progress, on_rung=on_rung)

        simulators = [version(simulator) for simulator in SIMULATORS if available(simulator)]
        outputs = ["verify.json", *rendered_files(core.pictures)]
        self._stage("verify", simulators, outputs, run, _BENCHES)
        return bool(read_json(self.folder / "verify.json", "inrhw verify").get("verdict") == "pass")

    def bitstream(self, board: Board) -> None:
        """Show the core's picture on a monitor at a board: bitstream.json says which file and how fast."""
        core = self._core()
        self._needed(core.verilog, "emit")
        self._check_current("emit")
        check_showable(core, board)

        def run() -> None:
            bitstream(self.folder, board, on_progress=self.on_progress("bitstream"))

        key = [repr(board), yosys_version(), nextpnr_version(board.family)]
        outputs = ["bitstream.json", *bitstream_files(core.name, board)]
        self._stage("bitstream", key, outputs, run, [f"build/{board.name}"])

    def ip(self) -> list[Path]:
        """Describe the core for Vivado's IP catalog and for FuseSoC; return the files."""
        core = complete_core(self.folder)
        contents = component_xml(core), core_file(core).encode()
        files = dict(zip(package_files(core.name), contents, strict=True))
        with output_folder(self.folder):
            for name, content in files.items():
                write_atomically(self.folder / name, content)
            self._leave("ip", files)
        return [self.folder / name for name in files]

    def vivado(self, board: Board, clock_mhz: float | None = None) -> list[Path]:
        """Write scripts and constraints for Vivado; return the files."""
        files = write_vivado(self.folder, board, clock_mhz)
        self._leave("vivado", [str(path.relative_to(self.folder)) for path in files])
        return files

    def report(self, vivado: Path | None = None) -> Report:
        """Write report.json and report.html, unless a result is older than what it was made from.

        Figures of Vivado stand beside ours if its reports are in the folder `vivado`.
        """
        for name, stage in (("fit.json", "fit"), ("manifest.json", "emit"), ("verify.json", "verify")):
            self._needed(name, stage)
        for stage in _REPORTED:
            if (self.folder / _RESULTS[stage]).exists():
                self._check_current(stage)
        there = [stage for stage, result in _RESULTS.items() if (self.folder / result).exists()]
        entries = {stage: entry for stage, entry in self._record().items() if stage in there}
        commands = dict.fromkeys(entry.command for entry in entries.values() if entry.command)
        times = {name: entry.seconds for name, entry in entries.items()}
        found = report(self.folder, command="\n".join(commands), times_s=times, vivado=vivado)
        errors = [str(path.relative_to(self.folder)) for path in self.folder.glob("picture*/error.png")]
        self._leave("report", ["report.json", "report.html", "error.png", *errors])
        return found

    def _core(self) -> Manifest:
        """Return what is known of the core that is there; raise InputError if there is none."""
        return Manifest.load(self.folder)

    def _forget(self, *names: str) -> None:
        """Remove what tells of another core, and what no stage of `build` makes anew."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def _inputs(self, stage: str) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        name = self.name
        verilog = f"{name}.v"
        names = {
            "fit": (),
            "emit": (WEIGHTS, "fit.json"),
            "synth": (verilog,),
            "power": (f"{name}_netlist.json", "synth.json", "manifest.json"),
            "verify": (verilog, "manifest.json", "vectors.npz", WEIGHTS),
            "asic": (verilog, "manifest.json", "vectors.npz"),
            "bitstream": (verilog, "manifest.json"),
        }
        inputs = self._digests(names[stage])
        if stage == "verify":
            beside = (f"{name}.weights", "second.weights", f"{name}.h", f"{name}_registers.md")
            inputs |= self._digests([file for file in beside if (self.folder / file).exists()])
            netlist = self.folder / f"{name}_netlist.v"
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
