"""Chains of multiply-accumulates give the sums that integers give, at the declared time."""

import itertools

import numpy as np
import pytest
from amaranth.hdl import Fragment
from numpy.typing import NDArray
from support.dot_products import run, running_sums

from inrhw.gateware.multipliers.mac import (
    MAC_LATENCY,
    MAX_PACKED_SIMD,
    PACKED_LATENCY,
    PACKED_SHIFT,
    DotProduct,
    PackedDotProduct,
)


def random_starts(steps: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    starts = rng.random(steps) < 0.2
    starts[0] = True
    return starts


@pytest.mark.parametrize(("simd", "a_width", "b_width"), [(1, 8, 8), (3, 8, 6), (2, 27, 18)])
def test_a_dot_product_sums_until_it_restarts(simd: int, a_width: int, b_width: int) -> None:
    rng = np.random.default_rng(simd)
    widths = {"a": a_width, "b": b_width}
    operands = {k: rng.integers(-(1 << w - 1), 1 << w - 1, (200, simd)) for k, w in widths.items()}
    starts = random_starts(200, rng)
    got = run(DotProduct(simd, a_width, b_width), operands, starts, MAC_LATENCY, ["p"])
    assert np.array_equal(got[:, 0], running_sums((operands["a"] * operands["b"]).sum(axis=1), starts))


@pytest.mark.parametrize("simd", [1, 2, 5, MAX_PACKED_SIMD])
def test_packed_sums_are_those_of_two_dot_products(simd: int) -> None:
    rng = np.random.default_rng(simd)
    lo, hi = rng.integers(-127, 128, (2, 300, simd))
    b = rng.integers(-128, 128, (300, simd))
    # The largest and smallest of both sums, in all combinations.
    corners = itertools.product((-127, 127), (-127, 127), (-128, 127))
    for step, corner in enumerate(corners):
        lo[step], hi[step], b[step] = corner
    starts = random_starts(300, rng)
    got = run(
        PackedDotProduct(simd, 24), {"a_lo": lo, "a_hi": hi, "b": b}, starts, PACKED_LATENCY, ["p_lo", "p_hi"]
    )
    assert np.array_equal(got[:, 0], running_sums((lo * b).sum(axis=1), starts))
    assert np.array_equal(got[:, 1], running_sums((hi * b).sum(axis=1), starts))


def test_sums_of_packed_products_never_reach_into_each_other() -> None:
    assert MAX_PACKED_SIMD * 127 * 128 < 1 << PACKED_SHIFT - 1
    assert (MAX_PACKED_SIMD + 1) * 127 * 128 >= 1 << PACKED_SHIFT - 1
    # Both weights in the 27 bits of the pre-adder.
    assert (127 << PACKED_SHIFT) + 127 < 1 << 26


def test_a_chain_that_is_too_long_to_pack_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 16 packed multipliers make a chain, not 17"):
        Fragment.get(PackedDotProduct(17, 24), None)
