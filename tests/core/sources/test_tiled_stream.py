from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from inrhw.core.sources.stream import bits_per_axis
from inrhw.core.sources.tiled_stream import TiledStream
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling

#: Whole and cut tiles, powers of two and none, axes with one tile.
TILINGS = [
    Tiling((7,), (3,)),
    Tiling((33,), (2,)),
    Tiling((16, 8), (4, 4)),
    Tiling((9, 5), (2, 5)),
    Tiling((5, 4), (5, 4)),
    Tiling((5, 3, 7), (2, 1, 3)),
    Leaves((11,), (4,), "122012"),
    Leaves((8, 8), (8, 8), "1222211"),
    Leaves((7, 5), (6, 6), "111111"),
    Leaves((3, 3), (8, 8), "1"),
    Leaves((5, 3, 6), (4, 4, 4), "0111111110"),
]


@pytest.mark.parametrize("tiling", TILINGS, ids=str)
@pytest.mark.parametrize("pictures", [False, True])
def test_coordinates_of_the_signal_give_tile_and_place_in_it(tiling: Tiling, pictures: bool) -> None:
    tiles = 1 << (tiling.tiles - 1).bit_length()
    source = TiledStream(tiling, replace(tiling.grid.vector, banks=2 * tiles if pictures else tiling.tiles))
    whole, rng = tiling.whole, np.random.default_rng(0)
    order = rng.permutation(whole.pixels)
    given = whole.codes()[order]
    # Beyond the border is as at the border.
    reach = 1 << whole.element.frac
    beyond = given[0] * 0 - reach
    expected = [(tuple(tiling.codes()[k]), int(tiling.numbers()[k])) for k in (*order, 0)]
    top = Module()
    top.submodules.stream = stream = source.component()
    got: list[tuple[tuple[int, ...], int]] = []
    axis_bits = bits_per_axis(whole.element)

    async def bench(ctx: Any) -> None:
        for beat, codes in enumerate(
            [*given.tolist(), beyond.tolist(), *[[0] * whole.axes] * source.latency]
        ):
            words = [int(code) % (1 << axis_bits) << k * axis_bits for k, code in enumerate(codes)]
            ctx.set(stream.tdata, sum(words))
            ctx.set(stream.valid, beat <= len(given))
            if pictures:
                ctx.set(stream.bank, beat % 2)
            if ctx.get(stream.o.valid):
                inner = tuple(ctx.get(stream.o.payload[k]) for k in range(whole.axes))
                bank = ctx.get(stream.o.bank) if source.o.banks > 1 else 0
                picture, tile = divmod(bank, tiles) if pictures else (0, bank)
                assert not pictures or picture == len(got) % 2
                got.append((inner, tile))
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == expected


def test_a_coordinate_on_a_seam_is_in_the_tile_that_begins_there() -> None:
    source = TiledStream(Tiling((8,), (4,)), replace(Tiling((8,), (4,)).grid.vector, banks=2))
    top = Module()
    top.submodules.stream = stream = source.component()

    async def bench(ctx: Any) -> None:
        ctx.set(stream.tdata, 0)
        for _ in range(source.latency):
            await ctx.tick()
        assert (ctx.get(stream.o.bank), ctx.get(stream.o.payload[0])) == (1, -4)

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
