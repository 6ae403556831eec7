from fractions import Fraction
from math import floor

import torch
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.types import Fixed
from inrhw.ops.rounding import quantize, round_to

values = st.floats(-300, 300, width=32)


def rounded(value: float, frac: int) -> Fraction:
    return Fraction(floor(Fraction(value) * Fraction(2) ** frac + Fraction(1, 2))) / Fraction(2) ** frac


@given(values, st.integers(-3, 12))
def test_round_to_rounds_half_up(value: float, frac: int) -> None:
    assert Fraction(round_to(torch.tensor(value, dtype=torch.float64), frac).item()) == rounded(value, frac)


def test_ties_go_up_on_both_sides_of_zero() -> None:
    assert round_to(torch.tensor([-1.5, -0.5, 0.5, 1.5]), 0).tolist() == [-1, 0, 1, 2]


@given(values, st.integers(2, 12), st.integers(-2, 12), st.booleans(), st.booleans())
def test_quantize_saturates_after_rounding(
    value: float, width: int, frac: int, signed: bool, symmetric: bool
) -> None:
    element = Fixed(width, frac, signed)
    step = Fraction(2) ** -frac
    lo = -element.hi if symmetric else element.lo
    expected = max(lo * step, min(element.hi * step, rounded(value, frac)))
    got = quantize(torch.tensor(value, dtype=torch.float64), element, symmetric)
    assert Fraction(got.item()) == expected


@given(values.filter(bool), st.integers(2, 12), st.integers(-2, 12))
def test_a_mid_rise_value_is_a_half_step_from_codes_and_odd(value: float, width: int, frac: int) -> None:
    element = Fixed(width, frac, mid_rise=True)
    x = torch.tensor([value, -value], dtype=torch.float64, requires_grad=True)
    y = quantize(x, element)
    y.sum().backward()  # type: ignore[no-untyped-call]
    code = min(floor(abs(Fraction(value)) * Fraction(2) ** frac), element.hi)
    expected = (code + Fraction(1, 2)) * Fraction(2) ** -frac * (1 if value > 0 else -1)
    assert [Fraction(each) for each in y.tolist()] == [expected, -expected]
    inside = abs(value) * 2.0**frac < element.hi
    assert x.grad is not None and (x.grad.tolist() == [1, 1] or not inside)


def test_the_gradient_passes_rounding_and_stops_at_saturation() -> None:
    x = torch.tensor([0.3, 5.0, -5.0], requires_grad=True)
    quantize(x, Fixed(4, 3)).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert x.grad.tolist() == [1, 0, 0]
