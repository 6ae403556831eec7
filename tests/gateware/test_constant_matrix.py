from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inrhw.base.types import Codes, Fixed
from inrhw.gateware.adder_graph import AdderGraph, Input, Term
from inrhw.gateware.adders import adders_cost
from inrhw.gateware.constant_matrix import adder_graph, signed_digits

#: What most matrices here multiply.
BYTE = Fixed(8, 7)

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))
#: Few different values, so that rows share much; and overlapping patterns such as 0b1010101.
few = st.sampled_from([0, 1, -1, 2, -4, 3, 5, -5, 21, 85, -85, 341, 7, -64])
matrices = shapes.flatmap(
    lambda shape: hnp.arrays(np.int64, shape, elements=st.one_of(few, st.integers(-(2**15), 2**15 - 1)))
)


def evaluate(graph: AdderGraph, x: Codes) -> Codes:
    """Compute the outputs of an adder graph for int64 vectors [batch, length], as its adders do."""
    values = [x[:, number] >> dropped for number, dropped in graph.inputs]
    values += [np.full(len(x), constant, np.int64) for constant in graph.constants]
    for adder in graph.adders:
        values.append(
            np.sum([term.sign * (values[term.variable] << term.shift) for term in adder.terms], axis=0)
        )
    zero = np.zeros(len(x), np.int64)
    columns = [term.sign * (values[term.variable] << term.shift) if term else zero for term in graph.outputs]
    return np.stack(columns, axis=1)


@given(st.integers(-(2**40), 2**40))
def test_signed_digits_are_canonical(value: int) -> None:
    digits = signed_digits(value)
    assert sum(sign << shift for shift, sign in digits) == value
    shifts = [shift for shift, _ in digits]
    assert all(b - a >= 2 for a, b in pairwise(shifts))
    assert all(sign in (1, -1) for _, sign in digits)


def check(weight: Codes, bias: Codes, operands: int = 3) -> AdderGraph:
    graph = adder_graph(weight, bias, BYTE, operands=operands)
    x = np.random.default_rng(0).integers(-(2**12), 2**12, (20, weight.shape[1]))
    x[0], x[1] = 0, -(2**12)
    assert (evaluate(graph, x) == x @ weight.T + bias).all()
    return graph


@given(matrices, st.sampled_from([2, 3]), st.data())
def test_adders_compute_the_product(weight: Codes, operands: int, data: st.DataObject) -> None:
    bias = data.draw(hnp.arrays(np.int64, len(weight), elements=st.integers(-(2**20), 2**20) | st.just(0)))
    graph = check(weight, bias, operands)
    for k, adder in enumerate(graph.adders, graph.first_adder):
        assert 2 <= len(adder.terms) <= operands
        assert max(term.variable for term in adder.terms) < k
        shifts = [term.shift for term in adder.terms]
        assert shifts == sorted(shifts)
        assert shifts[0] == 0
        assert any(term.sign > 0 for term in adder.terms)
    # The circuit writes an output as it is: it cannot negate.
    assert all(term is None or term.sign == 1 for term in graph.outputs)
    nothing = [not row.any() and b == 0 for row, b in zip(weight, bias, strict=True)]
    assert [term is None for term in graph.outputs] == nothing


@given(matrices, st.sampled_from([2, 3]))
def test_a_row_that_is_minus_another_has_a_positive_sign(weight: Codes, operands: int) -> None:
    """What they share may leave only negative terms in a row that began with others, and has no constant."""
    both = np.concatenate([weight, -weight])
    graph = check(both, np.zeros(len(both), np.int64), operands)
    assert all(term is None or term.sign == 1 for term in graph.outputs)


def test_a_result_that_would_have_to_be_negated_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a positive sign"):
        AdderGraph((Input(0),), (), (), (Term(0, 0, -1),))


@given(matrices, st.integers(0, 12))
def test_what_is_cut_of_the_digits_is_not_added(weight: Codes, cut: int) -> None:
    graph = adder_graph(weight, np.zeros(len(weight), np.int64), BYTE, cut=cut)
    x = np.random.default_rng(0).integers(BYTE.lo, BYTE.hi + 1, (20, weight.shape[1]))
    sums = evaluate(graph, x) << cut
    # The bias has no part in it, so all that is left is that of each digit: less than a unit of it is lost.
    digits = [sum(len(signed_digits(int(w))) for w in row) for row in weight]
    assert (abs(sums - x @ weight.T) <= (np.array(digits) << cut)).all()
    assert cut or (sums == x @ weight.T).all()


def test_nothing_is_added_for_powers_of_two() -> None:
    graph = check(np.array([[4, 0], [0, 1]]), np.zeros(2, np.int64))
    assert graph.adders == ()
    assert graph.depth == 0


def test_equal_rows_are_built_once() -> None:
    row = [77, -91, 53]
    one, five = (check(np.array([row] * n), np.zeros(n, np.int64)) for n in (1, 5))
    assert len(one.adders) == len(five.adders)


@given(matrices)
def test_sharing_never_costs_adders(weight: Codes) -> None:
    terms = [sum(len(signed_digits(int(w))) for w in row) for row in weight]
    # A row of only negative terms takes a constant zero to start from.
    most = sum(terms)
    assert len(check(weight, np.zeros(len(weight), np.int64)).adders) <= most


def test_a_tree_is_as_shallow_as_it_can_be() -> None:
    # 16 terms that share nothing: powers of two far apart.
    weight = np.array([[1 << k for k in range(16)]])
    assert check(weight, np.zeros(1, np.int64), operands=2).depth == 4
    assert check(weight, np.zeros(1, np.int64)).depth == 3


def test_low_bits_of_what_is_subtracted_pass_by_the_carry_chain_too() -> None:
    graph = check(np.array([[-1, 8, 64]]), np.zeros(1, np.int64), operands=2)
    assert [adder.alone for adder in graph.adders] == [3, 0]


def test_the_same_matrix_gives_the_same_adders() -> None:
    weight = np.random.default_rng(0).integers(-127, 128, (8, 8))
    bias = np.arange(8)
    assert adder_graph(weight, bias, BYTE) == adder_graph(weight.copy(), bias.copy(), BYTE)


def test_three_operands_take_three_tenths_fewer_luts() -> None:
    weight, bias = np.random.default_rng(0).integers(-127, 128, (8, 8)), np.arange(8)
    graphs = [adder_graph(weight, bias, BYTE, keep=16, operands=operands) for operands in (2, 3)]
    two, three = (adders_cost(graph, BYTE, registered=(), keep=16).lut for graph in graphs)
    assert three < 0.7 * two
