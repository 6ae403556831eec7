"""The stages of a build, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inrhw.bitstream import bitstream, bitstream_files, check_showable
from inrhw.board import Board, load_board
from inrhw.collect import report
from inrhw.cores import core_of, graph_of, networks
from inrhw.emit import Artifact, emit
from inrhw.errors import InputError
from inrhw.files import digest, output_folder, read_json, write_json
from inrhw.fit import WEIGHTS, Fitted, Training, fit
from inrhw.models import Architecture, architecture_to_json
from inrhw.nextpnr import nextpnr_version
from inrhw.plan import BAKED, Wish, plan, plan_banks, plan_to_json
from inrhw.progress import OnProgress, silent
from inrhw.report import Report
from inrhw.shared import SharedArchitecture
from inrhw.shared_fit import FittedShared, SharedTraining, add_picture, fit_shared, is_shared
from inrhw.signals import Picture, safe_name
from inrhw.simulator import SIMULATORS, available, bench_folder, version
from inrhw.synth import load_synthesis, synth
from inrhw.verify import Rung, rendered_files, verify
from inrhw.yosys import yosys_version

#: File by which the result of a stage is known.
_RESULTS = {"emit": "manifest.json", "synth": "synth.json", "verify": "verify.json"}

_CHECKPOINT = "checkpoint.safetensors"

#: What training leaves of each picture.
_FITTED_PICTURES = ("original.png", "float.png", "quantized.png")

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
            models = networks(self.folder)
            architecture = models[0].architecture
            planned = plan_banks if len(models) > 1 else plan
            folding = planned(architecture, wish, board, source)
            graph = graph_of(models, folding)
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
        many = is_shared(self.folder)
        key = [self.name, source, *([repr(wish), repr(board)] if wish.folded or many else [])]
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
        manifest = read_json(self.folder / "manifest.json", "inrhw emit")

        def run() -> None:
            models = networks(self.folder)
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
        check_showable(read_json(self._needed("manifest.json", "emit"), "inrhw emit"), board)

        def run() -> None:
            bitstream(self.folder, board, on_progress=self.on_progress("bitstream"))

        key = [repr(board), yosys_version(), nextpnr_version(board.family)]
        outputs = ["bitstream.json", *bitstream_files(verilog.stem, board)]
        self._stage("bitstream", key, outputs, run)

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

    def _inputs(self, stage: str) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        verilog = f"{self.name}.v"
        names = {
            "fit": (),
            "emit": (WEIGHTS, "fit.json"),
            "synth": (verilog,),
            "verify": (verilog, "manifest.json", "vectors.npz", WEIGHTS),
            "bitstream": (verilog, "manifest.json"),
        }
        inputs = self._digests(names[stage])
        if stage == "verify":
            inputs |= self._digests([name for name in self._loadable_files if (self.folder / name).exists()])
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
        result = _RESULTS[stage]
        if self._digests([result]) != {result: entry.files.get(result)}:
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
                for name in ("fit", "emit", "synth", "verify", "bitstream")
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
        if before and before.key == identity and before.files == self._digests(outputs):
            self.on_stage(name, None)
            return
        start = time.perf_counter()
        self._make_folder()
        run()
        seconds = round(time.perf_counter() - start, 2)
        record[name] = _Entry(identity, inputs, self._digests(outputs), seconds, self.command)
        write_json(self.folder / "stages.json", {stage: asdict(entry) for stage, entry in record.items()})
        self.on_stage(name, seconds)

    def _digests(self, names: Sequence[str]) -> dict[str, str]:
        """Return the hashes of files in the folder, "" for one that is not there."""
        paths = {name: self.folder / name for name in names}
        return {name: digest(path) if path.is_file() else "" for name, path in paths.items()}

    def _make_folder(self) -> None:
        with output_folder(self.folder):
            (self.folder / ".writable").touch()
            (self.folder / ".writable").unlink()


def _pixels(pictures: Sequence[Picture]) -> str:
    """Return a hash of what pictures show."""
    return hashlib.sha256(b"".join(picture.values.tobytes() for picture in pictures)).hexdigest()


def _shared_outputs(pictures: int) -> list[str]:
    """Return what `FittedShared.save` writes."""
    shown = [f"picture{k}/{name}" for k in range(pictures) for name in _FITTED_PICTURES]
    return [WEIGHTS, "fit.json", *shown]


@functools.cache
def _source_digest() -> str:
    """Return a hash of inrhw's own code: results of another version are never taken for this one's."""
    package = Path(__file__).parent
    files = [
        path for folder in (package, bench_folder()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    sources = [path for path in files if path.suffix in (".py", ".v", ".vlt")]
    return hashlib.sha256("".join(digest(path) for path in sources).encode()).hexdigest()
