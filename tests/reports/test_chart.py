"""Charts: values land where they belong, and ticks are few, round and inside."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.reports.chart import Axis, Chart


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_linear_ticks_are_few_and_inside(lo: float, width: float) -> None:
    ticks = Axis(lo, lo + width, 0, 100).ticks
    assert 1 <= len(ticks) <= 7
    assert all(lo - 1e-6 * width <= tick <= lo + width * (1 + 1e-6) for tick in ticks)


@given(st.floats(0.5, 1e5), st.floats(2.5, 1e4))
def test_logarithmic_ticks_are_few_and_inside(lo: float, ratio: float) -> None:
    ticks = Axis(lo, lo * ratio, 0, 100, log=True).ticks
    assert 1 <= len(ticks) <= 7
    assert all(lo <= tick <= lo * ratio for tick in ticks)


@pytest.mark.parametrize("log", [False, True])
def test_the_ends_lie_at_the_ends(log: bool) -> None:
    axis = Axis(2, 50, 190, 10, log)
    assert (axis.at(2), axis.at(50)) == (190, 10)


def test_a_band_is_closed_and_goes_there_above_and_back_below() -> None:
    chart = Chart("", Axis(0, 10, 0, 100), Axis(0, 1, 100, 0))
    assert chart.band([0, 10], [0, 0.5], [0.5, 1]) == "M0,50 100,0 100,50 0,100Z"
    assert re.fullmatch(r"M[\d., ]+", chart.path([(0, 0), (3, 0.123456)]))
    assert chart.mark(5, 0.5, "here").x == 50
