from typing import Any

import pytest
from amaranth.sim import Simulator

from inrhw.gateware.memories.contents import Contents, starts_empty
from inrhw.gateware.memories.memory import READ_LATENCY, ColumnMemory, WeightMemory


def simulate(component: Any, bench: Any) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def ramp(depth: int, width: int = 20) -> Contents:
    return Contents("ramp", width, tuple(7 * k % (1 << width) for k in range(depth)))


@pytest.mark.parametrize("depth", [1, 5, 128, 129])
def test_data_comes_a_cycle_after_its_address(depth: int) -> None:
    contents = ramp(depth)
    memory = WeightMemory(contents)
    seen = []

    async def bench(ctx: Any) -> None:
        for k in range(depth):
            ctx.set(memory.address, k)
            await ctx.tick()
            seen.append(ctx.get(memory.data))

    simulate(memory, bench)
    assert seen == list(contents.words)


@pytest.mark.parametrize(("depth", "sets"), [(1, 2), (5, 3), (8, 4), (33, 5), (64, 100)])
def test_every_bank_has_its_own_words(depth: int, sets: int) -> None:
    words = ramp(depth * sets).words
    memory = WeightMemory(Contents("banks", 20, words, sets))
    seen = []

    async def bench(ctx: Any) -> None:
        for k in range(depth * sets):
            ctx.set(memory.bank, k // depth)
            ctx.set(memory.address, k % depth)
            await ctx.tick()
            seen.append(ctx.get(memory.data))

    simulate(memory, bench)
    assert tuple(seen) == words


@pytest.mark.parametrize("depth", [3, 100, 1100])
def test_either_bank_is_written_and_read_back_on_the_bus_alone(depth: int) -> None:
    contents = [ramp(depth), ramp(depth, 9)]
    memory = ColumnMemory([ramp(depth, 20), ramp(depth, 20)], 20, 0)
    assert starts_empty(contents[0]) == (depth == 1100)
    read_back, shown = [], []

    async def bench(ctx: Any) -> None:
        load = memory.load
        for number in range(2):
            for bank in range(2):
                for name, value in (("memory", number), ("bank", bank), ("address", depth - 1)):
                    ctx.set(getattr(load, name), value)
                ctx.set(load.data, 100 + 10 * number + bank)
                ctx.set(load.write, 1)
                await ctx.tick()
                ctx.set(load.write, 0)
        ctx.set(load.memory, 7)  # nobody
        ctx.set(load.write, 1)
        await ctx.tick()
        ctx.set(load.write, 0)
        ctx.set(load.read, 1)
        for number in range(3):
            for bank in range(2):
                ctx.set(load.memory, number)
                ctx.set(load.bank, bank)
                for _ in range(READ_LATENCY):
                    await ctx.tick()
                read_back.append(ctx.get(load.read_data))
        ctx.set(load.read, 0)
        for bank in range(2):
            ctx.set(memory.address, depth - 1)
            ctx.set(memory.bank, bank)
            await ctx.tick()
            shown.append([ctx.get(memory.data[k]) for k in range(2)])

    simulate(memory, bench)
    assert read_back == [100, 101, 110, 111, 0, 0]
    assert shown == [[100, 110], [101, 111]]
