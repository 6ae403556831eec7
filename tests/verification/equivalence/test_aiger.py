"""A circuit that goes through a file stays what it is."""

import random

from inrhw.verification.equivalence.aiger import read_aiger, write_aiger
from inrhw.verification.equivalence.graph import Graph

NAMES = "i0 a\ni1 b[1] other[0]\ni2 c\nl0 state[0]\no0 y\no1 z\n"


def drawn(graph: Graph, leaves: list[int], rng: random.Random) -> list[int]:
    literals = [node << 1 for node in leaves]
    for _ in range(300):
        one, other = rng.sample(literals, 2)
        literals.append(graph.and_(one ^ rng.randrange(2), other ^ rng.randrange(2)))
    return literals[-3:]


def test_what_is_written_is_read_again() -> None:
    for seed in range(20):
        graph = Graph()
        inputs = [graph.variable() >> 1 for _ in range(3)]
        registers = [graph.variable() >> 1 for _ in range(2)]
        following, *outputs = drawn(graph, [*inputs, *registers], random.Random(seed))
        data = write_aiger(graph, inputs, outputs, registers, [following, following ^ 1])
        read = read_aiger(data + NAMES.encode() + b"c\nmade by hand\n")
        assert list(read.inputs) == ["a", "b[1] other[0]", "c"]
        assert list(read.registers) == ["state[0]", "l1"]
        assert list(read.outputs) == ["y", "z"]
        columns = [random.Random(f"{seed} {k}").getrandbits(64) for k in range(5)]
        before, after = (
            each.simulate(list(ends), 64, dict(zip(leaves, columns, strict=True)))
            for each, ends, leaves in (
                (graph, [following, following ^ 1, *outputs], [*inputs, *registers]),
                (
                    read.graph,
                    [*read.following, *read.outputs.values()],
                    [*read.inputs.values(), *read.registers.values()],
                ),
            )
        )
        assert before == after
