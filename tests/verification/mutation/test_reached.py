"""A fault is found harmless where no state of the core meets it, and where no difference is left."""

import random
from pathlib import Path

import pytest
from support.abc_there import NEEDS_ABC

from inrhw.verification.equivalence.aiger import Machine
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
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


def drawn(rng: random.Random) -> Both:
    """Return a core of any gates, of which one is wrong with the fault."""
    graph = Graph()
    choice, reset, *ready = (graph.variable() for _ in range(4))
    credits = [graph.variable() for _ in ready]
    inner, out = [graph.variable() for _ in range(5)], graph.variable()
    literals = [*inner, graph.all(credits)]
    wrong = rng.randrange(20)
    for number in range(20):
        one, other = (literal ^ rng.randrange(2) for literal in rng.sample(literals, 2))
        gate = graph.and_(one, other)
        literals.append(graph.mux(choice, one, gate) if number == wrong else gate)
    after = [graph.and_(reset if k % 2 else TRUE, rng.choice(literals)) for k in range(len(inner))]
    registers = {f"gate.left[{k}]": pair for k, pair in enumerate(zip(credits, ready, strict=True))}
    registers |= {f"network.r[{k}]": pair for k, pair in enumerate(zip(inner, after, strict=True))}
    registers["fifo.data"] = (out, rng.choice(literals))
    inputs = {"aresetn": reset, "fault": choice} | {f"ready[{k}]": node for k, node in enumerate(ready)}
    machine = Machine(
        graph,
        {name: literal >> 1 for name, literal in inputs.items()},
        {name: node >> 1 for name, (node, _) in registers.items()},
        tuple(end for _, end in registers.values()),
        {"m_axis_tdata": out},
    )
    return Both(machine, (choice >> 1,), 1, ())


def differs(both: Both, rng: random.Random) -> bool:
    """Return whether the output differs in some of 64 simulations."""
    machine = both.machine
    states = [dict.fromkeys(machine.registers.values(), 0) for _ in range(2)]
    for _ in range(200):
        inputs = {node: rng.getrandbits(64) | rng.getrandbits(64) for node in machine.inputs.values()}
        for number, state in enumerate(states):
            values = state | inputs | {both.choice[0]: -number % (1 << 64)}
            after = machine.graph.simulate(machine.following, 64, values)
            states[number] = dict(zip(state, after, strict=True))
        if len({state[machine.registers["fifo.data"]] for state in states}) > 1:
            return True
    return False


def test_nothing_that_a_simulation_tells_apart_is_found_harmless(tmp_path: Path) -> None:
    rng = random.Random(0)
    ends = [(reach_the_same(both, tmp_path), differs(both, rng)) for both in (drawn(rng) for _ in range(150))]
    assert (True, True) not in ends
    assert ends.count((True, False)) > 10
    assert ends.count((False, True)) > 10
