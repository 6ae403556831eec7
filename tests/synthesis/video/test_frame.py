"""The Verilog that goes onto a board, at its pins, over a whole frame of 640x480."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.builds import Build
from support.places import VERILOG
from support.tmds_decoder import BYTES, CONTROLS, symbols
from support.video_frame import expected_frame

from inrhw.artifact.artifact import verilog_of
from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.synthesis.bitstream import show_of
from inrhw.synthesis.video.edges import EDGES
from inrhw.synthesis.video.mode import VGA_640X480
from inrhw.verification.simulator.run import run_tests
from inrhw.verification.simulator.simulation import build

# Compiles a core and runs it for 19 ms of its time.
pytestmark = pytest.mark.slow

DEADLINE_S = 300.0
#: Vertical blanking, a frame and the lines up to its vsync, with some to spare.
NS = (45 + 480 + 10 + 55) * 800 * 40


def simulated(folder: Path, board_name: str, channels: int, wish: Hardware) -> tuple[str, NDArray[np.int64]]:
    """Return what came out of the pins, in hexadecimal, and the frame that they must show."""
    rng = np.random.default_rng(0)
    picture = Picture("odd", rng.integers(0, 256, (23, 36, channels), dtype=np.uint8))
    work = Build(folder)
    work.fit(picture, Architecture("quadinr", (36, 23), channels, 3, 1), Training(steps=3))
    board = load_board(board_name)
    work.emit("raster", wish, board)
    manifest = Manifest.load(folder)
    show = show_of(manifest)
    top = f"{manifest.name}_{board.name}"
    around = folder / f"{top}.v"
    around.write_text(verilog_of(EDGES[board.video](show, board.clock_mhz), top, folder))
    harness = VERILOG / "video.v"
    sources = [harness, around, folder / manifest.verilog]
    defines = {board.video.upper(): top}
    simulation = build(
        "verilator",
        sources,
        "video_harness",
        folder / "sim",
        defines=defines,
        deadline_s=DEADLINE_S,
        long=True,
    )
    settings = {"VIDEO_NS": str(NS)}
    (result,) = run_tests(
        simulation, "support.video_bench", ["run"], folder / "sim", DEADLINE_S, settings=settings
    )
    assert result.passed, result.message
    with np.load(folder / "vectors.npz") as vectors:
        pixels = vectors["pixels"].reshape(23, 36, channels)
    return (folder / "sim" / "video.txt").read_text(), expected_frame(show.placement, pixels)


def whole_frame(seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last whole frame of what was seen, pixel by pixel, [525, 800, 6]."""
    mode = VGA_640X480
    (falls,) = np.nonzero((seen[1:, 5] == 0) & (seen[:-1, 5] == 1))
    # Vertical sync begins with the line that many lines after what can be seen.
    start = int(falls[-1]) + 1 - (mode.height + mode.v_front) * mode.h_total
    size = mode.h_total * mode.v_total
    start -= size if start + size > len(seen) else 0
    assert start >= 0
    return seen[start : start + size].reshape(mode.v_total, mode.h_total, 6)


@pytest.mark.parametrize(
    ("channels", "wish"),
    [(3, Hardware()), (1, Hardware(weights="rom", initiation_interval=4))],
    ids=["baked", "folded"],
)
def test_a_monitor_at_the_ulx3s_sees_the_golden_picture(
    tmp_path: Path, channels: int, wish: Hardware
) -> None:
    text, expected = simulated(tmp_path / "core", "ulx3s", channels, wish)
    raw = np.frombuffer(text.encode(), np.uint8)
    nibbles = np.where(raw >= ord("a"), raw - ord("a") + 10, raw - ord("0")).astype(np.uint8)
    lanes = [symbols(nibbles >> lane & 1, nibbles >> 3) for lane in range(3)]
    blue = CONTROLS[lanes[0]]
    seen = np.stack(
        [
            *(np.where(blue < 0, BYTES[lanes[lane]], 0) for lane in (2, 1, 0)),
            blue < 0,
            # Where there are pixels, neither sync has a pulse.
            np.where(blue < 0, 1, blue & 1),
            np.where(blue < 0, 1, blue >> 1),
        ],
        axis=1,
    ).astype(np.int64)
    assert (whole_frame(seen) == expected).all()


def test_the_chip_at_the_icebreaker_gets_the_golden_picture_in_four_bits(tmp_path: Path) -> None:
    text, expected = simulated(tmp_path / "core", "icebreaker", 3, Hardware())
    words = np.array([int(text[k : k + 4], 16) for k in range(0, len(text) - 3, 4)])
    colours = [words >> shift & 15 for shift in (12, 8, 4)]
    flags = [words >> bit & 1 for bit in range(3)]
    expected[..., :3] >>= 4
    assert (whole_frame(np.stack([*colours, *flags], axis=1)) == expected).all()
