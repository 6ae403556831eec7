from itertools import pairwise

import numpy as np
import pytest
from support.simulate import assert_contract, inputs

from inrhw.base.errors import GraphError
from inrhw.base.types import Element, Fixed, Phase, Vector
from inrhw.gateware.edge import shape_of
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Graph


def dense(length: int, seed: int) -> Dense:
    weight = np.random.default_rng(seed).integers(-9, 10, (3, length))
    return Dense(Vector(Fixed(5, 2), length), weight, 3, np.array([3, 0, -7]), 2, wrap=False)


@pytest.fixture
def graph() -> Graph:
    first = dense(2, 0)
    back = Requantize(first.o, Fixed(5, 2), 2)
    second = dense(3, 1)
    return Graph({"first": first, "back": back, "second": second, "last": Requantize(second.o, Fixed(4, 0))})


def test_a_graph_applies_its_nodes_in_order(graph: Graph) -> None:
    x = inputs(graph, np.random.default_rng(0))
    y = x
    for node in graph.nodes.values():
        y = node.forward_int(y)
    assert (graph.forward_int(x) == y).all()
    assert (graph.i, graph.o) == (Vector(Fixed(5, 2), 2), Vector(Fixed(4, 0), 3))


def test_a_graph_keeps_the_contract_of_a_node(graph: Graph) -> None:
    assert graph.latency == sum(node.latency for node in graph.nodes.values())
    assert graph.initiation_interval == 1
    assert_contract(graph, inputs(graph, np.random.default_rng(0))[:200], gaps=True)
    assert_contract(graph, inputs(graph, np.random.default_rng(1))[:50], gaps=False)


def test_the_trace_names_what_every_node_got_and_gave(graph: Graph) -> None:
    x = inputs(graph, np.random.default_rng(0))[:5]
    steps = list(graph.trace(x))
    assert [name for name, _, _ in steps] == list(graph.nodes)
    assert (steps[0][1] == x).all()
    assert all((a[2] == b[1]).all() for a, b in pairwise(steps))
    assert (steps[-1][2] == graph.forward_int(x)).all()


def test_without_first_is_the_rest(graph: Graph) -> None:
    rest = graph.without_first()
    assert list(rest.nodes) == ["back", "second", "last"]
    x = inputs(graph, np.random.default_rng(0))[:5]
    assert (rest.forward_int(graph.nodes["first"].forward_int(x)) == graph.forward_int(x)).all()


def test_ends_that_do_not_fit_are_named() -> None:
    with pytest.raises(GraphError, match=r"a puts out 3 x s\d+\.2, but b takes 2 x s5\.2"):
        Graph({"a": dense(2, 0), "b": dense(2, 1)})


def test_an_empty_graph_is_refused() -> None:
    with pytest.raises(GraphError, match="at least one node"):
        Graph({})


@pytest.mark.parametrize("element", [Fixed(5, 2), Fixed(5, 9, signed=False), Phase(7)])
def test_a_wire_is_as_wide_as_its_codes(element: Element) -> None:
    shape = shape_of(element)
    assert (shape.width, shape.signed) == (element.width, element.signed)
