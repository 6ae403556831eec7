import dataclasses
import itertools
from random import Random

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.core.sources.counter import PixelCounter
from inrhw.core.sources.raster import RasterSource
from inrhw.core.sources.stream import StreamSourceComponent, bits_per_axis
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.grid import Grid

Beat = tuple[list[int], int, int]


def trained(model: str, width: int, height: int) -> RasterSource:
    net = INR(Architecture(model, (width, height), 1, hidden_features=5, hidden_layers=0)).quantized()
    first = next(iter(lower(net).nodes.values()))
    assert isinstance(first, Dense)
    return RasterSource(first, Grid(width, height))


SOURCES = [*RasterSource.examples(), trained("quadinr", 9, 7), trained("siren", 6, 5)]


def run(
    source: RasterSource, n: int, *, gaps: bool, reset_after: int | None = None
) -> tuple[list[Beat], int]:
    """Return `n` beats (codes, start of frame, end of line) and the cycles from `advance` to the first."""
    rng = np.random.default_rng(0)
    top = Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.raster = raster = source.component()
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    beats: list[Beat] = []
    first = -1
    asked = 0

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        nonlocal first, asked, reset_after
        while len(beats) < n:
            if reset_after == len(beats):
                ctx.set(sync.rst, 1)
                await ctx.tick()
                ctx.set(sync.rst, 0)
                reset_after = None
                asked = 0
            advance = not gaps or rng.random() < 0.6
            ctx.set(raster.advance, advance)
            await ctx.tick()
            first += 1
            asked += advance
            assert ctx.get(raster.o.valid) == advance
            if advance:
                codes = [ctx.get(raster.o.payload[k]) for k in range(source.o.length)]
                beats.append((codes, ctx.get(raster.start_of_frame), ctx.get(raster.end_of_line)))

    simulator.add_testbench(bench)
    simulator.run()
    return beats, first


def expected(source: RasterSource, n: int) -> list[Beat]:
    width, pixels = source.grid.width, source.grid.width * source.grid.height
    codes = source.dense.forward_int(source.grid.codes()).tolist()
    scan = [(code, int(k % pixels == 0), int(k % width == width - 1)) for k, code in enumerate(codes)]
    return [scan[k % len(scan)] for k in range(n)]


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.grid}-{s.o}")
def test_the_raster_is_the_first_layer_of_every_pixel_frame_after_frame(
    source: RasterSource, gaps: bool
) -> None:
    n = 5 * source.grid.pixels // 2 + 3
    assert run(source, n, gaps=gaps)[0] == expected(source, n)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.grid}-{s.o}")
def test_forward_int_is_the_first_layer(source: RasterSource) -> None:
    codes = source.forward_int()
    source.o.check(codes)
    assert (codes == source.dense.forward_int(source.grid.codes())).all()


def test_reset_starts_at_the_first_pixel() -> None:
    source = trained("quadinr", 4, 3)
    for after in (1, 4, 7, 11, 12):
        got, _ = run(source, after + 15, gaps=True, reset_after=after)
        assert got == expected(source, after) + expected(source, 15)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=5),
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_lines_and_frames_end_as_the_size_of_each_bank_says(
    sizes: list[tuple[int, int]], order: list[int], seed: int
) -> None:
    counter, rng = PixelCounter([Grid(*size, least_frac=3) for size in sizes]), Random(seed)
    simulator = Simulator(counter)
    simulator.add_clock(1e-6)

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for bank in (number % len(sizes) for number in order):
            width, height = sizes[bank]
            for y, x in itertools.product(range(height), range(width)):
                while rng.random() < 0.3:
                    ctx.set(counter.step, 0)
                    ctx.set(counter.bank, rng.randrange(len(sizes)))
                    await ctx.tick()
                ctx.set(counter.step, 1)
                ctx.set(counter.bank, bank)
                flags = (
                    counter.start_of_line,
                    counter.start_of_frame,
                    counter.end_of_line,
                    counter.end_of_frame,
                )
                ends = (x == 0, x == y == 0, x == width - 1, (x, y) == (width - 1, height - 1))
                assert tuple(map(ctx.get, flags)) == ends
                await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()


def test_a_planted_error_in_a_step_is_found() -> None:
    source = trained("quadinr", 4, 3)
    weight = source.dense.weight + (1 << source.dense.shift)
    planted = RasterSource(dataclasses.replace(source.dense, weight=weight), source.grid)
    assert run(planted, 20, gaps=False)[0] != expected(source, 20)


@pytest.mark.parametrize(("side", "bits"), [(1, 8), (128, 8), (129, 16), (4096, 16)])
def test_an_axis_takes_whole_bytes(side: int, bits: int) -> None:
    assert bits_per_axis(Grid(side, 1).element) == bits


@pytest.mark.parametrize("grid", [Grid(1, 1), Grid(9, 7), Grid(200, 3)], ids=str)
def test_the_stream_source_takes_sign_extended_coordinates(grid: Grid) -> None:
    component = StreamSourceComponent(grid.vector)
    simulator = Simulator(component)
    bits = bits_per_axis(grid.element)

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for k, (x, y) in enumerate(grid.codes().tolist()):
            ctx.set(component.tdata, x % (1 << bits) | y % (1 << bits) << bits)
            ctx.set(component.valid, k % 2)
            assert [ctx.get(component.o.payload[axis]) for axis in range(2)] == [x, y]
            assert ctx.get(component.o.valid) == k % 2

    simulator.add_testbench(bench)
    simulator.run()
