from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from inrhw.base.errors import InputError
from inrhw.base.types import Codes
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.leaf_raster import LeafRaster
from inrhw.core.sources.tiled_raster import TiledRaster
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.signals.grid import Grid

EXAMPLES: list[FoldedRaster] = [*FoldedRaster.examples(), *TiledRaster.examples(), *LeafRaster.examples()]
SOURCES = [pytest.param(source, id=f"{type(source).__name__}{k}") for k, source in enumerate(EXAMPLES)]


def expected(source: FoldedRaster, n: int) -> list[tuple[int, bool, bool, bool]]:
    """Return bank, start of scan, start of frame and end of line of each of `n` vectors of a scan."""
    found: list[tuple[int, bool, bool, bool]] = []
    for bank, _ in source.frames(n):
        own = source.grids[bank % len(source.grids)]
        grid = source.tiling.whole if isinstance(source, TiledRaster) else own
        width, pixels = grid.width, grid.width * grid.height
        found += [(bank, k == 0, k % pixels == 0, k % width == width - 1) for k in range(grid.pixels)]
    return found[:n]


def run(
    source: FoldedRaster, n: int, *, gaps: bool, reset_after: int = -1
) -> tuple[Codes, list[Any], set[int]]:
    """Return `n` vectors, (start of frame, end of line) of each, and the latencies seen."""
    rng = np.random.default_rng(0)
    top = Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.raster = raster = source.component()
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    beats: list[list[int]] = []
    flags: list[Any] = []
    asked: list[int] = []
    left: list[int] = []
    scan = expected(source, n + 9)

    async def bench(ctx: Any) -> None:
        nonlocal reset_after
        cycle = rest = 0
        while len(beats) < n * source.o.beats:
            if len(asked) == reset_after:
                ctx.set(sync.rst, 1)
                await ctx.tick()
                ctx.set(sync.rst, 0)
                for record in (beats, flags, asked, left):
                    record.clear()
                reset_after, rest = -1, 0
            advance = rest == 0 and not (gaps and rng.random() < 0.4)
            rest = source.o.beats - 1 if advance else max(0, rest - 1)
            ctx.set(raster.advance, advance)
            bank, first, *_ = scan[len(asked)]
            if source.told_banks > 1:
                ctx.set(raster.bank, bank if advance else int(rng.integers(source.o.banks)))
            if advance:
                assert ctx.get(raster.next_is_first) == first
                asked.append(cycle)
            if ctx.get(raster.o.valid):
                if len(beats) % source.o.beats == 0:
                    left.append(cycle)
                    flags.append((ctx.get(raster.start_of_frame), ctx.get(raster.end_of_line)))
                beats.append([ctx.get(raster.o.payload[k]) for k in range(source.o.lanes)])
            await ctx.tick()
            cycle += 1

    simulator.add_testbench(bench)
    simulator.run()
    vectors = np.array(beats, np.int64).reshape(n, source.o.beats, source.o.lanes)
    return source.o.from_beats(vectors), flags, set(np.subtract(left, asked[:n]).tolist())


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("gaps", [False, True])
def test_two_frames_and_more_equal_the_layer(source: FoldedRaster, gaps: bool) -> None:
    frames = [source.pixels] if isinstance(source, TiledRaster) else [grid.pixels for grid in source.grids]
    n = 2 * max(frames) + 3
    got, flags, latencies = run(source, n, gaps=gaps)
    assert (got == np.concatenate([frame for _, frame in source.frames(n)])).all()
    assert latencies == {source.latency}
    assert flags == [(first, last) for _, _, first, last in expected(source, n)]


def test_a_reset_starts_the_frame_again() -> None:
    for source in EXAMPLES:
        if source.pixels > 13 * source.o.banks or isinstance(source, TiledRaster):
            got, _, _ = run(source, 16, gaps=False, reset_after=13)
            assert (got == np.concatenate([frame for _, frame in source.frames(16)])).all()


def test_sums_that_no_accumulator_can_hold_are_refused() -> None:
    grid = Grid(4, 4)
    dense = Dense(grid.vector, np.array([[1, 1]]), 40, np.array([0]), 9, wrap=True)
    room = MemoryFormat(8, 34, 49, 58)
    folded = FoldedDense.of(dense, replace(grid.vector, banks=2), Fold(1, 2), room)
    with pytest.raises(InputError, match=r"accumulators of \d+ bits, more than 56; use the stream"):
        FoldedRaster(folded, (grid,))
