import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.signals.tiling import Tiling


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    sides = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    return Tiling(tuple(sides), tuple(draw(st.integers(1, side)) for side in sides))


@given(tilings())
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


@given(tilings())
def test_tiles_have_all_samples_between_them(tiling: Tiling) -> None:
    assert tiling.extents.prod(axis=1).tolist() == np.bincount(tiling.numbers()).tolist()


@pytest.mark.parametrize("tile", [(0, 1), (5, 1), (1, 4)])
def test_tiles_larger_than_the_signal_are_refused(tile: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"tiles must be from 1x1 to 4x3 samples.*not {tile[0]}x{tile[1]}"):
        Tiling((4, 3), tile)


def test_tiles_have_the_axes_of_their_signal() -> None:
    with pytest.raises(InputError, match="tiles of a signal on 3 axes must have as many, not 4x4"):
        Tiling((8, 8, 8), (4, 4))
