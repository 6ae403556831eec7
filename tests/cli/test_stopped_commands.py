"""Told to end, a command ends what it started, says so in one sentence, and leaves what was there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import Inrhw, contents

from inrhw.networks.training import descent

#: Runs the command line with a Yosys that starts another program and never ends.
SLOW_YOSYS = """
from inrhw.base import yosys
from inrhw.cli.app import main

script = "echo $$ >> pids; sleep 600 & echo $! >> pids; mv pids begun; wait"
slow = yosys._Yosys("slow", ("sh", "-c", script), yosys.share_folder(), logs_itself=False)
yosys._find = lambda: slow
main()
"""


def pids(folder: Path) -> list[int]:
    """Return the numbers of what the slow Yosys is, wherever it works, once it runs."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if found := list(folder.rglob("begun")):
            return [int(pid) for pid in found[0].read_text().split()]
        time.sleep(0.05)
    raise AssertionError("Yosys was not started")


def gone(pid: int) -> bool:
    """Return whether a process ended, at the latest in a moment."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X"):
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGTERM, "stopped by SIGTERM"),
        (signal.SIGHUP, "stopped by SIGHUP"),
        (signal.SIGINT, "interrupted"),
    ],
)
def test_a_stopped_synthesis_ends_its_programs(built: Path, number: signal.Signals, how: str) -> None:
    def kept() -> dict[str, bytes]:
        return {name: data for name, data in contents(built).items() if not name.endswith(".log")}

    before = kept()
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_YOSYS, "synth", str(built), "--board", "arty_a7"],
        env=os.environ | path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = pids(built)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert said == f"inrhw: {how}; the same command continues after the last finished stage\n"
    assert all(map(gone, started))
    assert kept() == before


def test_a_command_without_stages_is_stopped_in_one_sentence_too(
    inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("inrhw.cli.commands.boards.known_boards", stop)
    result = inrhw_("boards")
    assert result.status == 143
    assert result.err == "inrhw: stopped by SIGTERM; nothing was left half-written\n"


def test_only_training_that_is_stopped_is_resumed(inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("fit", "-o", "out", "--size", "4x4", "--hidden-features", "2", "--steps", "3")
    with monkeypatch.context() as stopped:
        stopped.setattr(descent, "descend", lambda *_: signal.raise_signal(signal.SIGTERM))
        result = inrhw_(*options)
    assert result.status == 143
    assert result.err == "inrhw: stopped by SIGTERM; the same command with --resume continues the training\n"
    assert inrhw_(*options, "--resume").status == 0
