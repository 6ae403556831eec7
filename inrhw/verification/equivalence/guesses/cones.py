"""The few gates between registers of the netlist and where they come together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal

#: Gates, at most, of a cone; and of a path from a register to where it meets others.
_MOST_GATES, _FAR = 24, 6


class Cones:
    """What is behind nets of a circuit.

    Parameters
    ----------
    circuit
        Whose nets they are.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.driven = {net: gate for gate in circuit.gates for net in gate.outputs}
        self._following: dict[Net, list[Net]] = defaultdict(list)
        for gate in circuit.gates:
            for net in gate.inputs:
                self._following[net] += gate.outputs

    def behind(self, net: Net) -> set[Net]:
        """Return the nets behind a few gates, {0} if there are more gates."""
        found: set[Net] = set()
        waiting, gates = [net], 0
        while waiting:
            here = waiting.pop()
            if here in self.driven:
                gates += 1
                waiting += self.driven[here].inputs
            elif here > ONE:
                found.add(here)
            if gates > _MOST_GATES:
                return {ZERO}
        return found

    def meeting(self, nets: Sequence[Net], among: Set[Net]) -> Iterator[Net]:
        """Yield nets with all of the given ones behind them and nothing but `among`, the nearest first."""
        reached = dict.fromkeys(nets[:1])
        for _ in range(_FAR):
            after = dict.fromkeys(end for net in reached for end in self._following.get(net, ()))
            after = {end: None for end in after if end not in reached and self.behind(end) <= among}
            yield from (end for end in after if self.behind(end) >= set(nets))
            reached |= after

    def function(self, graph: Graph, net: Net, known: dict[Net, Literal]) -> Literal:
        """Return what a net is; what nothing drives, and is not known, becomes an input of the graph."""
        if net not in known:
            gate = self.driven.get(net)
            if gate is None:
                known[net] = graph.variable() if net > ONE else net
            else:
                inputs = [self.function(graph, each, known) for each in gate.inputs]
                known |= dict(zip(gate.outputs, gate.function(graph, inputs), strict=False))
        return known[net]

    def depends(self, net: Net, known: Mapping[Net, Literal], on: Sequence[Net]) -> bool:
        """Return whether a net depends on all of some nets, while others are as they are known."""
        graph, values = Graph(), dict(known)
        behind = graph.support([self.function(graph, net, values)])
        return all(values[each] >> 1 in behind for each in on)

    def at_zero(self, net: Net, known: Mapping[Net, Literal]) -> Literal:
        """Return what a net is where all behind it are 0 but those that are known."""
        return self.function(Graph(), net, dict.fromkeys(self.behind(net), FALSE) | dict(known))
