"""The one way to run a program: clean environment, deadline, log; and nothing of it outlives this process."""

import contextlib
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from inrhw.base.errors import InrhwError, ToolFailed, ToolNotFound
from inrhw.base.programs import beside, guard
from inrhw.base.progress import OnProgress
from inrhw.base.version import __version__

#: Seconds after which a program hangs for certain.
DEADLINE_S = 86_400.0

_GUARD = (sys.executable, "-I", "-S", guard.__file__)

# What the user set for other runs of these programs, by how its name begins, and by name.
_STEERING = (
    *("COCOTB_", "GPI_", "PYGPI_", "PYTHON", "COVERAGE", "YOWASP_", "YOSYS_", "VERILATOR_", "IVERILOG_"),
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "GNUMAKEFLAGS", "SYSTEMC_"),
)
_STEERING_NAMES = frozenset(
    {"GUI", "RANDOM_SEED", "TOPLEVEL_LANG", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"}
)

# Says where, not what: a home that is not writable needs it.
_KEPT = frozenset({"YOWASP_CACHE_DIR"})


def run(
    name: str,
    command: Sequence[str],
    folder: Path,
    log: Path,
    *,
    deadline_s: float = DEADLINE_S,
    environment: Mapping[str, str] | None = None,
    poll: Callable[[], None] = lambda: None,
    logs_itself: bool = False,
) -> None:
    """Run a program to its end, from any thread.

    It and all that it starts are killed when the deadline passes, when `poll` raises, when this process is
    interrupted, when it runs beside a block that has ended, and when this process ends in whatever way.

    Parameters
    ----------
    name
        What messages call it.
    command
        Program and arguments.
    folder
        Its working folder.
    log
        File for its whole output, replaced if it exists.
    deadline_s
        Seconds that it may take.
    environment
        Variables to set, besides those of this process that `clean_environment` lets through.
    poll
        Called about ten times a second while it runs, and once after.
    logs_itself
        The program was told to write `log`; only what it prints besides is added.

    Raises
    ------
    ToolFailed
        It ended with a status other than 0.
    ToolNotFound
        There is no such program.
    InrhwError
        The deadline passed.
    """
    if shutil.which(command[0]) is None:
        raise ToolNotFound(command[0], f"{name} needs it; install it or add its folder to PATH")
    log.write_bytes(b"")
    with log.open("ab") as output, tempfile.TemporaryFile() as printed:
        variables = clean_environment() | dict(environment or {})
        with _started(command, folder, variables, printed if logs_itself else output) as process:
            in_time = _follow(process, time.monotonic() + deadline_s, poll)
        printed.seek(0)
        rest = printed.read()
        if rest and rest not in log.read_bytes():
            output.write(rest)
    if not in_time:
        raise InrhwError(
            f"{name} did not end within its deadline of {deadline_s:g} s and was stopped; give it a longer "
            f"deadline or less work; its log is {log} and ends with:\n{last_lines(log)}"
        )
    if process.returncode != 0:
        raise ToolFailed(name, log, last_lines(log))


def printed_by(command: Sequence[str], deadline_s: float = 60.0) -> str:
    """Return what a program prints, such as its version; "" if it fails."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        with contextlib.suppress(InrhwError):
            run(command[0], command, Path(name), log, deadline_s=deadline_s)
            return log.read_text(errors="replace")
    return ""


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without variables that change what its programs do.

    Files that do not last go where this process puts them: the folder that a variable names may be missing.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not (name.startswith(_STEERING) or name in _STEERING_NAMES)
    }
    return kept | dict.fromkeys(("TMPDIR", "TMP", "TEMP"), tempfile.gettempdir())


def python(code: str) -> tuple[str, ...]:
    """Return the command that runs Python code, which finds the modules that this process does."""
    # Without the working folder: a file in it may be called like a module.
    return sys.executable, "-I", "-c", f"import sys; sys.path[:] = {[*filter(None, sys.path)]}; {code}"


def stages_in(log: Path, stage: re.Pattern[bytes], on_progress: OnProgress) -> Callable[[], None]:
    """Return a `poll` that tells how many lines of a log start like `stage`, and 0 for the unknown total."""
    begun = read = 0

    def poll() -> None:
        nonlocal begun, read
        with log.open("rb") as lines:
            lines.seek(read)
            begun += sum(stage.match(line) is not None for line in lines)
            read = lines.tell()
        on_progress(begun, 0)

    return poll


def last_lines(log: Path) -> str:
    """Return the end of a log, for a message."""
    return "\n".join(log.read_text(errors="replace").rstrip().splitlines()[-10:])


def installed_version(distribution: str) -> str:
    """Return the version of an installed Python distribution, "" if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def own_version() -> str:
    """Return the version of inrhw; in a checkout with its commit, "dirty" where files differ from it."""
    root = Path(__file__).parents[3]
    # Of an installed package git would tell the commit of its user's project.
    git = ("git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*")
    commit = printed_by(git).strip() if (root / ".git").exists() else ""
    return f"{__version__}, commit {commit}" if commit else __version__


@contextlib.contextmanager
def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program that runs; after the block it and all its children are gone."""
    # The guard sees the pipe close even if this process is killed, also between these two lines.
    with subprocess.Popen(
        [*_GUARD, *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            _kill(process)


def _follow(process: subprocess.Popen[bytes], end: float, poll: Callable[[], None]) -> bool:
    """Wait for the program; return whether it ended in time."""
    while process.returncode is None:
        if time.monotonic() > end:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
        beside.check()
        poll()
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the program's group; wait a moment for the last of it, which may still be writing a file."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
