"""States that counters of a core ever have, seen in a simulation and proven to be all."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inrhw.verification.equivalence.abc import different_pairs, find_abc
from inrhw.verification.equivalence.aiger import Machine
from inrhw.verification.equivalence.graph import Graph, Literal

#: Clocks that are simulated, and how many times at once; most states of a set; seconds of its proof.
_CLOCKS, _TIMES, _MOST, _PROOF_S = 1500, 16, 1000, 20.0

#: Gates up to which that takes seconds.
_GATES = 40_000


@dataclass(frozen=True)
class Counter:
    """Registers that count together, and all the states that they ever have; bit k is that of register k."""

    registers: tuple[int, ...]
    states: tuple[int, ...]

    def holds(self, graph: Graph) -> Literal:
        """Return whether the registers are in one of the states."""
        bits = [node << 1 for node in self.registers]
        return graph.any(
            graph.all(bit ^ (~state >> k & 1) for k, bit in enumerate(bits)) for state in self.states
        )

    def any_state(self, graph: Graph) -> dict[int, Literal]:
        """Return functions of a few new inputs that replace the registers and give each state."""
        index = [graph.variable() for _ in range((len(self.states) - 1).bit_length())]
        chosen = [
            graph.all(bit ^ (~number >> k & 1) for k, bit in enumerate(index))
            for number in range(len(self.states))
        ]
        return {
            node: graph.any(one for one, state in zip(chosen, self.states, strict=True) if state >> k & 1)
            for k, node in enumerate(self.registers)
        }


def only_states(
    machine: Machine, following: Sequence[Literal], groups: Iterable[Sequence[int]], folder: Path
) -> list[Counter]:
    """Return groups of registers with all the states that they ever have.

    Parameters
    ----------
    machine
        The core; its registers start at 0.
    following
        What they hold a clock later, without a fault.
    groups
        Registers that count together.
    folder
        For files of ABC.

    Returns
    -------
    The groups whose states are few, of a core that is small, and were proven to be all; 0 is one of them.
    """
    graph, found = machine.graph, []
    if len(graph) > _GATES:
        return []
    after = dict(zip(machine.registers.values(), following, strict=True))
    for counter in _seen(machine, following, [tuple(group) for group in groups]):
        now = counter.holds(graph)
        then = graph.substitute([now], {node: after[node] for node in counter.registers})[0]
        pair = (now, graph.and_(now, then))
        if different_pairs(find_abc(), graph, [pair], folder, deadline_s=_PROOF_S) == []:
            found.append(counter)
    return found


def _seen(machine: Machine, following: Sequence[Literal], groups: Sequence[tuple[int, ...]]) -> list[Counter]:
    """Return the states that some registers had, where they are few."""
    states = {group: {0} for group in groups}
    for values in simulated(machine, following, _CLOCKS, _TIMES):
        for group, seen in states.items():
            if len(seen) <= _MOST:
                rows = [values[node] for node in group]
                seen |= {sum((row >> time & 1) << k for k, row in enumerate(rows)) for time in range(_TIMES)}
    return [Counter(group, tuple(sorted(seen))) for group, seen in states.items() if len(seen) <= _MOST]


def simulated(machine: Machine, following: Sequence[Literal], clocks: int, times: int) -> Iterator[list[int]]:
    """Yield the values of all nodes in each clock, bit k that of simulation k; resets are rare."""
    _, gates = machine.graph.numbered(following)
    ones, draw = (1 << times) - 1, random.Random(0)
    values = [0] * len(machine.graph)
    for _ in range(clocks):
        for name, node in machine.inputs.items():
            high = draw.getrandbits(times) | draw.getrandbits(times) | draw.getrandbits(times)
            values[node] = ones ^ (1 << draw.randrange(64 * times)) & ones if name == "aresetn" else high
        for node, left, right in gates:
            a, b = values[left >> 1], values[right >> 1]
            values[node] = (a ^ ones if left & 1 else a) & (b ^ ones if right & 1 else b)
        after = [values[end >> 1] ^ (ones if end & 1 else 0) for end in following]
        for node, value in zip(machine.registers.values(), after, strict=True):
            values[node] = value
        yield values
