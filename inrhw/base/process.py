"""Run a program of the toolchain: its output in a log, progress while it runs, one clear error after."""

import contextlib
import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from inrhw.base.errors import InrhwError, ToolFailed
from inrhw.base.progress import OnProgress

#: Runs the Python code that follows; -P since a file in the working folder may be called like a module.
PYTHON = (sys.executable, "-P", "-c")


def run_logged(
    name: str,
    command: Sequence[str],
    folder: Path,
    log: Path,
    *,
    stage: re.Pattern[bytes],
    on_progress: OnProgress,
    logs_itself: bool = False,
) -> None:
    """Run a program to its end; kill it when interrupted.

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
    stage
        Lines of the log that start like this are counted as progress.
    on_progress
        Called with that number, and 0 for the unknown total.
    logs_itself
        The program was told to write `log`; only what it prints besides is added.

    Raises
    ------
    ToolFailed
        It ended with a status other than 0.
    """
    log.write_bytes(b"")
    with log.open("ab") as output, tempfile.TemporaryFile() as printed:
        process = _start(command, folder, printed if logs_itself else output)
        try:
            _follow(process, log, stage, on_progress)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        printed.seek(0)
        rest = printed.read()
        if rest not in log.read_bytes():
            output.write(rest)
    if process.returncode != 0:
        last_lines = log.read_text(errors="replace").rstrip().splitlines()[-10:]
        raise ToolFailed(name, log, "\n".join(last_lines))


def installed_version(distribution: str) -> str:
    """Return the version of an installed Python distribution, "" if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _start(command: Sequence[str], folder: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    # A mount that the user chose for another program would hide the working folder from YoWASP tools.
    environment = {name: value for name, value in os.environ.items() if name != "YOWASP_MOUNT"}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _follow(
    process: subprocess.Popen[bytes], log: Path, stage: re.Pattern[bytes], on_progress: OnProgress
) -> None:
    begun = 0
    with log.open("rb") as lines:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
            begun += sum(stage.match(line) is not None for line in lines)
            on_progress(begun, 0)


def run(
    name: str,
    command: Sequence[str],
    folder: Path,
    log: Path,
    deadline_s: float,
    *,
    environment: Mapping[str, str] | None = None,
    poll: Callable[[], None] = lambda: None,
) -> None:
    """Run a program to its end.

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
        Seconds after which it and all its children are killed.
    environment
        Its environment; this process's own if None.
    poll
        Called about ten times a second while it runs.

    Raises
    ------
    ToolFailed
        It ended with a status other than 0.
    InrhwError
        The deadline passed.
    """
    end = time.monotonic() + deadline_s
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                if time.monotonic() > end:
                    raise InrhwError(
                        f"{name} did not end within its deadline of {deadline_s:g} s and was stopped "
                        f"(log: {log}); give it a longer deadline or less work"
                    )
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
                poll()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode != 0:
        raise ToolFailed(name, log, last_lines(log))


def last_lines(log: Path) -> str:
    """Return the end of a log, for a message."""
    return "\n".join(log.read_text(errors="replace").rstrip().splitlines()[-10:])
