"""Every example does what its page says."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.core.registers.control_map import CONTROL_FIELDS, CONTROL_ID, ControlRegister
from inrhw.core.registers.loader_map import Register
from inrhw.core.registers.weight_file import MAGIC

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.name not in ("README.md", "__pycache__"))

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


def run(*command: object, folder: Path = EXAMPLES.parent) -> str:
    """Run a program in the environment of the tests; return what it printed, and fail if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core that the page tells to make, but small and hardly trained."""
    page = (EXAMPLES / "README.md").read_text()
    found = re.search(r"^    inrhw build (.*\\\n.*) -o rtl_out/photo$", page, re.M)
    assert found
    options = (
        found[1].replace("\\\n", " ").replace("--steps 300", "--steps 3").replace("16x12", "6x4").split()
    )
    folder = tmp_path_factory.mktemp("rtl_out") / "photo"
    run(sys.executable, "-m", "inrhw", "build", *options, "-o", folder, "--skip", "synth", "--skip", "verify")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_page_names_every_example(name: str) -> None:
    assert f"]({name})" in (EXAMPLES / "README.md").read_text()


@pytest.mark.parametrize("path", sorted((EXAMPLES / "boards").iterdir()), ids=lambda path: path.name)
def test_boards_are_boards(path: Path) -> None:
    assert load_board(path).name == path.stem


@needs_icarus
@pytest.mark.tools
@pytest.mark.parametrize("around", [(), ("--top", EXAMPLES / "verilog_top" / "negative.v")])
def test_a_bench_of_ones_own_takes_a_frame(core: Path, around: tuple[object, ...]) -> None:
    printed = run(sys.executable, EXAMPLES / "own_bench" / "run.py", core, *around)
    assert "frame of 4 lines is right" in printed


@needs_icarus
@pytest.mark.tools
@pytest.mark.skipif(
    find_spec("litex") is None, reason="LiteX is not installed: pip install 'inrhw[examples]'"
)
def test_a_soc_of_litex_takes_frames_into_its_memory(core: Path) -> None:
    assert "two frames of 24 pixels are right" in run(sys.executable, EXAMPLES / "litex" / "soc.py", core)


@pytest.mark.tools
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_c_compiles_without_a_warning_and_loads_the_weights(core: Path) -> None:
    printed = run("make", "-C", EXAMPLES / "bare_metal", f"CORE={core}")
    assert printed.count("a frame is done") == 2


@pytest.mark.tools
def test_a_second_picture_becomes_weights_for_the_core(core: Path, tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)).save(tmp_path / "b.png")
    run("sh", EXAMPLES / "second_picture.sh", core, tmp_path / "b.png")
    other = (core.parent / "photo-other" / "other.weights").read_bytes()
    own = (core / "photo.weights").read_bytes()
    assert len(other) == len(own)
    assert other != own


class Board:
    """The registers of a core that finishes every frame at once, and a DMA that counts up."""

    def __init__(self, size: int) -> None:
        self.words: dict[int, int] = {
            Register.ID: MAGIC,
            ControlRegister.ID: CONTROL_ID,
            ControlRegister.SIZE: size,
        }
        self.started = 0

    def read(self, address: int) -> int:
        return self.words.get(address, 0)

    def write(self, address: int, value: int) -> None:
        start = CONTROL_FIELDS[ControlRegister.CONTROL]["start"].mask
        self.started += address == ControlRegister.CONTROL and value & start > 0
        self.words[address] = value & ~start if address == ControlRegister.CONTROL else 0

    def transfer(self, array: Any) -> None:
        array[...] = np.arange(array.size, dtype=np.uint8).reshape(array.shape)

    def wait(self) -> None:
        assert self.started == 1


@pytest.mark.tools
def test_pynq_gets_a_frame_in_the_order_of_colours(core: Path) -> None:
    spec = spec_from_file_location("pynq_show", EXAMPLES / "pynq_show.py")
    assert spec and spec.loader
    pynq_show = module_from_spec(spec)
    spec.loader.exec_module(pynq_show)
    manifest = Manifest.load(core)
    board = Board(manifest.width | manifest.height << 16)
    frame = pynq_show.frame(core, board.read, board.write, board, np.empty)
    assert frame.shape == (4, 6, 3)
    # The golden picture's colours in the order of m_axis are the bytes that the DMA wrote.
    assert frame[..., list(manifest.tdata_order)].ravel().tolist() == list(range(72))


@pytest.mark.tools
def test_an_activation_of_ones_own_becomes_verilog(tmp_path: Path) -> None:
    options = ("--size", "4x3", "--hidden-features", "3", "--hidden-layers", "0", "--steps", "3")
    command = (sys.executable, EXAMPLES / "own_activation.py", "build", *options, "--model", "lorentz")
    run(*command, "-o", "lor", "--skip", "synth", "--skip", "verify", folder=tmp_path)
    assert "lorentz" in (tmp_path / "lor" / "lor.v").read_text()


@pytest.mark.tools
def test_a_report_is_read_and_has_limits(finished: Path) -> None:
    read = (sys.executable, EXAMPLES / "read_report.py", finished)
    assert "verdict pass" in run(*read, "--most", "lut=100000")
    with pytest.raises(AssertionError, match=r"lut is .*, more than 1"):
        run(*read, "--most", "lut=1")


@pytest.mark.tools
@pytest.mark.parametrize(
    ("name", "smaller"),
    [
        ("video", ("--size", "8x6x4", "--tiles", "4x4x2", "--batch", "32")),
        ("full_hd", ("--size", "24x16", "--tiles", "8x8", "--batch", "128")),
        ("wide", ("--size", "8x8", "--hidden-features", "8")),
    ],
)
def test_a_showpiece_is_built_by_one_command(name: str, smaller: tuple[str, ...], tmp_path: Path) -> None:
    script = EXAMPLES / "showpieces" / f"{name}.sh"
    run("sh", script, tmp_path / name, *smaller, "--steps", "3", "--skip", "synth", "--skip", "verify")
    assert Manifest.load(tmp_path / name).folding


@pytest.mark.tools
@pytest.mark.slow
def test_the_showpiece_for_a_monitor_becomes_a_bitstream(tmp_path: Path) -> None:
    smaller = ("--size", "64x48", "--tiles", "16x16", "--hidden-features", "4", "--batch", "768")
    options = ("--steps", "3", "--skip", "synth", "--skip", "verify")
    run("sh", EXAMPLES / "showpieces" / "hdmi.sh", tmp_path / "hdmi", *smaller, *options)
    assert (tmp_path / "hdmi" / "hdmi_ulx3s.bit").stat().st_size > 0
