"""Lanes that add and subtract give the sums that integers give, at the declared time, whatever the inputs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.dot_products import run, running_sums

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed, Vector
from inrhw.gateware.multipliers.mac import MAC_LATENCY
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.signs import SignSum, beyond_sum, from_words, to_words

VECTOR = Vector(Fixed(6, 5), 4, 4)


def dense(weight: list[list[int]], shift: int = 4, wrap: bool = True) -> Dense:
    """Return a layer whose integers have so many fraction bits more than its output."""
    return Dense(VECTOR, np.array(weight), shift, np.arange(len(weight)), 5, wrap)


@settings(max_examples=25, deadline=None)
@example(seed=0, bits=2, simd=4, x_width=3, terms=8)  # as large as a sum can be, in as many lanes and steps
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.sampled_from([1, 2]),
    simd=st.integers(1, 5),
    x_width=st.integers(2, 9),
    terms=st.integers(1, 20),
)
def test_signs_are_summed_until_the_sum_restarts(
    seed: int, bits: int, simd: int, x_width: int, terms: int
) -> None:
    rng = np.random.default_rng(seed)
    steps = -(-terms // simd)
    cycles = 12 * steps
    signs = rng.choice([-1, 1] if bits == 1 else [-1, 0, 1], (cycles, simd))
    x = rng.integers(-(1 << x_width - 1), 1 << x_width - 1, (cycles, simd))
    # Both ends, with both signs.
    for first, (sign, end) in enumerate(((1, -1), (-1, -1), (1, 0), (-1, 0))):
        several = slice(first * steps, (first + 1) * steps)
        signs[several], x[several] = sign, (end << x_width - 1) + (end == 0) * ((1 << x_width - 1) - 1)
    starts = np.arange(cycles) % steps == 0
    component = SignSum(simd, bits, x_width, steps * simd)
    words = to_words(signs, bits)
    operands = {"a": np.where(words >> bits - 1, words - (1 << bits), words), "b": x}
    got = run(component, operands, starts, MAC_LATENCY, ["p"])
    sums = running_sums((signs * x).sum(axis=1), starts)
    beyond = running_sums(beyond_sum(signs, 1), starts)
    assert np.array_equal(-got[:, 0], sums + beyond)


@pytest.mark.parametrize("bits", [1, 2])
def test_every_word_is_a_sign_or_a_zero(bits: int) -> None:
    words = np.arange(1 << bits)
    signs = from_words(words, bits)
    assert set(signs.tolist()) == ({1, -1} if bits == 1 else {0, 1, -1})
    assert np.array_equal(from_words(to_words(signs, bits), bits), signs)


def test_rows_have_a_power_of_two_of_their_own_and_memories_only_signs() -> None:
    node = FoldedDense.of(dense([[8, -8, 0, 8], [0, 1, 1, -1]]), VECTOR, Fold(1, 2), sign_bits=2)
    assert node.weight.tolist() == [[[1, -1, 0, 1], [0, 1, 1, -1]]]
    assert node.shift.tolist() == [[1, 4]]
    assert [memory.width for lane in node.lane_contents() for memory in lane] == [2, 2]


def test_a_weight_too_large_for_its_output_is_a_power_of_two_in_all_rows() -> None:
    node = FoldedDense.of(dense([[64, -64, 0, 64], [0, 1, 1, -1]]), VECTOR, Fold(1, 2), sign_bits=2)
    assert node.format.level == 2
    assert np.unique(node.weight).tolist() == [-4, 0, 4]


def test_a_row_of_zeros_widens_no_shift() -> None:
    node = FoldedDense.of(dense([[0, 0, 0, 0], [8, 0, 8, -8]]), VECTOR, Fold(1, 2), sign_bits=2)
    assert node.format.shift_bits == 0
    x = np.arange(-8, 8).reshape(4, 4)
    assert np.array_equal(node.forward_int(x), dense([[0, 0, 0, 0], [8, 0, 8, -8]]).forward_int(x))


def test_one_bit_a_weight_does_only_where_every_lane_has_an_input() -> None:
    layer = dense([[8, -8, 8, 8], [1, 1, 1, -1]])
    widths = [
        FoldedDense.of(layer, VECTOR, Fold(1, simd), sign_bits=1).format.weight_bits for simd in (1, 2, 3, 4)
    ]
    assert widths == [1, 1, 2, 1]


def test_weights_of_several_magnitudes_are_no_signs() -> None:
    for weight in ([[8, 4, 0, 0]], [[3, 3, -3, 0]]):
        with pytest.raises(ValueError, match="or its opposite, or 0"):
            FoldedDense.of(dense(weight), VECTOR, Fold(1, 2), sign_bits=2)
    with pytest.raises(ValueError, match=r"or its opposite$"):
        FoldedDense.of(dense([[8, 8, -8, 0]]), VECTOR, Fold(1, 2), sign_bits=1)


def test_what_loadable_memories_cannot_hold_is_refused() -> None:
    room, two = MemoryFormat(2, 3, 5, 20, level=0), replace(VECTOR, banks=2)
    assert FoldedDense.of(dense([[1, -1, 0, 1]]), two, Fold(1, 2), room, sign_bits=2).shift.tolist() == [[4]]
    with pytest.raises(InputError, match="neuron 0 has weights that signs and a shift from 3 to 5 cannot"):
        FoldedDense.of(dense([[8, -8, 0, 8]]), two, Fold(1, 2), room, sign_bits=2)


def test_signs_cost_no_multiplier_and_share_none() -> None:
    layer = dense([[8, -8, 8, 8], [1, 1, 1, -1]])
    node = FoldedDense.of(layer, VECTOR, Fold(2, 2), sign_bits=1, packed=True)
    assert not node.packed
    assert node.cost().dsp == 0
    assert FoldedDense.of(layer, VECTOR, Fold(2, 2)).cost().dsp == 4
