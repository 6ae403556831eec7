"""The driver, in a thread of its own, on the circuit of a core."""

import queue
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from support.bank_cores import core as core_of_many
from support.bank_cores import frames, of_five_sizes
from support.behind_axi import Master
from support.cores import core, folded, frame
from support.driven import Driven

from inrhw.artifact.artifact import emit
from inrhw.artifact.description import describe
from inrhw.artifact.driver import CoreDriver
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.errors import InputError, InrhwError
from inrhw.core.core import Core, core_over
from inrhw.core.registers.axi_lite import OKAY
from inrhw.core.registers.weight_file import tile_file, weights_file
from inrhw.lowering.folding import Fold, Folding
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.signals.window import Window

Story = Callable[[CoreDriver, list[Any]], None]


def drive(made: Core, folder: Path, story: Story) -> None:
    """Run a story with a driver of a core and the list of beats that it has put out so far."""
    top = made.component()
    (folder / "manifest.json").write_bytes(describe(made, "core", top).to_bytes())
    requests: queue.Queue[tuple[int, int | None] | None] = queue.Queue()
    answers: queue.Queue[int] = queue.Queue()
    failed: list[BaseException] = []
    driven: Any = None

    def ask(address: int, value: int | None = None) -> int:
        requests.put((address, value))
        return answers.get(timeout=60)

    def tell(address: int, value: int) -> None:
        ask(address, value)

    def run() -> None:
        try:
            story(CoreDriver(folder, ask, tell), driven.beats)
        except BaseException as error:
            failed.append(error)
        finally:
            requests.put(None)

    async def bench(ctx: Any) -> None:
        nonlocal driven
        driven = Driven(ctx, top)
        master = Master(ctx, top, driven.tick)
        threading.Thread(target=run, daemon=True).start()
        while request := requests.get(timeout=60):
            address, value = request
            if value is None:
                found, response = await master.read(address)
            else:
                found, response = 0, await master.write(address, value)
            assert response == OKAY, hex(address)
            answers.put(found)

    simulator = Simulator(top)
    simulator.add_testbench(bench)
    simulator.run()
    if failed:
        raise failed[0]


def test_single_frames_are_started_waited_for_and_counted(tmp_path: Path) -> None:
    made = replace(core("raster"), control=True)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        assert driver.size == (4, 3)
        assert driver.running
        assert driver.continuous
        driver.continuous = False
        while driver.status["busy"] or not driver.status["waiting"]:
            pass
        driver.clear()
        for n in range(1, 4):
            before = len(beats)
            driver.start()
            driver.wait()
            assert beats[before:] == frame(made)
            assert (driver.counts["frames"], driver.counts["pixels"]) == (n, 12 * n)
        driver.running = False
        assert not driver.running
        assert not driver.continuous
        driver.start()
        with pytest.raises(InputError, match="counts no errors"):
            _ = driver.errors
        with pytest.raises(InrhwError, match=r"after 0\.01 s the frame that was asked for is not done"):
            driver.wait(0.01)

    drive(made, tmp_path, story)


def test_errors_are_counted_where_memories_are_repaired(tmp_path: Path) -> None:
    made = replace(folded("raster", "loadable", weight_ecc="scrub"), control=True)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        driver.alarms = True
        driver.start()
        driver.wait()
        assert beats[:12] == frame(made)
        assert driver.alarms
        assert driver.errors == {"corrected": 0, "uncorrected": 0}
        assert not driver.status["uncorrected"]

    drive(made, tmp_path, story)


def test_a_file_is_loaded_and_a_damaged_one_is_refused_with_its_reason(tmp_path: Path) -> None:
    made = replace(folded("raster", "loadable"), control=True)
    other = replace(made, graph=made.other.graph)
    file = weights_file(other.memories)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        driver.load(file)
        picture, count = frame(other), 12
        while len(beats) < 8 * count:
            assert driver.running
        last = len(beats) // count * count
        assert beats[last - count : last] == picture
        with pytest.raises(InputError, match="refuses the file: wrong checksum"):
            driver.load(file[:-4] + bytes(4))
        with pytest.raises(InputError, match="is damaged"):
            driver.load(file[:-8])

    drive(made, tmp_path, story)


def in_tiles(weights: str, *, window: bool = False) -> Core:
    """Return a core of four tiles."""
    model = TiledINR(TiledArchitecture("quadinr", (4, 3), 3, 2, 0, tile=(2, 2))).quantized()
    graph = graph_of([model], Folding((Fold(2, 2), Fold(1, 2)), weights), 2, window=window)
    return core_over(graph, grid_of([model]), control=True, window=window)


def test_a_tile_is_loaded_into_the_picture_and_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    made = in_tiles("loadable")
    assert made.tiling
    file = tile_file(made.other.memories, 2)
    tile = (made.tiling.numbers() == 2)[:, None]
    golden = np.where(tile, made.other.golden()[0], made.golden()[0])
    words = [g | b << 8 | r << 16 for r, g, b in golden.tolist()]

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        driver.load(file)
        while len(beats) < 8 * len(words):
            assert driver.running
        last = len(beats) // len(words) * len(words)
        assert [beat[0] for beat in beats[last - len(words) : last]] == words
        beyond = file[:12] + struct.pack("<I", 4) + file[16:]
        with pytest.raises(InputError, match="refuses the file: wrong tile"):
            driver.load(beyond)

    drive(made, tmp_path, story)


@pytest.mark.parametrize("weights", ["baked", "rom", "loadable"])
def test_a_window_is_set_as_a_whole(weights: str, tmp_path: Path) -> None:
    baked = replace(core("raster"), control=True, window=True)
    made = baked if weights == "baked" else in_tiles(weights, window=True)
    source = made.window_source
    assert source is not None
    window = Window.around(made.grid, zoom=2)
    shown = made.in_window(window).tolist()

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        assert driver.window == source.numbers.whole
        driver.continuous = False
        while not driver.status["waiting"] or driver.status["busy"]:
            pass
        driver.window = window
        assert driver.window == window
        limits = {
            name: (form.lo, form.hi)
            for name, form in (
                ("x", source.numbers.position),
                ("y", source.numbers.position),
                ("step", source.numbers.step),
            )
        }
        for name, (lo, hi) in limits.items():
            for value in (lo - 1, hi + 1):
                with pytest.raises(InputError, match=f"{name} of the window must be from {lo} to {hi}"):
                    driver.window = replace(source.numbers.whole, **{name: value})
        assert driver.window == window
        before = len(beats)
        driver.start()
        driver.wait()
        pixels = [[data >> 8 * k & 255 for k in (2, 0, 1)] for data, _, _ in beats[before:]]
        assert pixels == shown

    drive(made, tmp_path, story)


def test_a_picture_is_chosen_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    made = core_of_many("raster", 3)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        driver.picture = 2
        assert driver.picture == 2
        with pytest.raises(InputError, match="picture must be from 0 to 2, not 3"):
            driver.picture = 3
        with pytest.raises(InputError, match="no control registers; it has pictures"):
            driver.start()

    drive(made, tmp_path, story)


@pytest.mark.parametrize("continuous", [False, True])
def test_the_frame_waited_for_began_after_its_start(tmp_path: Path, continuous: bool) -> None:
    """So it shows the picture that was chosen before, whole; those under way then show the one before."""
    made = replace(core_of_many("raster", 3), control=True)
    pictures = frames(made)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        driver.continuous = continuous
        for picture in (1, 2, 0):
            driver.start()  # not waited for
            driver.picture = picture
            driver.start()
            driver.wait()
            last = len(beats) // made.grid.pixels * made.grid.pixels
            assert beats[last - made.grid.pixels : last] == [beat[:3] for beat in pictures[picture]]

    drive(made, tmp_path, story)


def test_the_size_follows_the_picture(tmp_path: Path) -> None:
    made = replace(of_five_sizes(), control=True)

    def story(driver: CoreDriver, beats: list[Any]) -> None:
        assert driver.sizes == [(4, 1), (1, 1), (3, 4), (1, 4), (4, 3)]
        driver.continuous = False
        while driver.status["busy"] or not driver.status["waiting"]:
            pass
        for picture in (1, 2, 3):
            width, height = driver.sizes[picture]
            driver.picture = picture
            before = len(beats)
            driver.clear()
            driver.start()
            driver.wait()
            assert driver.size == (width, height)
            assert driver.counts["frames"] == 1
            assert driver.counts["pixels"] == len(beats) - before == width * height

    drive(made, tmp_path, story)


def test_a_core_without_registers_or_another_one_is_refused(tmp_path: Path) -> None:
    made = core("raster")
    emit(made.graph, made.grid, tmp_path / "bare", "bare")
    with pytest.raises(InputError, match="emit it with --control"):
        CoreDriver(tmp_path / "bare", lambda address: 0, lambda address, value: None)
    emit(made.graph, made.grid, tmp_path / "core", "core", control=True)
    with pytest.raises(InputError, match="at 0x40 the bus gives 0xdeadbeef, not the core"):
        CoreDriver(tmp_path / "core", lambda address: 0xDEADBEEF, lambda address, value: None)
