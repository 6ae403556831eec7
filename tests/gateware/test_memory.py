from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from inrhw.gateware.memory import (
    MAX_WIDTH,
    READ_LATENCY,
    ColumnMemory,
    Contents,
    WeightMemory,
    columns_to_contents,
    memory_style,
    starts_empty,
)


def simulate(component: Any, bench: Any) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def ramp(depth: int, width: int = 20) -> Contents:
    return Contents("ramp", width, tuple(7 * k % (1 << width) for k in range(depth)))


@given(
    st.integers(1, MAX_WIDTH), st.integers(1, 3), st.integers(1, 9), st.integers(1, 40), st.integers(0, 99)
)
def test_columns_come_back_from_their_memories(
    width: int, sets: int, depth: int, columns: int, seed: int
) -> None:
    low = -(1 << min(width, 62) - 1)
    codes = np.random.default_rng(seed).integers(low, -low, (sets, depth, columns))
    found = columns_to_contents("w", codes, width)
    assert all((memory.sets, memory.depth) == (sets, depth) and memory.width <= MAX_WIDTH for memory in found)
    assert len(found) == -(-columns // (MAX_WIDTH // width))
    read = [
        [
            memory.words[row] >> k * width & (1 << width) - 1
            for memory in found
            for k in range(memory.width // width)
        ]
        for row in range(sets * depth)
    ]
    assert read == [[code % (1 << width) for code in row] for bank in codes.tolist() for row in bank]


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


def test_what_a_memory_is_made_of_follows_from_its_depth() -> None:
    assert [memory_style(depth, loadable=True) for depth in (1, 128, 129, 2047, 2048)] == [
        "lut",
        "lut",
        "block",
        "block",
        "ultra",
    ]
    assert memory_style(1 << 16, loadable=False) == "block"


def test_contents_are_checked() -> None:
    with pytest.raises(ValueError, match="width of w must be from 1 to 72 bits, not 73"):
        Contents("w", 73, (0,))
    with pytest.raises(ValueError, match="w must hold at least one word"):
        Contents("w", 8, ())
    with pytest.raises(ValueError, match="and as many in each set"):
        Contents("w", 8, (1, 2, 3), 2)
    with pytest.raises(ValueError, match="words of w must be unsigned codes of 8 bits"):
        Contents("w", 8, (256,))


def test_joined_banks_begin_at_powers_of_two() -> None:
    joined = Contents("a", 8, (1, 2, 3, 4, 5, 6), 2).joined
    assert joined == Contents("a", 8, (1, 2, 3, 0, 4, 5, 6), part=3)
    assert joined.parts == 2 and [joined.words_of_part(k) for k in range(2)] == [(1, 2, 3), (4, 5, 6)]
    assert Contents("a", 8, (1, 2)).joined == Contents("a", 8, (1, 2))
