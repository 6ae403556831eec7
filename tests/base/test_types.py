import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inrhw.base.types import Element, Fixed, Phase, Vector


@given(st.integers(1, 62), st.integers(-70, 70), st.booleans())
def test_codes_fill_the_width(width: int, frac: int, signed: bool) -> None:
    element = Fixed(width, frac, signed)
    assert element.hi - element.lo == 2**width - 1
    assert (element.lo < 0) == signed


@given(st.integers(1, 62))
def test_a_phase_is_one_turn(width: int) -> None:
    phase = Phase(width)
    assert (phase.lo, phase.hi + 1) == (0, 2**width)
    assert (phase.hi + 1) * 2.0**-phase.frac == 1


@given(st.integers(-(2**61), 2**61 - 1), st.integers(0, 2**61 - 1))
@example(-128, 0)
@example(-129, 0)
@example(127, 0)
@example(128, 0)
def test_holding_is_the_narrowest(lo: int, span: int) -> None:
    hi = min(lo + span, 2**61 - 1)
    element = Fixed.holding(lo, hi, 3)
    assert element.lo <= lo <= hi <= element.hi
    assert element.frac == 3
    if element.width > 1:
        narrower = Fixed(element.width - 1, 3, element.signed)
        assert lo < narrower.lo or hi > narrower.hi


def test_holding_refuses_an_empty_range() -> None:
    with pytest.raises(ValueError, match="lo must be at most hi, not 1 > 0"):
        Fixed.holding(1, 0, 0)


@given(st.floats(1e-200, 1e200), st.integers(2, 32))
def test_covering_reaches_the_magnitude_with_the_finest_step(magnitude: float, width: int) -> None:
    element = Fixed.covering(magnitude, width)
    step = math.ldexp(1, -element.frac)
    # The largest code is at most half a step away; with a step half as large it would be further.
    assert magnitude <= (element.hi + 0.5) * step * (1 + 1e-12)
    assert magnitude > (element.hi + 0.5) * step / 2 * (1 - 1e-12)


def test_covering_nothing_takes_fractions() -> None:
    assert Fixed.covering(0.0, 8) == Fixed(8, 7)


@pytest.mark.parametrize("magnitude", [-1.0, math.nan, math.inf])
def test_covering_refuses_what_is_no_magnitude(magnitude: float) -> None:
    with pytest.raises(ValueError, match="magnitude"):
        Fixed.covering(magnitude, 8)


def test_covering_refuses_a_lone_sign_bit() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Fixed.covering(1.0, 1)


@pytest.mark.parametrize("magnitude", [5e-324, 1e-300, 0.99e-200])
def test_covering_takes_what_hardly_is_for_nothing(magnitude: float) -> None:
    assert Fixed.covering(magnitude, 8) == Fixed.covering(0.0, 8)


@pytest.mark.parametrize("make", [Fixed, lambda width, frac: Phase(width)])
def test_width_is_checked(make: type[Fixed]) -> None:
    for width in (0, -1, 63):
        with pytest.raises(ValueError, match=f"width must be from 1 to 62 bits, not {width}"):
            make(width, 0)
    with pytest.raises(TypeError, match=r"width must be an int, not 8\.0"):
        make(8.0, 0)  # type: ignore[arg-type]


def test_frac_is_checked() -> None:
    with pytest.raises(TypeError, match="frac must be an int"):
        Fixed(8, 0.5)  # type: ignore[arg-type]


def test_formats_print_shortly() -> None:
    assert str(Vector(Fixed(8, 7), 3)) == "3 x s8.7"
    assert str(Vector(Fixed(8, 0, signed=False), 1)) == "1 x u8.0"
    assert str(Vector(Phase(9), 2)) == "2 x turn/512"


@pytest.mark.parametrize("element", [Fixed(4, 0), Fixed(4, 0, signed=False), Phase(4)])
def test_check_accepts_exactly_the_codes(element: Element) -> None:
    vector = Vector(element, 2)
    vector.check(np.array([[element.lo, element.hi]]))
    vector.check(np.zeros((0, 2), np.int64))
    for code in (element.lo - 1, element.hi + 1):
        with pytest.raises(ValueError, match=f"codes must be from {element.lo} to {element.hi}"):
            vector.check(np.array([[0, code]]))


@pytest.mark.parametrize(
    "codes", [np.zeros((1, 2), np.int32), np.zeros((1, 2)), np.zeros((1, 3), np.int64), np.zeros(2, np.int64)]
)
def test_check_names_shape_and_dtype(codes: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"int64 of shape \[batch, 2\]"):
        Vector(Fixed(4, 0), 2).check(codes)


def test_vectors_are_checked() -> None:
    with pytest.raises(TypeError, match="element"):
        Vector("s8.7", 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="length"):
        Vector(Fixed(8, 7), 0)
