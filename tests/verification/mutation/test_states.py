"""States that were seen are taken for all only where that is proven."""

from pathlib import Path

from support.abc_there import NEEDS_ABC

from inrhw.verification.equivalence.aiger import Machine
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.mutation.states import only_states

pytestmark = NEEDS_ABC


def counter(last: int, often: int) -> tuple[Machine, list[Literal]]:
    """Return a counter from 0 to `last`, which counts when `often` inputs are all 1."""
    graph = Graph()
    inputs = {f"step[{k}]": graph.variable() >> 1 for k in range(often)}
    bits = [graph.variable() for _ in range(4)]
    step, carry, following = graph.all(node << 1 for node in inputs.values()), 1, []
    at_end = graph.all(bit ^ (~last >> k & 1) for k, bit in enumerate(bits))
    for bit in bits:
        after = graph.and_(graph.xor(bit, carry), at_end ^ 1)
        carry = graph.and_(carry, bit)
        following.append(graph.mux(step, after, bit))
    registers = {f"count[{k}]": bit >> 1 for k, bit in enumerate(bits)}
    return Machine(graph, inputs, registers, tuple(following), {}), following


def test_a_counter_has_the_states_up_to_its_last(tmp_path: Path) -> None:
    machine, following = counter(last=9, often=1)
    (found,) = only_states(machine, following, [list(machine.registers.values())], tmp_path)
    assert found.states == tuple(range(10))


def test_states_that_a_short_simulation_misses_are_not_denied(tmp_path: Path) -> None:
    machine, following = counter(last=9, often=150)
    assert only_states(machine, following, [list(machine.registers.values())], tmp_path) == []
