"""Run a program with a deadline; nothing of it is left when it is over."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inrhw.errors import InrhwError, ToolFailed


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
