import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    sides = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    return Tiling(tuple(sides), tuple(draw(st.integers(1, side)) for side in sides))


@st.composite
def leaves(draw: st.DrawFn) -> Leaves:
    """Draw tiles, of which some are beyond the signal in part, and halve some of their parts."""
    sides = tuple(draw(st.lists(st.integers(1, 12), min_size=1, max_size=3)))
    tile = tuple(4 * draw(st.integers(1, 2)) for _ in sides)

    def depths(corner: tuple[int, ...], depth: int) -> str:
        if depth == 2 or not draw(st.booleans()):
            return str(depth)
        halves = [(at, at + (own >> depth + 1)) for at, own in zip(corner, tile, strict=True)]
        return all_of(halves, depth + 1)

    def all_of(along: Sequence[Iterable[int]], depth: int) -> str:
        there = [[at for at in each if at < side] for each, side in zip(along, sides, strict=True)]
        return "".join(depths(part[::-1], depth) for part in itertools.product(*there[::-1]))

    begun = [tuple(range(0, side, own)) for side, own in zip(sides, tile, strict=True)]
    return Leaves(sides, tile, all_of(begun, 0))


@given(tilings() | leaves())
def test_tiles_joined_are_the_signal(tiling: Tiling) -> None:
    shape = (*reversed(tiling.sides), 3)
    values = np.arange(math.prod(shape)).astype(np.uint16).reshape(shape)
    assert (tiling.join(tiling.split(values)) == values).all()


@given(tilings())
def test_every_sample_has_its_place_in_its_tile(tiling: Tiling) -> None:
    inside = (tiling.codes() + np.array(tiling.tile) - 1) // 2
    tiles = np.stack(np.unravel_index(tiling.numbers(), tiling.counts, order="F"), axis=1)
    assert (tiles == tiling.places()).all()
    whole = np.unravel_index(np.arange(tiling.whole.pixels), tiling.sides, order="F")
    assert (inside + tiles * np.array(tiling.tile) == np.stack(whole, axis=1)).all()
    assert tiling.numbers().max() == tiling.tiles - 1


@given(leaves())
def test_every_sample_has_its_place_in_its_leaf(leaves: Leaves) -> None:
    numbers = leaves.numbers()
    step = leaves.steps[numbers][:, None]
    inside, off = np.divmod(leaves.codes() + np.array(leaves.tile) - step, 2 * step)
    assert not off.any()
    whole = np.unravel_index(np.arange(leaves.whole.pixels), leaves.sides, order="F")
    assert (leaves.corners[numbers] + inside == np.stack(whole, axis=1)).all()
    assert (leaves.join(leaves.split_codes()).reshape(inside.shape) == leaves.codes()).all()


@given(leaves())
def test_a_cell_is_in_one_leaf(leaves: Leaves) -> None:
    assert (leaves.numbers_of_cells()[leaves.cells.numbers()] == leaves.numbers()).all()


@given(leaves())
def test_half_a_turn_of_whole_tiles_turns_their_leaves(leaves: Leaves) -> None:
    turned = leaves.turned
    assert turned.tiles == leaves.tiles and turned.cells == leaves.cells
    if not any(side % own for side, own in zip(leaves.sides, leaves.tile, strict=True)):
        assert (turned.numbers() == leaves.tiles - 1 - leaves.numbers()[::-1]).all()


def test_the_lines_that_meet_every_kind_of_seam() -> None:
    assert Leaves((8, 16), (4, 4), "0" * 8).lines_of_seams == 5
    # 2x2 leaves above 4x4 ones are at line 12 only.
    assert Leaves((8, 16), (4, 4), "0000" + "1111" * 2 + "00").lines_of_seams == 13


@given(tilings() | leaves())
def test_tiles_have_all_samples_between_them(tiling: Tiling) -> None:
    assert tiling.extents.prod(axis=1).tolist() == np.bincount(tiling.numbers()).tolist()


@pytest.mark.parametrize("tile", [(0, 1), (5, 1), (1, 4)])
def test_tiles_larger_than_the_signal_are_refused(tile: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"tiles must be from 1x1 to 4x3 samples.*not {tile[0]}x{tile[1]}"):
        Tiling((4, 3), tile)


def test_tiles_have_the_axes_of_their_signal() -> None:
    with pytest.raises(InputError, match="tiles of a signal on 3 axes need a side for each, not 4x4"):
        Tiling((8, 8, 8), (4, 4))


@pytest.mark.parametrize(
    ("tile", "depths", "sentence"),
    [
        ((4, 4), "0", "leaves 0 do not make up tiles of 4x4 of 8x4 samples"),
        ((4, 4), "0111", "leaves 0111 do not make up tiles"),
        ((4, 4), "01110", "leaves 01110 do not make up tiles"),
        ((4, 4), "000", "leaves 000 do not make up tiles"),
        ((4, 4), "03", "tiles of 4x4 cannot be halved 3 times; take a power of two"),
        ((4, 4), "0x", "leaves must be one digit each, such as 0111120, not '0x'"),
        ((4,), "00", "leaves of a signal on 2 axes need a side for each, not 4"),
    ],
)
def test_leaves_that_make_up_no_signal_are_refused(tile: tuple[int, ...], depths: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Leaves((8, 4), tile, depths)
