"""Dot products on two chains give the sums that integers give, whatever the widths that they accept."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.dot_products import run, running_sums

from inrhw.base.errors import InputError
from inrhw.gateware.multipliers.mac import WIDE_LATENCY, WideDotProduct, check_wide, fits_multiplier, is_wide


def accepts(a_width: int, b_width: int, terms: int, sum_width: int) -> bool:
    try:
        check_wide(a_width, b_width, terms, sum_width)
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    ("a_width", "b_width", "fits"),
    [(27, 18, True), (18, 27, True), (28, 2, False), (2, 28, False), (19, 19, False), (24, 24, False)],
)
def test_one_block_multiplies_27_by_18_bits_either_way_round(a_width: int, b_width: int, fits: bool) -> None:
    assert fits_multiplier(a_width, b_width) == fits


def test_a_sum_is_wide_where_its_own_bits_exceed_48() -> None:
    # A product of 27 and 18 bits has 45, eight have 48 and nine 49.
    assert not is_wide(27, 18, 8, 60)
    assert is_wide(27, 18, 9, 60)
    assert not is_wide(27, 18, 1000, 48)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    a_width=st.integers(2, 27),
    b_width=st.integers(2, 34),
    simd=st.integers(1, 3),
    per_sum=st.integers(1, 5),
    sum_width=st.integers(4, 62),
)
@example(seed=0, a_width=24, b_width=24, simd=2, per_sum=16, sum_width=54)
@example(seed=0, a_width=24, b_width=24, simd=1, per_sum=1, sum_width=48)
@example(seed=0, a_width=27, b_width=33, simd=3, per_sum=2, sum_width=62)
@example(seed=0, a_width=27, b_width=18, simd=3, per_sum=5, sum_width=50)
@example(seed=0, a_width=19, b_width=19, simd=1, per_sum=4, sum_width=42)
def test_every_sum_is_that_of_integers(
    *, seed: int, a_width: int, b_width: int, simd: int, per_sum: int, sum_width: int
) -> None:
    if not accepts(a_width, b_width, simd * per_sum, sum_width):
        return
    rng = np.random.default_rng(seed)
    a, b = (
        rng.integers(-(1 << width - 1), 1 << width - 1, (8 * per_sum, simd)) for width in (a_width, b_width)
    )
    # Whole sums of the largest magnitude, of either sign.
    for k, (from_a, from_b) in enumerate(((True, True), (True, False), (False, True))):
        here = slice(k * per_sum, (k + 1) * per_sum)
        a[here] = -(1 << a_width - 1) if from_a else (1 << a_width - 1) - 1
        b[here] = -(1 << b_width - 1) if from_b else (1 << b_width - 1) - 1
    starts = np.arange(len(a)) % per_sum == 0
    got = run(
        WideDotProduct(simd, a_width, b_width, sum_width), {"a": a, "b": b}, starts, WIDE_LATENCY, ["p"]
    )
    # int64 wraps in the same way for both.
    exact = running_sums((a * b).sum(axis=1), starts)
    assert ((got[:, 0] - exact) % (1 << sum_width) == 0).all()
    assert (got[:, 0] >> sum_width - 1 == got[:, 0] >> 62).all()


@pytest.mark.parametrize("terms", [2, 32, 256])
def test_any_number_of_products_of_24_bits_has_room(terms: int) -> None:
    assert is_wide(24, 24, terms, 62)
    check_wide(24, 24, terms, 62)


@pytest.mark.parametrize(("a_width", "b_width", "terms"), [(28, 24, 32), (27, 37, 1), (27, 34, 32)])
def test_what_two_blocks_cannot_sum_is_refused(a_width: int, b_width: int, terms: int) -> None:
    with pytest.raises(
        InputError, match=f"{terms} products of weights of {a_width} bits and inputs of {b_width} bits; use"
    ):
        check_wide(a_width, b_width, terms, 62)
