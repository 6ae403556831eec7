"""What the command line shows: progress bars, warnings, errors."""

import contextlib
import json
import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from inrhw.base.programs.stopping import ending
from inrhw.base.progress import OnProgress
from inrhw.cli.build_folder import BuildFolder

if TYPE_CHECKING:
    from inrhw.verification.ladder import Rung

console = Console(emoji=False)
errors = Console(stderr=True, emoji=False)

#: Of every progress bar.
COLUMNS = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


@contextlib.contextmanager
def building(folder: Path, to: Console = console) -> Iterator[BuildFolder]:
    """Yield a build that shows progress bars while its stages run, and a line for each."""
    bars = Progress(*COLUMNS, console=to, transient=True)

    def on_progress(stage: str) -> OnProgress:
        task = bars.add_task(stage, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total or None)

    def on_stage(stage: str, seconds: float | None) -> None:
        for task in bars.task_ids:
            bars.remove_task(task)
        to.print(f"{stage:7} {'up to date' if seconds is None else f'{seconds:.1f} s'}")

    try:
        with contextlib.ExitStack() as until, bars:
            command = shlex.join(["inrhw", *sys.argv[1:]])
            yield BuildFolder(folder, on_progress, on_stage, warn, command, until)
    except KeyboardInterrupt as interrupt:
        if any(task.description == "fit" for task in bars.tasks):
            _end(interrupt, "the same command with --resume continues the training")
        _end(interrupt, "the same command continues after the last finished stage")


@contextlib.contextmanager
def said_when_interrupted(then: str) -> Iterator[None]:
    """Turn Ctrl-C and signals into a sentence, which ends with `then`, and status 128 + n."""
    # Amaranth says this of what a command that fails or is stopped had begun to build.
    warnings.filterwarnings("ignore", message=".* created but never used")
    try:
        yield
    except KeyboardInterrupt as interrupt:
        _end(interrupt, then)


def _end(interrupt: KeyboardInterrupt, then: str) -> NoReturn:
    how, status = ending(interrupt)
    with contextlib.suppress(OSError):  # the terminal may be gone
        errors.print(f"inrhw: {how}; {then}", soft_wrap=True, highlight=False)
    raise SystemExit(status) from None


def print_rung(rung: "Rung", to: Console = console) -> None:
    """Print the result of a rung of verification."""
    line = f"        {rung.status:7} {rung.rung}  {rung.message}"
    to.print(line, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON, for programs."""
    print(json.dumps(value, indent=2))


def print_file(path: Path) -> None:
    """Print what a .json file holds."""
    print(path.read_text(encoding="utf-8").rstrip())


def print_paths(paths: Iterable[Path]) -> None:
    """Print what was written, a path a line."""
    console.print("\n".join(map(str, paths)), markup=False, highlight=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """Print a sentence that the user should read."""
    errors.print(f"inrhw: {sentence}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def fail(message: str, *, status: int = 1) -> NoReturn:
    """Print an error and end with a status."""
    errors.print(f"inrhw: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(status)
