"""The stages of a build, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inrhw.board import Board, load_board
from inrhw.collect import report
from inrhw.cost import layer_shapes
from inrhw.emit import Artifact, emit
from inrhw.errors import InputError
from inrhw.files import digest, output_folder, read_json, write_json
from inrhw.fit import WEIGHTS, Fitted, Training, fit
from inrhw.folding import Folding, fold
from inrhw.loading.weights import shape_digest, weights_file
from inrhw.lower import lower
from inrhw.models import INR, Architecture, architecture_from_json, architecture_to_json
from inrhw.node import Graph
from inrhw.ops import implementation
from inrhw.plan import BAKED, Wish, folding_from_json, plan, plan_to_json
from inrhw.progress import OnProgress, silent
from inrhw.report import Report
from inrhw.signals import Picture, safe_name
from inrhw.simulator import SIMULATORS, available, bench_folder, version
from inrhw.synth import load_synthesis, synth
from inrhw.top import Core
from inrhw.verify import Rung, verify
from inrhw.yosys import yosys_version

#: File by which the result of a stage is known.
_RESULTS = {"emit": "manifest.json", "synth": "synth.json", "verify": "verify.json"}

_CHECKPOINT = "checkpoint.safetensors"

#: What a folded core was planned for.
_PLAN = "plan.json"


@dataclass(frozen=True)
class _Entry:
    """What stages.json says of a stage.

    Attributes
    ----------
    key
        Hash of all that the result depends on.
    inputs
        Hashes of the files that it was made from, "" for one that was not there.
    files
        Hashes of the results.
    seconds
        Time it took.
    command
        Command that ran it, "" when not known.
    """

    key: str
    inputs: dict[str, str]
    files: dict[str, str]
    seconds: float
    command: str


@dataclass
class Build:
    """A folder and what its stages have done.

    Parameters
    ----------
    folder
        Where all files go; its name, made a Verilog identifier, names the top module.
    on_progress
        Given the name of a stage, returns what the stage reports its progress to.
    on_stage
        Called with the name of a stage and the seconds it took; None when it was up to date.
    on_warning
        Called with a sentence that a user should read.
    command
        Command line that runs the stages, for the report.
    """

    folder: Path
    on_progress: Callable[[str], OnProgress] = field(default=lambda stage: silent)
    on_stage: Callable[[str, float | None], None] = field(default=lambda stage, seconds: None)
    on_warning: Callable[[str], None] = field(default=lambda sentence: None)
    command: str = ""

    @property
    def name(self) -> str:
        """Name of the top module."""
        return safe_name(self.folder.resolve().name)

    def fit(
        self, picture: Picture, architecture: Architecture, training: Training, *, resume: bool = False
    ) -> None:
        """Train, and write weights and pictures."""
        pixels = hashlib.sha256(picture.values.tobytes()).hexdigest()
        key = [pixels, architecture_to_json(architecture), repr(training)]

        checkpoint = self.folder / _CHECKPOINT

        def run() -> None:
            if checkpoint.exists() and not resume:
                self.on_warning(
                    f"training starts over and replaces {checkpoint}; "
                    "--resume with the options of the interrupted training would continue it"
                )
            fitted = fit(
                picture,
                architecture,
                training,
                checkpoint=checkpoint,
                resume=resume,
                on_progress=self.on_progress("fit"),
            )
            fitted.save(self.folder)

        self._stage("fit", key, [WEIGHTS, "fit.json", "original.png", "float.png", "quantized.png"], run)

    def emit(self, source: str, wish: Wish = BAKED, board: Board | None = None) -> None:
        """Write the Verilog, its manifest and golden vectors; for a folded core what it was planned for.

        Parameters
        ----------
        source
            "raster" or "stream".
        wish
            Where the weights are, and what the core has to reach.
        board
            What a folded core has to fit; the VCU128 if None.
        """
        board = board or load_board("vcu128")

        def run() -> None:
            model = self._fitted().model
            architecture = model.architecture
            folding = plan(architecture, wish, board, source)
            graph = _graph(model, folding)
            emit(graph, architecture.grid, self.folder, self.name, source=source)
            if folding:
                write_json(self.folder / _PLAN, plan_to_json(architecture, wish, board, source, folding))
            else:
                (self.folder / _PLAN).unlink(missing_ok=True)
            if not folding or folding.weights != "loadable":
                for name in self._loadable_files:
                    (self.folder / name).unlink(missing_ok=True)

        for name in (WEIGHTS, "fit.json"):
            self._needed(name, "fit")
        key = [self.name, source, *([repr(wish), repr(board)] if wish.folded else [])]
        outputs = [f"{self.name}.v", "manifest.json", "vectors.npz", _PLAN, *self._loadable_files]
        self._stage("emit", key, outputs, run)

    def synth(self, board: Board, *, place: bool = False) -> None:
        """Synthesize the Verilog for a board."""
        verilog = self._needed(f"{self.name}.v", "emit")

        def run() -> None:
            synth(verilog, self.name, board, self.folder, place=place, on_progress=self.on_progress("synth"))

        outputs = ["synth.json", f"{self.name}_netlist.v", f"{self.name}_netlist.json"]
        self._stage("synth", [repr(board), str(place), yosys_version()], outputs, run)

    def verify(self, on_rung: Callable[[Rung], None] = lambda rung: None) -> bool:
        """Climb the ladder; return whether the verdict is "pass"."""
        for name in (f"{self.name}.v", "manifest.json", "vectors.npz"):
            self._needed(name, "emit")
        self._needed(WEIGHTS, "fit")
        self._check_current("emit")
        synthesis = load_synthesis(self.folder) if self._has_netlist() else None

        def run() -> None:
            fitted = self._fitted()
            manifest = read_json(self.folder / "manifest.json", "inrhw emit")
            artifact = Artifact(self.name, self.folder, _core(fitted.model, manifest))
            progress = self.on_progress("verify")
            verify(artifact, fitted.model, synthesis, on_progress=progress, on_rung=on_rung)

        simulators = [version(simulator) for simulator in SIMULATORS if available(simulator)]
        self._stage("verify", simulators, ["verify.json", "rtl.png"], run)
        return bool(read_json(self.folder / "verify.json", "inrhw verify").get("verdict") == "pass")

    def report(self) -> Report:
        """Write report.json and report.html, unless a result is older than what it was made from."""
        for name, stage in (("fit.json", "fit"), ("manifest.json", "emit"), ("verify.json", "verify")):
            self._needed(name, stage)
        for stage, result in _RESULTS.items():
            if (self.folder / result).exists():
                self._check_current(stage)
        entries = self._record()
        commands = dict.fromkeys(entry.command for entry in entries.values() if entry.command)
        times = {name: entry.seconds for name, entry in entries.items()}
        return report(self.folder, command="\n".join(commands), times_s=times)

    @property
    def _loadable_files(self) -> list[str]:
        """What is emitted beside a core whose weights can be loaded."""
        return [f"{self.name}.weights", "second.weights", f"{self.name}.h"]

    def _fitted(self) -> Fitted:
        return Fitted.load(self.folder)

    def _inputs(self, stage: str) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        verilog = f"{self.name}.v"
        names = {
            "fit": (),
            "emit": (WEIGHTS, "fit.json"),
            "synth": (verilog,),
            "verify": (verilog, "manifest.json", "vectors.npz", WEIGHTS),
        }
        inputs = _digests([self.folder / name for name in names[stage]])
        if stage == "verify":
            inputs |= _digests(
                [path for name in self._loadable_files if (path := self.folder / name).exists()]
            )
            netlist = self.folder / f"{self.name}_netlist.v"
            inputs[netlist.name] = digest(netlist) if self._has_netlist() else ""
        return inputs

    def _has_netlist(self) -> bool:
        """Return whether there is a netlist, and of the Verilog that the folder holds now."""
        return (self.folder / f"{self.name}_netlist.v").is_file() and self._why_not_current("synth") is None

    def _why_not_current(self, stage: str) -> str | None:
        """Return why the result of a stage is not of what is there now, as it was left; None when it is."""
        entry = self._record().get(stage)
        if entry is None:
            return "was not made by this command line (stages.json has no record of it)"
        result = self.folder / _RESULTS[stage]
        if _digests([result]) != {result.name: entry.files.get(result.name)}:
            return f"was changed since `inrhw {stage}` wrote it"
        now = self._inputs(stage)
        changed = [name for name in now if now[name] != entry.inputs.get(name)]
        return f"was made before {' and '.join(changed)} changed" if changed else None

    def _check_current(self, stage: str) -> None:
        if why := self._why_not_current(stage):
            raise InputError(f"{self.folder / _RESULTS[stage]} {why}; run `inrhw {stage}` again")

    def _needed(self, name: str, stage: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{path} does not exist; run `inrhw {stage}` first")
        return path

    def _record(self) -> dict[str, _Entry]:
        """Return what is known of each stage: nothing when stages.json is missing or damaged."""
        try:
            plain = json.loads((self.folder / "stages.json").read_text())
            return {
                name: _Entry(
                    str(plain[name]["key"]),
                    dict(plain[name]["inputs"]),
                    dict(plain[name]["files"]),
                    float(plain[name]["seconds"]),
                    str(plain[name]["command"]),
                )
                for name in ("fit", "emit", "synth", "verify")
                if name in plain
            }
        except (OSError, ValueError, TypeError, KeyError):
            return {}

    def _stage(self, name: str, key: Sequence[str], outputs: Sequence[str], run: Callable[[], None]) -> None:
        """Run a stage unless its key and all its outputs are as they were after it last ran."""
        inputs = self._inputs(name)
        depends_on = [_source_digest(), *map(str, inputs.items()), *key]
        identity = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()
        record = self._record()
        before = record.get(name)
        paths = [self.folder / output for output in outputs]
        if before and before.key == identity and before.files == _digests(paths):
            self.on_stage(name, None)
            return
        start = time.perf_counter()
        self._make_folder()
        run()
        seconds = round(time.perf_counter() - start, 2)
        record[name] = _Entry(identity, inputs, _digests(paths), seconds, self.command)
        write_json(self.folder / "stages.json", {stage: asdict(entry) for stage, entry in record.items()})
        self.on_stage(name, seconds)

    def _make_folder(self) -> None:
        with output_folder(self.folder):
            (self.folder / ".writable").touch()
            (self.folder / ".writable").unlink()


def _graph(model: INR, folding: Folding | None) -> Graph:
    graph = lower(model)
    return fold(graph, folding, model.architecture.precision) if folding else graph


def _core(model: INR, manifest: dict[str, Any]) -> Core:
    """Return the core that a manifest describes, with the weights of `model`."""
    graph = _graph(model, folding_from_json(manifest.get("folding")))
    return Core(graph, model.architecture.grid, str(manifest.get("source")))


def _digests(paths: Sequence[Path]) -> dict[str, str]:
    return {path.name: digest(path) if path.is_file() else "" for path in paths}


@functools.cache
def _source_digest() -> str:
    """Return a hash of inrhw's own code: results of another version are never taken for this one's."""
    package = Path(__file__).parent
    files = [
        path for folder in (package, bench_folder()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    sources = [path for path in files if path.suffix in (".py", ".v", ".vlt")]
    return hashlib.sha256("".join(digest(path) for path in sources).encode()).hexdigest()


def weights_for(folder: Path, core_folder: Path) -> bytes:
    """Return the file that loads a trained network into the core of another build.

    Parameters
    ----------
    folder
        Of the trained network.
    core_folder
        Where a core with loadable weights was emitted.

    Raises
    ------
    InputError
        If the core's weights are fixed, or it is of another shape; the message says what differs.
    """
    manifest = read_json(core_folder / "manifest.json", "inrhw emit")
    if manifest.get("weights") != "loadable":
        raise InputError(
            f"the weights of the core in {core_folder} are fixed; emit it with --weights loadable"
        )
    fitted = Fitted.load(folder)
    core = read_json(core_folder / "fit.json", "inrhw fit")
    architecture = architecture_from_json(json.dumps(core.get("architecture", {})))
    _check_same_shape(fitted.architecture, architecture, folder, core_folder)
    _check_same_rotations(fitted.model.rotations(), core.get("rotations", []), folder, core_folder)
    memories = _core(fitted.model, manifest).memories
    if f"{shape_digest(memories):08x}" != manifest.get("shape"):
        raise InputError(
            f"{core_folder} was emitted by another version of inrhw; run `inrhw emit` on it again"
        )
    return weights_file(memories)


def _check_same_shape(given: Architecture, core: Architecture, folder: Path, core_folder: Path) -> None:
    """Raise InputError, naming the first difference, unless both networks fit the same loadable core."""

    def differ(what: str, theirs: object, ours: object) -> None:
        if theirs != ours:
            raise InputError(
                f"the network in {folder} does not fit the core in {core_folder}: {what} {theirs}, not {ours}"
            )

    differ("its activation is that of", given.model, core.model)
    differ("its activation is computed by", implementation(given.circuit), implementation(core.circuit))
    differ("its picture has", f"{given.width}x{given.height} pixels", f"{core.width}x{core.height} pixels")
    differ("its dense layers are", len(given.features) - 1, len(core.features) - 1)
    shapes = zip(layer_shapes(given), layer_shapes(core), strict=True)
    for k, (theirs, ours) in enumerate(shapes):
        for name in ("rows", "columns", "weight_bits", "x_bits", "phase_bits", "y_bits"):
            differ(f"layer {k} has {name}", getattr(theirs, name), getattr(ours, name))


def _check_same_rotations(theirs: list[str], ours: list[str], folder: Path, core_folder: Path) -> None:
    """Raise InputError unless both networks rotate the same, in the same formats."""
    for k, (given, core) in enumerate(zip(theirs, ours, strict=True)):
        if given != core:
            raise InputError(
                f"the network in {folder} does not fit the core in {core_folder}: "
                f"layer {k} rotates {given}, not {core}"
            )
