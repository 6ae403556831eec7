"""Literals are found equal only where they are, for all values of what they depend on."""

import random

from inrhw.verification.equivalence.graph import Graph
from inrhw.verification.mutation.exhaustive import Exhaustive


def test_two_sums_in_another_order_are_equal_and_wrong_ones_are_not() -> None:
    graph = Graph()
    bits = [graph.variable() for _ in range(12)]
    one, other = graph.odd(bits), graph.odd(bits[::-1])
    compared = Exhaustive(graph)
    assert one != other
    assert compared.equal(one, other)
    assert not compared.equal(one, other ^ 1)
    assert not compared.equal(one, graph.odd(bits[:-1]))


def test_what_depends_on_more_is_compared_behind_what_both_share() -> None:
    graph = Graph()
    many, few = [graph.variable() for _ in range(40)], [graph.variable() for _ in range(4)]
    gate = graph.all(many)
    ways = graph.odd(few), graph.odd([few[0], few[2], few[1], few[3]])
    assert ways[0] != ways[1]
    assert Exhaustive(graph).equal(*(graph.mux(gate, way, many[3]) for way in ways))
    assert not Exhaustive(graph).equal(graph.odd(many), graph.odd(many[::-1]))  # nobody looked


def test_nothing_is_found_equal_that_random_values_tell_apart() -> None:
    rng = random.Random(0)
    for _ in range(30):
        graph = Graph()
        literals = [graph.variable() for _ in range(8)]
        for _ in range(60):
            one, other = rng.sample(literals, 2)
            literals.append(graph.and_(one ^ rng.randrange(2), other ^ rng.randrange(2)))
        compared = Exhaustive(graph)
        for one in literals[-8:]:
            for other in literals[-8:]:
                values = graph.simulate([one, other], 4096, {})
                assert compared.equal(one, other) == (values[0] == values[1])
