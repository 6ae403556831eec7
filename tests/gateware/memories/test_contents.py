import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.gateware.memories.contents import (
    MAX_WIDTH,
    Contents,
    columns_to_contents,
    memory_style,
    whole_depth,
)


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


@given(st.integers(1, 9), st.integers(1, 40))
def test_gaps_hold_words_and_all_words_stay_where_they_are(sets: int, depth: int) -> None:
    contents = Contents("a", 9, tuple(range(sets * depth)), sets)
    table = np.reshape(contents.without_gaps, (whole_depth(sets), whole_depth(depth)))
    assert (table[:sets, :depth] == np.reshape(contents.words, (sets, depth))).all()
    # What stands for a missing word has its address, without some bits.
    for bank, row in np.ndindex(table.shape):
        there, place = divmod(int(table[bank, row]), depth)
        assert there & bank == there and place & row == place
        assert (there == bank or bank >= sets) and (place == row or row >= depth)
