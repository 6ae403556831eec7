"""The stages of a build, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        Called with the name of a stage and the seconds it took; 0.0 when it was up to date.
    """

    folder: Path
    on_progress: Callable[[str], OnProgress] = field(default=lambda stage: silent)
    on_stage: Callable[[str, float], None] = field(default=lambda stage, seconds: None)

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
        netlist = self.folder / f"{self.name}_netlist.v"
        synthesis = self._synthesis() if netlist.exists() else None
        key = [digest(path) for path in (*inputs, self._needed(WEIGHTS, "fit"))]
        key += [digest(netlist) if synthesis else "", *(version(s) for s in SIMULATORS if available(s))]

        def run() -> None:
            (self.folder / "rtl.png").unlink(missing_ok=True)
            fitted = self._fitted()
            source = str(read_json(self.folder / "manifest.json", "inrhw emit").get("source"))
            core = Core(lower(fitted.model), fitted.architecture.grid, source)
            artifact = Artifact(self.name, self.folder, core)
            progress = self.on_progress("verify")
            verify(artifact, fitted.model, synthesis, on_progress=progress, on_rung=on_rung)

        self._stage("verify", key, ["verify.json"], run)
        return bool(read_json(self.folder / "verify.json", "inrhw verify").get("verdict") == "pass")

    def report(self, command: str) -> Report:
        """Write report.json and report.html."""
        times = {name: entry["seconds"] for name, entry in self._record().items()}
        return report(self.folder, command=command, times_s=times)

    def _fitted(self) -> Fitted:
        return Fitted.load(self.folder)

    def _synthesis(self) -> Synthesis | None:
        """Return the synthesis, unless it is of other Verilog than the folder holds now."""
        made_from = self._record().get("synth", {}).get("inputs")
        if made_from != digest(self.folder / f"{self.name}.v"):
            return None
        return load_synthesis(self.folder)

    def _needed(self, name: str, stage: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{path} does not exist; run `inrhw {stage}` first")
        return path

    def _record(self) -> dict[str, Any]:
        path = self.folder / "stages.json"
        return dict(read_json(path, "inrhw build")) if path.exists() else {}

    def _stage(self, name: str, key: Sequence[str], outputs: Sequence[str], run: Callable[[], None]) -> None:
        """Run a stage unless its key and all its outputs are as they were after it last ran."""
        identity = hashlib.sha256("\0".join([_source_digest(), *key]).encode()).hexdigest()
        record = self._record()
        before = record.get(name)
        paths = [self.folder / output for output in outputs]
        if before and before["key"] == identity and before["files"] == _digests(paths):
            self.on_stage(name, 0.0)
            return
        start = time.perf_counter()
        self._make_folder()
        run()
        seconds = round(time.perf_counter() - start, 2)
        entry = {"key": identity, "inputs": key[0], "files": _digests(paths), "seconds": seconds}
        write_json(self.folder / "stages.json", record | {name: entry})
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
