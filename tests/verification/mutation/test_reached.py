"""A fault is found harmless where no state of the core meets it, and where no difference is left."""

from pathlib import Path

import pytest
from support.abc_there import NEEDS_ABC

from inrhw.verification.equivalence.aiger import Machine
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.mutation.harmless import Both
from inrhw.verification.mutation.reached import reach_the_same

pytestmark = NEEDS_ABC

#: What a table of two bits says of 0, 1, 2, and of 3, which never comes.
TABLE = (0b01, 0b10, 0b11, 0b00)


def core(wrong_word: int, wrong_bit: int, kept: int) -> Both:
    """Return a core that counts 0, 1, 2 when a pixel is asked for, and looks the count up.

    A bit of a word is wrong with the fault. What is looked up goes to the next node, which keeps one bit.
    """
    graph = Graph()
    choice, reset, ready = graph.variable(), graph.variable(), graph.variable()
    credit, count, valid = graph.variable(), [graph.variable() for _ in range(2)], graph.variable()
    payload = [graph.variable() for _ in range(2)]
    out, out_valid = graph.variable(), graph.variable()

    def at(number: int) -> Literal:
        return graph.all(bit ^ (~number >> k & 1) for k, bit in enumerate(count))

    up = [graph.any([at(0)]), graph.any([at(1)])]
    after = [graph.and_(reset, graph.mux(credit, *pair)) for pair in zip(up, count, strict=True)]
    words = [
        [
            (word >> bit & 1) ^ (choice if (number, bit) == (wrong_word, wrong_bit) else FALSE)
            for bit in (0, 1)
        ]
        for number, word in enumerate(TABLE)
    ]
    looked_up = [graph.any(graph.and_(at(n), words[n][bit]) for n in range(4)) for bit in (0, 1)]
    registers = {
        "gate.left": (credit, ready),
        "network.count[0]": (count[0], after[0]),
        "network.count[1]": (count[1], after[1]),
        "network.valid_d1": (valid, graph.and_(reset, credit)),
        "network.i__payload$4[0]": (payload[0], looked_up[0]),
        "network.i__payload$4[1]": (payload[1], looked_up[1]),
        "network.out_valid": (out_valid, graph.and_(reset, valid)),
        "fifo.data": (out, graph.mux(valid, payload[kept], out)),
    }
    machine = Machine(
        graph,
        {"aresetn": reset >> 1, "m_axis_tready": ready >> 1, "fault": choice >> 1},
        {name: node >> 1 for name, (node, _) in registers.items()},
        tuple(end for _, end in registers.values()),
        {"m_axis_tdata": out, "m_axis_tvalid": out_valid},
    )
    return Both(machine, (choice >> 1,), 1, ())


@pytest.mark.parametrize("word", range(4))
def test_only_a_word_that_is_never_looked_up_may_be_wrong(word: int, tmp_path: Path) -> None:
    assert reach_the_same(core(word, 1, kept=1), tmp_path) == (word == 3)


@pytest.mark.parametrize("word", range(4))
def test_a_bit_that_the_next_node_drops_may_be_wrong(word: int, tmp_path: Path) -> None:
    assert reach_the_same(core(word, 0, kept=1), tmp_path)
    assert reach_the_same(core(word, 0, kept=0), tmp_path) == (word == 3)
