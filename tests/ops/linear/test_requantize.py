from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulate import assert_contract, inputs

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.linear.requantize import Requantize

formats = st.builds(Fixed, st.integers(1, 12), st.integers(-4, 8), st.booleans())


def specified(code: int, source: Fixed, target: Fixed) -> int:
    value = code * Fraction(2) ** -source.frac
    return max(target.lo, min(target.hi, floor(value * Fraction(2) ** target.frac + Fraction(1, 2))))


def keeps_a_bit(pair: tuple[Fixed, Fixed]) -> bool:
    source, target = pair
    return source.frac - target.frac < source.width


pairs = st.tuples(formats, formats).filter(keeps_a_bit)


@given(pairs)
def test_forward_int_rounds_half_up_then_saturates(pair: tuple[Fixed, Fixed]) -> None:
    source, target = pair
    codes = np.arange(source.lo, source.hi + 1)
    got = Requantize(Vector(source, 1), target).forward_int(codes[:, None])[:, 0]
    assert got.tolist() == [specified(int(code), source, target) for code in codes]


@settings(max_examples=25)
@given(pairs.filter(lambda pair: pair[0].width <= 7), st.sampled_from([1, 2]))
def test_component_equals_forward_int(pair: tuple[Fixed, Fixed], n_stages: int) -> None:
    source, target = pair
    node = Requantize(Vector(source, 1), target, n_stages)
    assert_contract(node, inputs(node, np.random.default_rng(0), 0), gaps=False)


def test_a_pixel_is_clamped() -> None:
    node = Requantize(Vector(Fixed(12, 2), 1), Fixed(8, 0, signed=False))
    x = np.array([[-2048], [-3], [-2], [1], [2], [1017], [1018], [1022], [2047]])
    assert node.forward_int(x)[:, 0].tolist() == [0, 0, 0, 0, 1, 254, 255, 255, 255]


def test_a_phase_has_nothing_to_saturate() -> None:
    with pytest.raises(TypeError, match="Fixed"):
        Requantize(Vector(Phase(8), 1), Fixed(8, 0))


@pytest.mark.parametrize("signed", [True, False])
def test_a_bit_is_kept(signed: bool) -> None:
    source = Vector(Fixed(4, 10, signed), 1)
    for frac in (6, 0, -3):
        with pytest.raises(ValueError, match=f"element must keep 1 to 62 bits of .4.10, not be s8.{frac}"):
            Requantize(source, Fixed(8, frac))
    node = Requantize(source, Fixed(8, 7))
    assert_contract(node, inputs(node, np.random.default_rng(0), 0), gaps=False)


@given(st.integers(1, 62), st.integers(-62, 62), st.integers(1, 62), st.booleans(), st.booleans())
def test_wide_formats_are_right_or_refused(
    width: int, shift: int, out: int, signed: bool, out_signed: bool
) -> None:
    source, target = Fixed(width, shift, signed), Fixed(out, 0, out_signed)
    if not 1 <= width - shift <= 62:
        with pytest.raises(ValueError, match="1 to 62 bits"):
            Requantize(Vector(source, 1), target)
        return
    codes = [source.lo, source.lo // 2, 0, 1, source.hi // 3, source.hi]
    codes = [min(code, source.hi) for code in codes]
    got = Requantize(Vector(source, 1), target).forward_int(np.array(codes)[:, None])[:, 0]
    assert got.tolist() == [specified(code, source, target) for code in codes]


@pytest.mark.parametrize("n_stages", [0, 3])
def test_n_stages_is_checked_at_construction(n_stages: int) -> None:
    with pytest.raises(ValueError, match="n_stages"):
        Requantize(Vector(Fixed(8, 2), 1), Fixed(8, 0), n_stages)
