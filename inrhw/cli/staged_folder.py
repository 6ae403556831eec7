"""A folder of stages, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from inrhw.base.errors import InputError
from inrhw.base.files import PACKAGE, bench_folder, digest, output_folder, write_json
from inrhw.base.names import safe_name
from inrhw.base.progress import OnProgress, silent


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
class StagedFolder:
    """A folder and what its stages have done, as its stages.json remembers.

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

    #: Stages, and the file by which the result of each is known.
    results: ClassVar[Mapping[str, str]]

    folder: Path
    on_progress: Callable[[str], OnProgress] = field(default=lambda stage: silent)
    on_stage: Callable[[str, float | None], None] = field(default=lambda stage, seconds: None)
    on_warning: Callable[[str], None] = field(default=lambda sentence: None)
    command: str = ""

    @property
    def name(self) -> str:
        """Name of the top module."""
        return safe_name(self.folder.resolve().name)

    def _inputs(self, stage: str) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        raise NotImplementedError

    def _why_not_current(self, stage: str) -> str | None:
        """Return why the result of a stage is not of what is there now, as it was left; None when it is."""
        entry = self._record().get(stage)
        if entry is None:
            return "was not made by this command line (stages.json has no record of it)"
        result = self.results[stage]
        if self._digests([result]) != {result: entry.files.get(result)}:
            return f"was changed since `inrhw {stage}` wrote it"
        now = self._inputs(stage)
        changed = [name for name in now if now[name] != entry.inputs.get(name)]
        return f"was made before {' and '.join(changed)} changed" if changed else None

    def _check_current(self, stage: str) -> None:
        self._needed(self.results[stage], stage)
        if why := self._why_not_current(stage):
            raise InputError(f"{self.folder / self.results[stage]} {why}; run `inrhw {stage}` again")

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
                for name in self.results
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


@functools.cache
def _source_digest() -> str:
    """Return a hash of inrhw's own code: results of another version are never taken for this one's."""
    files = [
        path for folder in (PACKAGE, bench_folder()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    sources = [path for path in files if path.suffix in (".py", ".v", ".vlt", ".lib")]
    return hashlib.sha256("".join(digest(path) for path in sources).encode()).hexdigest()
