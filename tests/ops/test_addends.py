"""What is cut off the addends of a sum is said alike in numpy, in torch, and digit by digit."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.base.types import Fixed
from inrhw.gateware.constant_matrix import signed_digits
from inrhw.ops.addends import Cut, digits_at


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=4))
def test_digits_are_those_that_the_circuit_finds_one_by_one(codes: list[int]) -> None:
    found = np.stack([digits_at(np.array(codes), place) for place in range(43)])
    for k, code in enumerate(codes):
        assert [(p, sign) for p, sign in enumerate(found[:, k].tolist()) if sign] == signed_digits(code)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 14), st.integers(1, 9), st.booleans())
def test_all_of_a_sum_is_kept_or_lost_within_its_bounds(
    seed: int, place: int, width: int, signed: bool
) -> None:
    rng = np.random.default_rng(seed)
    cut = Cut(place, Fixed(width, 0, signed=signed))
    weight = rng.integers(-500, 500, (3, 4))
    x = rng.integers(cut.element.lo, cut.element.hi + 1, (50, 4))
    kept, (least, most) = cut.products(x, weight), cut.lost(weight)
    assert not (kept & ((1 << place) - 1)).any()
    lost = x @ weight.T - kept
    assert (least <= lost).all() and (lost <= most).all()
    in_torch = cut.lost_beyond_mean(torch.from_numpy(x).double(), torch.from_numpy(weight))
    assert (2 * in_torch.numpy() == 2 * lost - (least + most)).all()
