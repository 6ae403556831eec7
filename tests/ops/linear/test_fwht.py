import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import hadamard
from support.simulate import Circuit, assert_contract, inputs, simulate

from inrhw.base.errors import InputError, Overflow
from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.constant_matrix import adder_graph
from inrhw.ops.linear.fwht.node import Fwht, butterflies
from inrhw.ops.linear.regroup import Regroup
from inrhw.ops.node import Graph
from inrhw.ops.rotation import Rotation

TINY = [
    (blocks, lanes)
    for blocks in ((1,), (2,), (4,), (2, 1), (1, 1, 1), (2, 2), (2, 1, 1))
    for lanes in (1, 2, sum(blocks))
    if lanes == sum(blocks) or all(block % lanes == 0 for block in blocks)
]


def node(blocks: tuple[int, ...], lanes: int, n_stages: int = 0, **edge: int) -> Fwht:
    return Fwht(Vector(Fixed(8, 7), sum(blocks), lanes, **edge), Rotation(blocks), n_stages)


@pytest.mark.parametrize("m", range(9))
def test_forward_int_is_scipys_hadamard(m: int) -> None:
    x = np.random.default_rng(0).integers(-128, 128, (10, 1 << m))
    assert (node((1 << m,), 1 << m).forward_int(x) == x @ hadamard(1 << m)).all()


@pytest.mark.parametrize(("blocks", "lanes"), TINY)
@pytest.mark.parametrize("element", [Fixed(2, 0), Fixed(2, 1, signed=False)], ids=str)
def test_every_vector_of_tiny_transforms(blocks: tuple[int, ...], lanes: int, element: Fixed) -> None:
    i, rotation = Vector(element, sum(blocks), lanes), Rotation(blocks)
    codes = range(element.lo, element.hi + 1)
    x = np.array(list(itertools.product(codes, repeat=sum(blocks))))
    for n_stages in {0, Fwht(i, rotation, 0).levels}:
        assert_contract(Fwht(i, rotation, n_stages), x, gaps=True)


@pytest.mark.parametrize(
    ("blocks", "lanes"), [((16,), 16), ((16,), 2), ((16, 4), 4), ((24,), 12), ((20,), 20)]
)
def test_registers_can_be_cut_anywhere(blocks: tuple[int, ...], lanes: int) -> None:
    plain = node(blocks, lanes)
    x = inputs(plain, np.random.default_rng(0), 10)[-12:]
    for n_stages in range(plain.levels + 1):
        staged = replace(plain, n_stages=n_stages)
        assert staged.latency == plain.latency + n_stages
        assert len(staged.registered) == n_stages
        assert_contract(staged, x, gaps=False)
    for n_stages in (-1, plain.levels + 1):
        with pytest.raises(ValueError, match=f"n_stages must be from 0 to {plain.levels}"):
            replace(plain, n_stages=n_stages)


@pytest.mark.parametrize(("blocks", "lanes"), [((8,), 8), ((8,), 1), ((8,), 2), ((12,), 12), ((4, 2, 1), 1)])
def test_circuit_twice_is_a_scaling(blocks: tuple[int, ...], lanes: int) -> None:
    first = node(blocks, lanes, 1)
    twice = Graph({"first": first, "second": Fwht(first.o, first.rotation, first.levels)})
    x = inputs(twice, np.random.default_rng(0), 10)[-20:]
    got, _ = simulate(twice, x, gaps=True)
    assert (got == x * first.rotation.scales).all()


@pytest.mark.parametrize(("lanes", "interval"), [(1, 2), (2, 5), (4, 1), (8, 2), (16, 1), (16, 5)])
def test_large_transforms_on_lanes_with_every_pace(lanes: int, interval: int) -> None:
    large = node((32, 32, 16), lanes, 2, beat_interval=interval, banks=2)
    assert_contract(large, np.random.default_rng(0).integers(-128, 128, (8, 80)), gaps=True)


@pytest.mark.parametrize("m", range(1, 7))
def test_on_lanes_there_are_fewer_additions(m: int) -> None:
    n = 1 << m
    for lanes in (1 << k for k in range(m)):
        folded = node((n,), lanes)
        assert len(folded.distances) + math.log2(lanes) == m
        assert len(folded.adders.adders) == lanes * math.log2(lanes)
        assert folded.initiation_interval == n // lanes


@pytest.mark.parametrize("lanes", [3, 5, 8, 20])
def test_any_lanes_after_regrouping(lanes: int) -> None:
    regroup = Regroup(Vector(Fixed(8, 7), 20, lanes, beat_interval=3, banks=2), 4)
    graph = Graph({"regroup": regroup, "fwht": Fwht(regroup.o, Rotation.blocks_of(20), 2)})
    x = np.random.default_rng(0).integers(-128, 128, (12, 20))
    for gaps in (False, True):
        got, delays = simulate(graph, x, gaps=gaps)
        assert (got == x @ Rotation((16, 4)).matrix()).all()
        assert set(delays.tolist()) == {graph.latency}


@pytest.mark.parametrize("blocks", [(8,), (4, 2, 1)])
def test_reset_forgets_the_memories(blocks: tuple[int, ...]) -> None:
    folded = node(blocks, 1, 2, beat_interval=2)
    x = np.random.default_rng(0).integers(-128, 128, (3, sum(blocks)))
    circuit = Circuit(folded)
    for reset_at in range(0, 3 * folded.initiation_interval, 5):
        got, delays = circuit.send(x, gaps=False, reset_at=reset_at)
        assert (got == folded.forward_int(x)).all()
        assert set(delays.tolist()) == {folded.latency}


def evaluated(blocks: tuple[int, ...], x: Codes) -> Codes:
    graph = butterflies(Rotation(blocks))
    values = list(x)
    for adder in graph.adders:
        values.append(sum(term.sign * (values[term.variable] << term.shift) for term in adder.terms))
    return np.array([values[term.variable] << term.shift for term in graph.outputs if term])


@pytest.mark.parametrize(
    "blocks", [(n,) for n in range(1, 65) if n & n - 1 == 0] + [(12, 20, 28), (56, 1, 24)]
)
def test_butterflies_compute_every_column_of_the_matrix(blocks: tuple[int, ...]) -> None:
    columns = np.eye(sum(blocks), dtype=np.int64)
    assert (evaluated(blocks, columns) == Rotation(blocks).matrix()).all()


@pytest.mark.parametrize("n", [2, 4, 8, 16, 32, 24, 40])
def test_a_search_for_shared_sums_finds_nothing_cheaper(n: int) -> None:
    found = adder_graph(Rotation((n,)).matrix(), np.zeros(n, np.int64), Fixed(8, 7), operands=2)
    own = butterflies(Rotation((n,)))
    assert len(own.adders) <= len(found.adders)
    assert own.depth <= found.depth


@pytest.mark.parametrize(
    ("blocks", "lanes"), [((16,), 3), ((4, 8), 4), ((20,), 4), ((16, 4), 8), ((20, 20), 5), ((24,), 8)]
)
def test_lanes_that_do_not_fit_are_refused(blocks: tuple[int, ...], lanes: int) -> None:
    with pytest.raises(InputError, match=rf"cannot be done on {lanes} lanes; lanes must be 2\*\*m"):
        node(blocks, lanes)


def test_input_is_fixed_point_and_as_long_as_the_rotation() -> None:
    with pytest.raises(TypeError, match="Fixed"):
        Fwht(Vector(Phase(8), 2), Rotation((2,)), 0)
    with pytest.raises(ValueError, match="rotation must have length 3, not 2"):
        Fwht(Vector(Fixed(8, 7), 3), Rotation((2,)), 0)


def test_sums_beyond_62_bits_are_refused() -> None:
    widest = Fwht(Vector(Fixed(60, 0), 4), Rotation((4,)), 2)
    x = np.array([[-(1 << 59)] * 4])
    assert widest.forward_int(x).tolist() == [[-(1 << 61), 0, 0, 0]]
    assert_contract(widest, x, gaps=False)
    with pytest.raises(Overflow, match="beyond 62 bits"):
        Fwht(Vector(Fixed(60, 0), 8), Rotation((8,)), 0)
