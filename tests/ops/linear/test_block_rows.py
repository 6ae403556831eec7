from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.artifact.artifact import verilog_of
from inrhw.base.board import load_board
from inrhw.gateware.cost import block_ram
from inrhw.gateware.memories.contents import columns_to_contents, total_depth, whole_depth
from inrhw.ops.linear.folded_dense.block_rows import BlockRows, is_packed, rows_cost
from inrhw.synthesis.synthesis import synth


def rows(lanes: int, codes: int, width: int, depth: int, sets: int) -> tuple[BlockRows, np.ndarray]:
    """Return the memories of random codes, and these, [sets, depth, lanes, codes]."""
    found = np.random.default_rng(0).integers(0, 1 << width, (sets, depth, lanes, codes))
    return BlockRows([columns_to_contents("w", found[:, :, k], width) for k in range(lanes)], width), found


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 20), st.integers(1, 6), st.integers(1, 200))
def test_every_lane_comes_a_cycle_after_the_one_before(
    lanes: int, codes: int, width: int, depth: int, sets: int
) -> None:
    memory, stored = rows(lanes, codes, width, depth, sets)
    asked = [(k * 7 % sets, k % depth) for k in range(20)]
    seen: list[list[int]] = []

    async def bench(ctx: Any) -> None:
        for bank, row in asked:
            if sets > 1:
                ctx.set(memory.bank, bank)
            ctx.set(memory.address, row)
            await ctx.tick()
            seen.append([ctx.get(memory.data[k]) for k in range(lanes * codes)])

    simulator = Simulator(memory)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    for k, (bank, row) in enumerate(asked):
        for lane in range(min(lanes, len(seen) - k)):
            assert seen[k + lane][lane * codes : (lane + 1) * codes] == stored[bank, row, lane].tolist()


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 40), st.integers(1, 500))
def test_no_more_blocks_are_counted_than_each_lane_alone_would_take(
    bits: int, lanes: int, depth: int, banks: int
) -> None:
    if is_packed(depth, banks):
        words = whole_depth(total_depth(depth, banks))
        assert rows_cost(bits, lanes, depth, banks).bram <= lanes * block_ram(bits, words).bram


def test_a_block_is_not_saved_for_many_luts() -> None:
    few, many = (rows_cost(72, 1, words, 1) for words in (512, 576))
    assert (few.bram, many.bram) == (1, 2)
    assert many.lut < few.lut + 2 * 72


@pytest.mark.tools
@pytest.mark.parametrize(
    "sizes",
    [(4, 3, 8, 1, 384), (1, 16, 14, 3, 384), (1, 5, 19, 4, 300), (2, 7, 8, 16, 520), (1, 2, 9, 40, 33)],
)
def test_synthesis_finds_the_blocks_that_are_counted(
    sizes: tuple[int, int, int, int, int], tmp_path: Path
) -> None:
    memory, _ = rows(*sizes)
    lanes, codes, width, depth, sets = sizes
    verilog = tmp_path / "rows.v"
    verilog.write_text(verilog_of(memory, "rows", tmp_path))
    found = synth(verilog, "rows", load_board("vcu128"), tmp_path).resources
    assert found["bram"].value == rows_cost(codes * width, lanes, depth, sets).bram
