import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.signals.tiling import Tiling, parse_tile

SIDES = st.integers(1, 12)


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    width, height = draw(SIDES), draw(SIDES)
    return Tiling(width, height, draw(st.integers(1, width)), draw(st.integers(1, height)))


@given(tilings())
def test_tiles_joined_are_the_picture(tiling: Tiling) -> None:
    values = np.arange(tiling.width * tiling.height * 3).astype(np.uint8)
    picture = values.reshape(tiling.height, tiling.width, 3)
    assert (tiling.join(tiling.split(picture)) == picture).all()


@given(tilings())
def test_every_pixel_has_its_place_in_its_tile(tiling: Tiling) -> None:
    codes, numbers = tiling.codes(), tiling.numbers()
    column = (codes[:, 0] + tiling.tile_width - 1) // 2 + numbers % tiling.columns * tiling.tile_width
    row = (codes[:, 1] + tiling.tile_height - 1) // 2 + numbers // tiling.columns * tiling.tile_height
    assert (row * tiling.width + column == np.arange(tiling.width * tiling.height)).all()


@given(tilings())
def test_a_line_of_tiles_is_as_wide_as_the_picture(tiling: Tiling) -> None:
    assert tiling.widths[: tiling.columns].sum() == tiling.width
    assert (tiling.rows - 1) * tiling.tile_height + tiling.last_height == tiling.height


@pytest.mark.parametrize("tile", [(0, 1), (1, 0), (5, 1), (1, 4)])
def test_a_tile_that_the_picture_cannot_have_is_refused(tile: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"from 1x1 to 4x3 pixels.*not {tile[0]}x{tile[1]}"):
        Tiling(4, 3, *tile)


@pytest.mark.parametrize("text", ["", "32", "0x32", "32x", "quadtree", "-1x4"])
def test_only_width_and_height_are_a_tile(text: str) -> None:
    with pytest.raises(InputError, match="tiles must be WIDTHxHEIGHT in pixels, such as 32x32"):
        parse_tile(text)
