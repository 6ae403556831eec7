from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.signals.grid import Grid

sides = st.integers(1, 40)


@given(sides, sides)
def test_codes_times_scale_are_the_pixel_centres(width: int, height: int) -> None:
    grid = Grid(width, height)
    codes = grid.codes()
    scale = [Fraction(2**grid.element.frac, side) for side in (width, height)]
    assert grid.scale == tuple(map(float, scale))
    for (x, y), pixel in zip(codes.tolist(), range(width * height), strict=True):
        row, column = divmod(pixel, width)
        assert Fraction(x, 2**grid.element.frac) * scale[0] == Fraction(2 * column + 1, width) - 1
        assert Fraction(y, 2**grid.element.frac) * scale[1] == Fraction(2 * row + 1, height) - 1


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_codes_fit_the_element_and_no_narrower_one(width: int, height: int) -> None:
    grid = Grid(width, height)
    most = max(width, height) - 1
    assert grid.element.lo <= -most <= most <= grid.element.hi
    assert grid.element.frac == 1 or most > grid.element.hi // 2
    assert grid.element.width == grid.element.frac + 1


def test_codes_are_in_raster_order() -> None:
    codes = Grid(3, 2).codes()
    assert codes.dtype == np.int64
    assert codes.tolist() == [[-2, -1], [0, -1], [2, -1], [-2, 1], [0, 1], [2, 1]]
    Grid(3, 2).vector.check(codes)


@pytest.mark.parametrize("side", [0, -3, 65537, 2.0])
def test_a_side_has_1_to_65536_pixels(side: int) -> None:
    for sides_of_one in ((side, 4), (4, side)):
        with pytest.raises(InputError, match=f"an axis must have 1 to 65536 samples, not {side}"):
            Grid(*sides_of_one)


def test_a_small_picture_can_have_the_format_of_a_large_one() -> None:
    """The factor that the first layer absorbs follows; what is finer than needed stays so."""
    small, large = Grid(3, 2, least_frac=6), Grid(64, 64)
    assert small.element == large.element
    assert (small.codes() == Grid(3, 2).codes()).all()
    assert small.scale == (2**6 / 3, 2**6 / 2)
    assert Grid(64, 64, least_frac=2).element == large.element
