"""The stages of a build, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inrhw.board import Board
from inrhw.collect import report
from inrhw.emit import Artifact, emit
from inrhw.errors import InputError
from inrhw.files import digest, read_json, write_json
from inrhw.fit import WEIGHTS, Fitted, Training, fit
from inrhw.lower import lower
from inrhw.models import Architecture, architecture_to_json
from inrhw.progress import OnProgress, silent
from inrhw.report import Report
from inrhw.signals import Picture, safe_name
from inrhw.simulator import SIMULATORS, available, bench_folder, version
from inrhw.synth import Synthesis, load_synthesis, synth
from inrhw.top import Core
from inrhw.verify import Rung, verify
from inrhw.yosys import yosys_version

#: File by which the result of a stage is known.
_RESULTS = {"emit": "manifest.json", "synth": "synth.json", "verify": "verify.json"}


@dataclass(frozen=True)
class _Entry:
    """What stages.json says of a stage.

    Attributes
    ----------
    key
        Hash of all that the result depends on.
    inputs
        Hash of the file that it was made from.
    files
        Hashes of the results.
    seconds
        Time it took.
    """

    key: str
    inputs: str
    files: dict[str, str]
    seconds: float


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
    """

    folder: Path
    on_progress: Callable[[str], OnProgress] = field(default=lambda stage: silent)
    on_stage: Callable[[str, float | None], None] = field(default=lambda stage, seconds: None)

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

        def run() -> None:
            fitted = fit(
                picture,
                architecture,
                training,
                checkpoint=self.folder / "checkpoint.safetensors",
                resume=resume,
                on_progress=self.on_progress("fit"),
            )
            fitted.save(self.folder)

        self._stage("fit", key, [WEIGHTS, "fit.json", "original.png", "float.png", "quantized.png"], run)

    def emit(self, source: str) -> None:
        """Write the Verilog, its manifest and the golden vectors."""

        def run() -> None:
            model = self._fitted().model
            emit(lower(model), model.architecture.grid, self.folder, self.name, source=source)

        key = [digest(self._needed(WEIGHTS, "fit")), self.name, source]
        self._stage("emit", key, [f"{self.name}.v", "manifest.json", "vectors.npz"], run)

    def synth(self, board: Board, *, place: bool = False) -> None:
        """Synthesize the Verilog for a board."""
        verilog = self._needed(f"{self.name}.v", "emit")

        def run() -> None:
            synth(verilog, self.name, board, self.folder, place=place, on_progress=self.on_progress("synth"))

        outputs = ["synth.json", f"{self.name}_netlist.v", f"{self.name}_netlist.json"]
        self._stage("synth", [digest(verilog), repr(board), str(place), yosys_version()], outputs, run)

    def verify(self, on_rung: Callable[[Rung], None] = lambda rung: None) -> bool:
        """Climb the ladder; return whether the verdict is "pass"."""
        inputs = [self._needed(name, "emit") for name in (f"{self.name}.v", "manifest.json", "vectors.npz")]
        key = [digest(path) for path in (*inputs, self._needed(WEIGHTS, "fit"))]
        self._check_current("emit")
        netlist = self.folder / f"{self.name}_netlist.v"
        synthesis = self._synthesis() if netlist.exists() else None
        key += [digest(netlist) if synthesis else "", *(version(s) for s in SIMULATORS if available(s))]

        def run() -> None:
            fitted = self._fitted()
            source = str(read_json(self.folder / "manifest.json", "inrhw emit").get("source"))
            core = Core(lower(fitted.model), fitted.architecture.grid, source)
            artifact = Artifact(self.name, self.folder, core)
            progress = self.on_progress("verify")
            verify(artifact, fitted.model, synthesis, on_progress=progress, on_rung=on_rung)

        self._stage("verify", key, ["verify.json", "rtl.png"], run)
        return bool(read_json(self.folder / "verify.json", "inrhw verify").get("verdict") == "pass")

    def report(self, command: str) -> Report:
        """Write report.json and report.html, unless a result is older than what it was made from."""
        for stage, result in _RESULTS.items():
            if (self.folder / result).exists():
                self._check_current(stage)
        times = {name: entry.seconds for name, entry in self._record().items()}
        return report(self.folder, command=command, times_s=times)

    def _fitted(self) -> Fitted:
        return Fitted.load(self.folder)

    def _synthesis(self) -> Synthesis | None:
        """Return the synthesis, unless it is of other Verilog than the folder holds now."""
        return load_synthesis(self.folder) if self._is_current("synth") else None

    def _is_current(self, stage: str) -> bool:
        """Return whether the result of a stage is as it was left, and of the file that is there now."""
        entry = self._record().get(stage)
        result = _RESULTS[stage]
        made_from = WEIGHTS if stage == "emit" else f"{self.name}.v"
        now = _digests([self.folder / made_from, self.folder / result])
        return entry is not None and now == {made_from: entry.inputs, result: entry.files.get(result)}

    def _check_current(self, stage: str) -> None:
        if not self._is_current(stage):
            path = self.folder / _RESULTS[stage]
            raise InputError(f"{path} is damaged or of older files; run `inrhw {stage}` again")

    def _needed(self, name: str, stage: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{path} does not exist; run `inrhw {stage}` first")
        return path

    def _record(self) -> dict[str, _Entry]:
        """Return what is known of each stage: nothing when stages.json is missing or damaged."""
        try:
            plain = json.loads((self.folder / "stages.json").read_text())
            return {name: _Entry(**entry) for name, entry in plain.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _stage(self, name: str, key: Sequence[str], outputs: Sequence[str], run: Callable[[], None]) -> None:
        """Run a stage unless its key and all its outputs are as they were after it last ran."""
        identity = hashlib.sha256("\0".join([_source_digest(), *key]).encode()).hexdigest()
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
        record[name] = _Entry(identity, key[0], _digests(paths), seconds)
        write_json(self.folder / "stages.json", {stage: asdict(entry) for stage, entry in record.items()})
        self.on_stage(name, seconds)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".writable").touch()
            (self.folder / ".writable").unlink()
        except OSError as error:
            raise InputError(
                f"{self.folder} cannot be written ({error.strerror}); choose another with -o"
            ) from error


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
