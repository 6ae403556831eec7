"""What is said of a value that may be 0 or 1 holds for each value that it may have."""

import random

import numpy as np

from inrhw.verification.equivalence.graph import Graph
from inrhw.verification.mutation.ternary import BothSides, Values

ONES = ~np.uint64(0)


def test_what_is_known_of_both_cores_is_true_whatever_is_not_known() -> None:
    rng = random.Random(0)
    for _ in range(20):
        graph = Graph()
        known, fault, open_ = ([graph.variable() for _ in range(count)] for count in (4, 1, 3))
        literals = [*known, *fault, *open_]
        for _ in range(40):
            one, other = rng.sample(literals, 2)
            literals.append(graph.and_(one ^ rng.randrange(2), other ^ rng.randrange(2)))
        ends = literals[-10:]
        given = [literal >> 1 for literal in (*known, *fault)]
        sides = BothSides(graph, ends, given, {fault[0] >> 1})
        # 0, 1 or either for what is known; the fault is in one core.
        told = [rng.choice([(1, 0), (0, 1), (1, 1)]) for _ in known]
        right = np.array([*told, (0, 1)], np.uint64).T[..., None] * ONES
        wrong = np.array([*told, (1, 0)], np.uint64).T[..., None] * ONES
        same = np.array([*[1] * len(known), 0], np.uint64)[:, None] * ONES
        found = sides.compute(Values(right[0], right[1], wrong[0], wrong[1], same))
        for _ in range(30):
            values = {literal >> 1: rng.randrange(2) for literal in open_}
            values |= {
                literal >> 1: rng.choice([bit for bit, may in ((1, high), (0, low)) if may])
                for literal, (high, low) in zip(known, told, strict=True)
            }
            core = graph.simulate(ends, 1, values | {fault[0] >> 1: 0})
            faulty = graph.simulate(ends, 1, values | {fault[0] >> 1: 1})
            for k, (a, b) in enumerate(zip(core, faulty, strict=True)):
                assert (found.high if a else found.low)[k, 0] & 1
                assert (found.wrong_high if b else found.wrong_low)[k, 0] & 1
                assert a == b or not found.same[k, 0] & 1


def test_a_known_input_decides_and_what_cannot_differ_is_the_same() -> None:
    graph = Graph()
    select, fault, free = (graph.variable() for _ in range(3))
    ends = [graph.mux(select, fault, free), graph.and_(free, free ^ 1), graph.and_(fault, free)]
    sides = BothSides(graph, ends, [select >> 1, fault >> 1], {fault >> 1})
    zero, one = np.zeros((1, 1), np.uint64), np.full((1, 1), ONES)
    columns = (zero, one), (one, zero)  # select is 0; the fault is 0 in one core and 1 in the other
    high, low = (np.concatenate([columns[0][k], columns[0][k]]) for k in (0, 1))
    wrong_high, wrong_low = (np.concatenate([columns[0][k], columns[1][k]]) for k in (0, 1))
    found = sides.compute(Values(high, low, wrong_high, wrong_low, np.concatenate([one, zero])))
    assert [bool(row[0]) for row in found.same] == [True, True, False]
    assert not found.high[1, 0]
