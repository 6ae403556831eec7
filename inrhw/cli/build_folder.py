"""A folder of stages, each reading files of earlier ones; a stage that is up to date is not run again."""

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from inrhw.artifact.manifest import core_there
from inrhw.base.errors import InputError
from inrhw.base.files import PACKAGE, bench_folder, digest, locked, output_folder, parsed, write_json
from inrhw.base.names import safe_name
from inrhw.base.progress import OnProgress, silent
from inrhw.base.typed_json import from_json
from inrhw.cli.recipe import FILE as RECIPE
from inrhw.cli.recipe import Recipe, read_recipe, save_recipe
from inrhw.cli.stage import Stage


@dataclass(frozen=True)
class Entry:
    """What stages.json says of a stage.

    Attributes
    ----------
    key
        Hash of all that the result depends on.
    inputs
        Hashes of the files that it was made from, "" for one that was not there.
    files
        Hashes of the results.
    left
        Names of other files that it left, such as logs; they are removed with their core.
    seconds
        Time it took.
    command
        Command that ran it, "" when not known.
    """

    key: str
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    left: tuple[str, ...]
    seconds: float
    command: str


@dataclass
class BuildFolder:
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
    until
        Keeps the folder's lock, from `hold` or the first stage that runs until this stack is closed: other
        commands cannot write there. None: no lock.
    """

    folder: Path
    on_progress: Callable[[str], OnProgress] = field(default=lambda stage: silent)
    on_stage: Callable[[str, float | None], None] = field(default=lambda stage, seconds: None)
    on_warning: Callable[[str], None] = field(default=lambda sentence: None)
    command: str = ""
    until: contextlib.ExitStack | None = None
    _is_held: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """Name of the top module: the core's; before there is a core, made from the folder's name."""
        core = core_there(self.folder)
        return core.name if core else safe_name(self._here.name)

    @property
    def _here(self) -> Path:
        return Path(os.path.realpath(self.folder))  # not `resolve`, which fails where a link names itself

    @property
    def recipe(self) -> Recipe:
        """The recipe that made the folder; its paths are relative to it."""
        path = self.folder / RECIPE
        return read_recipe(path) if path.exists() else Recipe()

    def run(self, stage: Stage) -> None:
        """Run a stage unless its key and all its outputs are as they were after it last ran.

        Raises
        ------
        InputError
            A result that it needs is missing or out of date, or the folder cannot be written.
        """
        for name, writer in stage.needs(self).items():
            self.needed(name, writer)
        for other in stage.after:
            self.check_current(other)
        inputs = self._inputs(type(stage))
        depends_on = [source_digest(), *map(str, inputs.items()), *stage.key(self)]
        key = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()
        before = self.record().get(stage.name)
        if before and before.key == key and before.files == self._digests(stage.outputs(self)):
            self._remember(stage)
            self.on_stage(stage.name, None)
            return
        start = time.perf_counter()
        self._make_folder()
        stage.run(self)
        seconds = round(time.perf_counter() - start, 2)
        files = self._digests(stage.outputs(self))
        left = {*stage.left(self), *((*before.left, *before.files) if before else ())} - {*files}
        self._write(stage.name, Entry(key, inputs, files, tuple(sorted(left)), seconds, self.command))
        self._remember(stage)
        self.on_stage(stage.name, seconds)

    def check_current(self, stage: type[Stage]) -> None:
        """Raise InputError unless a stage's result exists and is up to date."""
        self.needed(stage.result, stage)
        if why := self.why_not_current(stage):
            raise InputError(f"{self.folder / stage.result} {why}; run `inrhw {stage.name}` again")

    def why_not_current(self, stage: type[Stage]) -> str | None:
        """Return why a stage's result is out of date, or was changed since; None when it is up to date."""
        entry = self.record().get(stage.name)
        if entry is None:
            return "was not made by this command line (stages.json has no record of it)"
        if self._digests([stage.result]) != {stage.result: entry.files.get(stage.result)}:
            return f"was changed since `inrhw {stage.name}` wrote it"
        return _why_older(entry.inputs, self._inputs(stage))

    def check_unchanged(self, stage: type[Stage]) -> None:
        """Raise InputError if one of a stage's recorded files is not what it wrote."""
        entry = self.record().get(stage.name)
        files = entry.files if entry else {}
        now = self._digests(list(files))
        if changed := [name for name in files if now[name] != files[name]]:
            what = self.folder / changed[0]
            raise InputError(f"{what} was changed since `inrhw {stage.name}` wrote it; run it again")

    def has(self, stage: type[Stage]) -> bool:
        """Return whether a stage's result exists and is up to date."""
        return (self.folder / stage.result).is_file() and self.why_not_current(stage) is None

    def needed(self, name: str, stage: type[Stage]) -> Path:
        """Return the path of a file; if it is missing, raise InputError that names the command."""
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{path} does not exist; run `inrhw {stage.name}` first")
        return path

    def forget(self, *names: str) -> None:
        """Remove files that describe another core."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def record(self) -> dict[str, Entry]:
        """Return what is known of each stage: nothing when stages.json is missing or damaged."""
        path = self.folder / "stages.json"
        try:
            told = parsed(path.read_text()) if path.is_file() else {}
            return {name: from_json(Entry, entry) for name, entry in dict(told).items()}
        except (ValueError, TypeError):
            return {}

    def leave(self, name: str, paths: Iterable[str], told_of: Sequence[str]) -> None:
        """Record what a command that is no stage has left, so that it is removed with its core.

        `told_of` names the files that it tells of, for `check_told`.
        """
        before = self.record().get(name)
        left = tuple(sorted({*paths, *(before.left if before else ())}))
        with output_folder(self.folder):
            self._write(name, Entry("", self._digests(told_of), {}, left, 0.0, ""))

    def check_told(self, name: str, path: Path) -> None:
        """Raise InputError if a file that a command left tells of files that have changed since."""
        entry = self.record().get(name)
        if entry and (why := _why_older(entry.inputs, self._digests([*entry.inputs]))):
            raise InputError(f"{path} {why}; run `inrhw {name}` again")

    def on_record(self, names: Iterable[str]) -> list[str]:
        """Return the names of all files and folders, inside this one, that stages and commands left."""
        record, here = self.record(), self._here
        found = [
            path for name in names if name in record for path in (*record[name].files, *record[name].left)
        ]
        return [path for path in found if here in Path(os.path.realpath(here / path)).parents]

    def _write(self, name: str, entry: Entry) -> None:
        """Write stages.json, without files that no longer exist."""
        entries = self.record() | {name: entry}
        kept = {
            name: replace(entry, left=tuple(path for path in entry.left if (self.folder / path).exists()))
            for name, entry in entries.items()
        }
        write_json(self.folder / "stages.json", {name: asdict(entry) for name, entry in kept.items()})

    def _remember(self, stage: Stage) -> None:
        """Write what the stage ran with into the folder's recipe."""
        path = self.folder / RECIPE
        before = self.recipe
        after = replace(stage.settings(before, self), name=self.name)
        if after != before or not path.exists():
            save_recipe(after, path)

    def _inputs(self, stage: type[Stage]) -> dict[str, str]:
        """Return the hashes of the files that a stage would read now."""
        return self._digests(stage.inputs(self))

    def _digests(self, names: Sequence[str]) -> dict[str, str]:
        """Return the hashes of files in the folder, "" for one that is not there."""
        paths = {name: self.folder / name for name in names}
        return {name: digest(path) if path.is_file() else "" for name, path in paths.items()}

    def _make_folder(self) -> None:
        with output_folder(self.folder):
            self.hold()

    def hold(self) -> None:
        """Lock the folder, if it is there; the lock of a process that dies is released.

        Raises
        ------
        InputError
            Another command works in it.
        """
        if self.until is None or self._is_held or not self.folder.is_dir():
            return
        try:
            self.until.enter_context(locked(self.folder))
        except BlockingIOError:
            raise InputError(
                f"another inrhw command works in {self.folder}; wait until it ends, or give -o another folder"
            ) from None
        self._is_held = True


def _why_older(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return which of the files that a result was made from have another hash now; None if none has."""
    changed = [name for name in now if now[name] != before.get(name)]
    if gone := [name for name in changed if not now[name]]:
        return f"was made from {' and '.join(gone)}, which is gone"
    return f"was made before {' and '.join(changed)} changed" if changed else None


@contextlib.contextmanager
def held(folder: Path) -> Iterator[BuildFolder]:
    """Yield a folder in which no other command writes while the block runs."""
    with contextlib.ExitStack() as until:
        work = BuildFolder(folder, until=until)
        work.hold()
        yield work


@functools.cache
def source_digest() -> str:
    """Return a hash of inrhw's own code: results of another version are never taken for this one's."""
    files = [
        path for folder in (PACKAGE, bench_folder()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    sources = [path for path in files if path.suffix in (".py", ".v", ".vlt", ".lib")]
    return hashlib.sha256("".join(digest(path) for path in sources).encode()).hexdigest()
