"""A folder of stages, each reading the files of the one before; what has not changed is not done again."""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from inrhw.artifact.manifest import core_there
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
        Where all files go. The top module is called after it when it is emitted for the first time, and keeps
        that name when the folder is copied, moved or renamed.
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
        """Name of the top module: that of the core that is there; without one it is made of the folder's."""
        core = core_there(self.folder)
        return core.name if core else safe_name(self.folder.resolve().name)

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
        """Return what is known of each stage."""
        plain = self._plain_record()
        try:
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
        except (ValueError, TypeError, KeyError):
            return {}

    def _left(self) -> dict[str, list[str]]:
        """Return names of what stages and other commands have left besides the outputs that are on record."""
        try:
            left = self._plain_record().get("left", {})
            return {str(name): [str(path) for path in paths] for name, paths in left.items()}
        except (TypeError, AttributeError):
            return {}

    def _plain_record(self) -> dict[str, Any]:
        """Return what stages.json holds: nothing when it is missing or damaged."""
        try:
            return dict(json.loads((self.folder / "stages.json").read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def _leave(self, name: str, paths: Iterable[str]) -> None:
        """Put on record what a command that is no stage has left, so that it goes when its core goes."""
        before = self._left()
        after = before | {name: sorted({*before.get(name, []), *paths})}
        with output_folder(self.folder):
            self._write_record(self._record(), after)

    def _write_record(self, entries: Mapping[str, _Entry], left: Mapping[str, Sequence[str]]) -> None:
        """Write stages.json, but for what was left and did not stay."""
        kept = {}
        for name, paths in left.items():
            if there := [path for path in paths if (self.folder / path).exists()]:
                kept[name] = there
        stages = {name: asdict(entry) for name, entry in entries.items()}
        write_json(self.folder / "stages.json", stages | ({"left": kept} if kept else {}))

    def _on_record(self, stages: Iterable[str]) -> list[str]:
        """Return the names of all files and folders, inside this one, that some stages and commands left."""
        entries, left = self._record(), self._left()
        names = [name for stage in stages for name in left.get(stage, [])]
        names += [name for stage in stages if stage in entries for name in entries[stage].files]
        here = self.folder.resolve()
        return [name for name in names if here in (here / name).resolve().parents]

    def _stage(
        self,
        name: str,
        key: Sequence[str],
        outputs: Sequence[str],
        run: Callable[[], None],
        left: Sequence[str] = (),
    ) -> None:
        """Run a stage unless its key and all its outputs are as they were after it last ran.

        `left` are the names of what it leaves besides.
        """
        inputs = self._inputs(name)
        depends_on = [_source_digest(), *map(str, inputs.items()), *key]
        identity = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()
        before = self._record().get(name)
        if before and before.key == identity and before.files == self._digests(outputs):
            self.on_stage(name, None)
            return
        start = time.perf_counter()
        self._make_folder()
        run()
        seconds = round(time.perf_counter() - start, 2)
        entry = _Entry(identity, inputs, self._digests(outputs), seconds, self.command)
        also = {*left, *self._left().get(name, []), *(before.files if before else ())} - {*outputs}
        self._write_record(self._record() | {name: entry}, self._left() | {name: sorted(also)})
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
