"""Runs of the command line: what they left, and what is expected of a refusal."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What a run of the command line left on the terminal."""

    status: int
    out: str
    err: str


Inrhw = Callable[..., Result]


def refused(result: Result, message: str = "") -> None:
    """Check for one sentence that matches `message`, and status 1."""
    assert result.status == 1, result
    assert result.err.startswith("inrhw: "), result
    assert result.err.count("\n") == 1, result
    assert "Traceback" not in result.out
    assert re.search(message, result.err), result


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, what simulators built aside."""
    files = (path for path in folder.rglob("*") if path.is_file() and "build" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
