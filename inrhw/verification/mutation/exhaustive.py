"""Compares literals that depend on few inputs for every value of these."""

from inrhw.verification.equivalence.graph import Graph, Literal

#: Most inputs of a pair, and of many that are computed together; most gates that are looked through for them.
_INPUTS, _JOINED, _GATES = 16, 12, 30_000


class Exhaustive:
    """Compares pairs of literals of a graph, and remembers what it found.

    Parameters
    ----------
    graph
        Of the literals.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[tuple[Literal, Literal], bool] = {}
        # Inputs that have columns of a table of truth, and what was computed from these.
        self._inputs: set[int] = set()
        self._values: dict[int, int] = {}

    def equal(self, one: Literal, other: Literal) -> bool:
        """Return whether two literals are found to be equal for all inputs; False says nothing.

        Where both are an AND with a gate in common it is enough that the other gates are equal.
        """
        if one == other:
            return True
        key = (one & ~1, other & ~1) if (one ^ other) & 1 == 0 else (one, other)
        if key not in self._known:
            self._known[key] = self._agree(*key)
        return self._known[key]

    def _agree(self, one: Literal, other: Literal) -> bool:
        gates = self._graph.gates_of(one), self._graph.gates_of(other)
        if (one ^ other) & 1 == 0 and all(gates):
            left = [literal for literal in gates[0] if literal not in gates[1]]
            right = [literal for literal in gates[1] if literal not in gates[0]]
            if len(left) == len(right) == 1 and self.equal(left[0], right[0]):
                return True
        return self._by_values(one, other)

    def _by_values(self, one: Literal, other: Literal) -> bool:
        inputs = self._graph.support([one, other], _GATES)
        if not 0 < len(inputs) <= _INPUTS:
            return False
        if not inputs <= self._inputs:
            joined = self._inputs | inputs
            self._inputs = joined if len(joined) <= _JOINED else inputs
            ordered = enumerate(sorted(self._inputs))
            self._values = {node: _column(k, 1 << len(self._inputs)) for k, node in ordered}
        found = self._graph.simulate([one, other], 1 << len(self._inputs), self._values)
        return found[0] == found[1]


def _column(number: int, patterns: int) -> int:
    """Return an input of a table of truth: bit k is bit `number` of k."""
    block = ((1 << (1 << number)) - 1) << (1 << number)
    width = 2 << number
    while width < patterns:
        block |= block << width
        width *= 2
    return block
