from typing import Any

import pytest
from amaranth.sim import Simulator

from inrhw.gateware.fifo import Fifo


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8, 13])
def test_pointers_turn_back_at_the_last_word(depth: int) -> None:
    fifo = Fifo(8, depth)
    sent = list(range(1, 1 + 5 * depth))
    got: list[int] = []

    async def bench(ctx: Any) -> None:
        left = iter(sent)
        while len(got) < len(sent):
            for _ in range(depth):  # fill it
                ctx.set(fifo.write, 1)
                ctx.set(fifo.w_data, next(left))
                await ctx.tick()
            ctx.set(fifo.write, 0)
            ctx.set(fifo.o_ready, 1)
            for _ in range(depth + 3):
                if ctx.get(fifo.o_valid):
                    got.append(ctx.get(fifo.o_data))
                await ctx.tick()
            ctx.set(fifo.o_ready, 0)

    simulator = Simulator(fifo)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == sent
