"""A whole core with a window: from admission to the bench."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cores import Run, assert_frames, core, folded, frame, sometimes

from inrhw.artifact.artifact import Artifact, emit
from inrhw.base.errors import InputError
from inrhw.core.core import Core
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.signals.window import Window
from inrhw.verification.bench import MOVE_TEST, TESTS, run_bench
from inrhw.verification.simulator.simulation import available

QUICK = "icarus" if available("icarus") else "verilator"


def movable(width: int = 4, height: int = 3, model: str = "quadinr") -> Core:
    made = core("raster", model, width, height)
    return Core(made.graph, made.grid, window=True)


def of_window(made: Core, window: Window) -> list[list[int]]:
    return [list(pixel) for pixel in made.in_window(window).tolist()]


def test_at_first_it_is_the_ordinary_core_at_the_same_times() -> None:
    made = movable()
    assert made.latency == core("raster").latency
    assert Run(made, 80).start().out == Run(core("raster"), 80).start().out
    assert_frames(made, Run(made, 80, ready=sometimes(0.5, 1)).start().beats, 20)


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("size", [(4, 3), (1, 1), (5, 1)])
def test_every_frame_is_of_one_window_and_the_last_is_shown(size: tuple[int, int], share: float) -> None:
    made = movable(*size)
    source = made.window_source
    assert source is not None
    windows = [Window.around(made.grid, 0.3, 0.1, zoom=zoom) for zoom in (3, 0.4, 1.5)]
    run = Run(made, 5 * source.pause, ready=sometimes(share, 2))
    clock = 0

    def watch(ctx: Any) -> None:
        nonlocal clock
        clock += 1
        window = windows[min(2, clock // (source.pause + 20))]
        for axis in ("x", "y", "step"):
            ctx.set(getattr(run.top, f"window_{axis}"), getattr(window, axis))

    run.watch = watch
    run.start()
    pixels = made.grid.width * made.grid.height
    golden = [frame_of(made, window) for window in [*windows, source.numbers.whole]]
    frames = [run.beats[k : k + pixels] for k in range(0, len(run.beats) - pixels + 1, pixels)]
    assert all(got in golden for got in frames)
    assert frames[-1] == golden[2]
    assert golden[0] in frames


def frame_of(made: Core, window: Window) -> list[tuple[int, int, int]]:
    """Return the beats of a frame in a window: `frame` with other pixels."""
    rows = of_window(made, window)
    order = made.beat.channel_order
    data = [sum(row[c] << 8 * k for k, c in enumerate(order)) for row in rows]
    return [(value, user, last) for value, (_, user, last) in zip(data, frame(made), strict=True)]


@pytest.mark.parametrize("bits", [12, 4])  # of so few no pixel's sum has a half that rounds
@pytest.mark.parametrize("model", ["quadinr", "siren", "incode", "relu_pe"])
def test_the_torch_model_says_the_same_between_the_pixels_and_beyond(model: str, bits: int) -> None:
    precision = Precision(first_weight_bits=bits)
    architecture = Architecture(model, (9, 6), 3, hidden_features=4, hidden_layers=1, precision=precision)
    net = INR(architecture).quantized()
    made = Core(lower(net), architecture.grid, window=True)
    source = made.window_source
    assert source is not None
    lowest = Window(source.numbers.position.lo, source.numbers.position.lo, source.numbers.step.hi)
    for window in (lowest, Window.around(made.grid, 1, 2, zoom=3), Window.around(made.grid, 5, 0, zoom=0.7)):
        assert net.render_window(window).reshape(-1, 3).tolist() == of_window(made, window)


def test_cores_that_cannot_have_a_window_are_refused() -> None:
    stream, rom, gauss = core("stream"), folded("raster", "rom"), core("raster", "gauss")
    with pytest.raises(InputError, match="a window needs the raster source"):
        Core(stream.graph, stream.grid, "stream", window=True)
    with pytest.raises(InputError, match="a window needs baked weights"):
        Core(rom.graph, rom.grid, window=True)
    with pytest.raises(InputError, match="a window needs a periodic activation"):
        Core(gauss.graph, gauss.grid, window=True)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    made = movable(7, 5)
    return emit(made.graph, made.grid, tmp_path_factory.mktemp("window"), "core", window=True)


def test_the_manifest_the_vectors_and_the_header_tell_of_the_window(artifact: Artifact) -> None:
    source = artifact.core.window_source
    assert source is not None
    found = json.loads(artifact.manifest.read_text())["window"]
    assert found == {
        "frac": 8,
        "position_bits": 14,
        "step_bits": 11,
        "whole": [-6 << 8, -4 << 8, 2 << 8],
        "pause": source.pause,
    }
    with np.load(artifact.vectors) as vectors:
        assert vectors["windows"].shape == (3 + 16, 3)
        for number in range(2):  # x and y see every bit both ways
            assert np.bitwise_or.reduce(vectors["windows"][:, number]) == -1
            assert np.bitwise_and.reduce(vectors["windows"][:, number]) == 0
        for window, pixels in zip(vectors["windows"].tolist(), vectors["window_pixels"], strict=True):
            assert pixels.tolist() == of_window(artifact.core, Window(*window))
            assert (pixels != vectors["pixels"]).any()
    text = artifact.verilog.read_text()
    assert "x = -1536, y = -1024, step = 512 show the picture as it is" in text
    ports = text[text.index("module core(") :].split(";")[0]
    assert ports.endswith("m_axis_tlast, window_x, window_y, window_step)")


def bench(artifact: Artifact, folder: Path, **options: Any) -> dict[str, str]:
    results = run_bench(QUICK, [artifact.verilog], artifact.folder, folder, **options)
    return {result.name: result.message for result in results}


@pytest.mark.tools
def test_the_bench_moves_the_window_of_the_verilog(artifact: Artifact) -> None:
    assert bench(artifact, artifact.folder / "work") == dict.fromkeys([*TESTS, MOVE_TEST], "")


@pytest.mark.tools
def test_the_bench_moves_the_window_by_registers_too(tmp_path: Path) -> None:
    made = movable(7, 5)
    artifact = emit(made.graph, made.grid, tmp_path / "core", "core", control=True, window=True)
    for seed in range(4):  # a reset comes with any window, and a window soon after a reset
        assert bench(artifact, tmp_path / "work", tests=[MOVE_TEST], seed=seed) == {MOVE_TEST: ""}


@pytest.mark.tools
def test_a_wrong_pixel_of_one_window_is_found(artifact: Artifact, tmp_path: Path) -> None:
    wrong = replace(artifact, folder=tmp_path)
    for name in ("verilog", "manifest"):
        shutil.copy(getattr(artifact, name), getattr(wrong, name))
    vectors = dict(np.load(artifact.vectors))
    vectors["window_pixels"][1, -1, 0] ^= 1
    np.savez(wrong.vectors, **vectors)
    # The Verilog is the same, and so is its model.
    message = bench(wrong, artifact.folder / "work", tests=[MOVE_TEST])[MOVE_TEST]
    assert "x 6, y 4" in message
    assert "channel 0" in message


@pytest.mark.tools
def test_a_window_that_is_taken_at_once_is_found(artifact: Artifact, tmp_path: Path) -> None:
    """In the Verilog: a move may begin at any vector, not only at the first of a frame."""
    text = artifact.verilog.read_text()
    wrong = text.replace("assign next_is_first = ", "assign next_is_first = 1'h1; // ")
    assert wrong != text
    (tmp_path / "core.v").write_text(wrong)
    results = run_bench(QUICK, [tmp_path / "core.v"], artifact.folder, tmp_path / "work", tests=[MOVE_TEST])
    assert not results[0].passed
