"""A walk over tiles: of each pixel the tile and the place in it, whatever the window."""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from inrhw.base.errors import InputError
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import FRAC, Window

#: Whole and cut tiles, powers of two and none, tiles that a step jumps over, axes with one tile.
SOURCES = [
    TiledWindow(tiling, banks)
    for tiling, banks in (
        (Tiling((8, 8), (4, 4)), 4),
        (Tiling((7, 5), (3, 2)), 9),
        (Tiling((9, 3), (1, 1)), 64),
        (Tiling((5, 4), (5, 4)), 1),
        (Tiling((5, 1), (2, 1)), 8),
        (Leaves((8, 8), (8, 8), "1222211"), 7),
        (Leaves((7, 5), (4, 4), "12222110110"), 11),
    )
]
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.tiling.whole}-{s.tiling}")

#: Tile, coordinates, start of frame and end of line of a pixel.
Beat = tuple[int, list[int], int, int]


def windows_of(source: TiledWindow) -> list[Window]:
    numbers, rng = source.numbers, np.random.default_rng(0)
    position, step = numbers.position, numbers.step
    sides, tile = source.tiling.sides, source.tiling.tile
    corner = [2 * own - side - 1 << FRAC for side, own in zip(sides, tile, strict=True)]
    drawn = [
        Window(*map(int, (*rng.integers(position.lo, position.hi, 2), rng.integers(256, 1280))))
        for _ in range(3)
    ]
    return [
        numbers.whole,
        Window.around(source.tiling.whole, zoom=0.5),
        Window(corner[0], corner[1], 1 << FRAC),
        Window(position.lo, position.hi, step.hi),
        Window(position.hi, position.lo, 0),
        *drawn,
        numbers.whole,
    ]


def frame(source: TiledWindow, window: Window) -> list[Beat]:
    width, (numbers, codes) = source.tiling.sides[0], source.located(window)
    return [
        (tile, code, int(k == 0), int(k % width == width - 1))
        for k, (tile, code) in enumerate(zip(numbers.tolist(), codes.tolist(), strict=True))
    ]


def run(source: TiledWindow, plan: list[Window], share: float, reset_after: int = -1) -> list[Beat]:
    """Return the beats of a frame in each window, of which the next is set while one is scanned."""
    rng, top = np.random.default_rng(1), Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.window = circuit = source.component()
    beats: list[Beat] = []
    simulator = Simulator(top)
    simulator.add_clock(1e-6)

    async def bench(ctx: Any) -> None:
        nonlocal reset_after
        asked = cycle = 0
        asked_at: list[int] = []
        pictures: list[int] = []
        while len(beats) < source.pixels * len(plan):
            if asked == reset_after:
                ctx.set(sync.rst, 1)
                await ctx.tick()
                ctx.set(sync.rst, 0)
                asked, reset_after = 0, -1
                for record in (beats, asked_at, pictures):
                    record.clear()
            # Ports change at any time between the first pixel of a frame and that of the next.
            first = asked % source.pixels == 0
            window = plan[
                min(
                    (asked + (not first and rng.random() < 0.5) * source.pixels) // source.pixels,
                    len(plan) - 1,
                )
            ]
            for port, value in zip(source.ports, (window.x, window.y, window.step), strict=True):
                ctx.set(getattr(circuit, port), value)
            advance = bool(rng.random() < share)
            assert ctx.get(circuit.next_is_first) == first
            ctx.set(circuit.advance, advance)
            if source.told_banks > 1:
                ctx.set(circuit.bank, picture := int(rng.integers(2)))
                pictures += [picture] * advance
            if ctx.get(circuit.o.valid):
                assert cycle - asked_at[len(beats)] == source.latency
                bank = ctx.get(circuit.o.bank) if source.banks > 1 else 0
                if source.told_banks > 1:
                    picture, bank = divmod(bank, source.banks // 2)
                    assert picture == pictures[len(beats)]
                codes = [ctx.get(circuit.o.payload[axis]) for axis in range(2)]
                beats.append((bank, codes, ctx.get(circuit.start_of_frame), ctx.get(circuit.end_of_line)))
            asked_at += [cycle] * advance
            asked += advance
            await ctx.tick()
            cycle += 1

    simulator.add_testbench(bench)
    simulator.run()
    return beats


@each_source
def test_a_point_is_in_the_tile_around_it_or_in_the_nearest_one(source: TiledWindow) -> None:
    tiling = source.tiling
    for window in windows_of(source):
        numbers, codes = source.located(window)
        assert codes.min() >= source.coordinate.lo and codes.max() <= source.coordinate.hi
        points = window.codes(tiling.whole)
        for k in range(0, len(points), 3):
            at = [
                Fraction(int(u), 2 << FRAC) + Fraction(side, 2)
                for u, side in zip(points[k], tiling.sides, strict=True)
            ]
            x, y = (min(max(floor(x), 0), side - 1) for x, side in zip(at, tiling.sides, strict=True))
            tile = numbers[k]
            assert tile == tiling.numbers()[x + y * tiling.sides[0]]
            step = int(tiling.steps[tile])
            middles = [
                corner + Fraction(own, 2 * step)
                for corner, own in zip(tiling.corners[tile].tolist(), tiling.tile, strict=True)
            ]
            assert codes[k].tolist() == [
                (x - middle) * (2 * step << FRAC) for x, middle in zip(at, middles, strict=True)
            ]


@each_source
def test_the_whole_window_is_the_ordinary_scan(source: TiledWindow) -> None:
    numbers, codes = source.located()
    assert numbers.tolist() == source.tiling.numbers().tolist()
    assert codes.tolist() == (source.tiling.codes() << FRAC).tolist()


@each_source
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_every_frame_is_of_the_window_at_its_first_pixel(source: TiledWindow, share: float) -> None:
    plan = windows_of(source)
    assert run(source, plan, share) == [beat for window in plan for beat in frame(source, window)]


@pytest.mark.parametrize("after", [1, 3, 13, 40])
def test_a_reset_at_any_time_begins_a_frame_in_the_window_at_the_ports(after: int) -> None:
    source = SOURCES[1]
    plan = windows_of(source)[1:3]
    assert run(source, plan, 0.8, after) == [beat for window in plan for beat in frame(source, window)]


def test_numbers_that_do_not_fit_the_ports_are_refused() -> None:
    with pytest.raises(InputError, match="step of the window must be from 0 to 2047, not 2048"):
        SOURCES[0].located(Window(0, 0, 2048))
