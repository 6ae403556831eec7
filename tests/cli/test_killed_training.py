"""What was trained outlives a kill, and a disk that is full."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import Inrhw

OPTIONS = ("--size", "4x3", "--hidden-features", "3", "--hidden-layers", "0", "--steps", "30")

#: Runs the command line; every step is slow and leaves a checkpoint, and after STEP steps nothing comes.
SLOW = """
import sys, time
from inrhw.networks.training import descent
from inrhw.cli.app import main

last, taken, descent.CHECKPOINT_S = int(sys.argv.pop(1)), 0, 0
descend = descent.descend

def slowly(*arguments):
    global taken
    for step in descend(*arguments):
        yield step
        taken += 1
        if taken == last:
            open("stuck", "w").close()
            time.sleep(600)

descent.descend = slowly
main()
"""


@pytest.mark.parametrize("step", [1, 33])
def test_training_that_was_killed_goes_on_to_the_same_weights(
    inrhw_: Inrhw, tmp_path: Path, step: int
) -> None:
    assert inrhw_("fit", "-o", "whole", *OPTIONS).status == 0
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    command = [sys.executable, "-c", SLOW, str(step), "fit", "-o", "parts", *OPTIONS]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as training:
        end = time.monotonic() + 120
        while not (tmp_path / "stuck").exists() and time.monotonic() < end:
            assert training.poll() is None
            time.sleep(0.02)
        training.send_signal(signal.SIGKILL)
    assert training.returncode == -signal.SIGKILL
    parts = tmp_path / "parts"
    assert [path.name for path in parts.iterdir()] == ["checkpoint.safetensors"]
    assert inrhw_("fit", "-o", "parts", *OPTIONS, "--resume").status == 0
    whole = (tmp_path / "whole" / "weights.safetensors").read_bytes()
    assert (parts / "weights.safetensors").read_bytes() == whole
    assert not (parts / "checkpoint.safetensors").exists()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Let nothing but the checkpoint be written into the folder `out`."""
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if (tmp_path / "out") in self.absolute().parents and "checkpoint" not in self.name:
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return monkeypatch


def test_what_was_trained_for_a_full_disk_is_kept_twice(
    inrhw_: Inrhw, tmp_path: Path, full_disk: pytest.MonkeyPatch
) -> None:
    result = inrhw_("fit", "-o", "out", *OPTIONS)
    assert result.status == 1
    found = re.fullmatch(
        r"inrhw: \S+ cannot be written \(No space left on device\); change that or take another folder; "
        r"what was trained is in (\S+), and `inrhw emit` goes on from there\n",
        result.err,
    )
    assert found, result.err
    full_disk.undo()
    full_disk.chdir(tmp_path)
    assert inrhw_("emit", found[1]).status == 0
    assert inrhw_("fit", "-o", "out", *OPTIONS, "--resume").status == 0
    weights = [Path(found[1]) / "weights.safetensors", tmp_path / "out" / "weights.safetensors"]
    assert weights[0].read_bytes() == weights[1].read_bytes()
