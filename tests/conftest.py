"""What every test shares."""

import gc
import shutil
import sys
from pathlib import Path
from signal import SIG_DFL, SIGHUP, SIGINT, SIGTERM, default_int_handler, signal

import numpy as np
import pytest
import torch
from hypothesis import settings
from support.builds import Build
from support.command import Inrhw, Result

from inrhw.base.board import load_board
from inrhw.cli.app import main
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture

# For the simulator's process alone: it needs cocotbext-axi.
collect_ignore = ["support/axi_masters.py"]

# No deadline: a busy machine must not fail a test. The same examples in every run: a red test stays red.
settings.register_profile("inrhw", deadline=None, derandomize=True)
settings.load_profile("inrhw")
torch.set_num_threads(1)

# What runs tests in the background ignores some signals, and programs inherit that.
signal(SIGINT, default_int_handler)
signal(SIGHUP, SIG_DFL)
signal(SIGTERM, SIG_DFL)


def pytest_collection_finish() -> None:
    """What is loaded stays: looking through it again and again took a twentieth of the time."""
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A finished build is made by tools, so what looks at one waits for them."""
    for item in items:
        if isinstance(item, pytest.Function) and "finished" in item.fixturenames:
            item.add_marker(pytest.mark.tools)


@pytest.fixture
def picture() -> Picture:
    """A colour picture of an awkward size."""
    return Picture("tiny", np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8))


@pytest.fixture
def architecture() -> Architecture:
    """A network for `picture`."""
    return Architecture("quadinr", (5, 4), 3, hidden_features=4, hidden_layers=1)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished build of the smallest core that has everything; copy it before changing it."""
    folder = tmp_path_factory.mktemp("finished") / "tiny"
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    work = Build(folder, command="inrhw build")
    work.fit(Picture("tiny", values), Architecture("quadinr", (5, 4), 3, 3, 0), Training(steps=3))
    work.emit("raster")
    work.synth(load_board("vcu128"))
    work.power()
    assert work.verify()
    work.report()
    return folder


@pytest.fixture
def built(finished: Path, tmp_path: Path) -> Path:
    """A copy of `finished` that a test may change; what simulators built goes along."""
    return Path(shutil.copytree(finished, tmp_path / "tiny"))


@pytest.fixture
def inrhw_(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Inrhw:
    """Run the command line as `inrhw ARGUMENTS` would, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["inrhw", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return run
