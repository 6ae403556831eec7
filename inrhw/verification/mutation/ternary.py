"""A core and the one with a fault in three values, 0, 1 and either, in many cases at once.

A literal has a row that says where it may be 1, and its inverse one that says where it may be 0; a third row
says where it is surely the same in both cores. Bits of a row are cases, in words of 64.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inrhw.verification.equivalence.graph import Graph, Literal

Rows = NDArray[np.uint64]

_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


class Values(NamedTuple):
    """Of some literals, each [literals, words].

    Attributes
    ----------
    high, low
        Where they may be 1 and may be 0 in the core.
    wrong_high, wrong_low
        The same in that with a fault.
    same
        Where both have the same value, whichever it is.
    """

    high: Rows
    low: Rows
    wrong_high: Rows
    wrong_low: Rows
    same: Rows

    def first(self, count: int) -> "Values":
        """Return those of the first literals."""
        return Values(*(rows[:count] for rows in self))


@dataclass(frozen=True)
class _Level:
    """Gates whose inputs are known before, as rows; pairs are gates that both cores have for themselves."""

    outputs: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    pairs: NDArray[np.intp]
    rows_of_pairs: NDArray[np.intp]


class BothSides:
    """Computes literals of a graph in both cores.

    Parameters
    ----------
    graph
        Of the literals.
    ends
        What is computed.
    known
        Nodes with values. Any other input may be 0 or 1, but is the same in both cores.
    different
        Those among them that may differ.
    """

    def __init__(
        self, graph: Graph, ends: Sequence[Literal], known: Sequence[int], different: Collection[int]
    ) -> None:
        given = set(known)
        gates = _gates(graph, ends, given)
        apart = set(different)
        for node, left, right in gates:
            if left >> 1 in apart or right >> 1 in apart:
                apart.add(node)
        nodes = dict.fromkeys([0, *known, *(end >> 1 for gate in gates for end in gate[1:])])
        nodes |= dict.fromkeys([*(gate[0] for gate in gates), *(end >> 1 for end in ends)])
        self._row = {node: number for number, node in enumerate(nodes)}
        twins = [node for node in nodes if node in apart]
        self._twin = self._row | {node: len(nodes) + number for number, node in enumerate(twins)}
        # What does not differ has row 0 of `same`.
        self._pair = {node: 1 + number for number, node in enumerate(twins)}
        self._size = len(nodes) + len(twins)
        self._levels = self._by_level(gates)
        self._known = self._places([2 * node for node in known])
        self._ends = self._places(ends)

    def _by_level(self, gates: Sequence[tuple[int, Literal, Literal]]) -> list[_Level]:
        depth: dict[int, int] = {}
        levels: list[list[tuple[int, Literal, Literal]]] = []
        for node, left, right in gates:
            depth[node] = 1 + max(depth.get(left >> 1, -1), depth.get(right >> 1, -1))
            if depth[node] == len(levels):
                levels.append([])
            levels[depth[node]].append((node, left, right))
        return [self._level(level) for level in levels]

    def _level(self, gates: Sequence[tuple[int, Literal, Literal]]) -> _Level:
        apart = [gate for gate in gates if gate[0] in self._pair]
        rows = [[self._at(2 * node), self._at(left), self._at(right)] for node, left, right in gates]
        rows += [
            [self._at(end, wrong=True) for end in (2 * node, left, right)] for node, left, right in apart
        ]
        pairs = [[self._pair.get(node >> 1, 0) for node in (2 * gate[0], *gate[1:])] for gate in apart]
        both = [[self._at(2 * gate[0]), self._at(2 * gate[0], wrong=True)] for gate in apart]
        outputs, left, right = np.array(rows, np.intp).T
        return _Level(
            outputs,
            left,
            right,
            np.array(pairs, np.intp).reshape(-1, 3).T,
            np.array(both, np.intp).reshape(-1, 2).T,
        )

    def _at(self, literal: Literal, *, wrong: bool = False) -> int:
        """Return the row that says where a literal may be 1; that beside it is of its inverse."""
        rows = self._twin if wrong else self._row
        return 2 * rows[literal >> 1] | literal & 1

    def _places(self, literals: Sequence[Literal]) -> NDArray[np.intp]:
        """Return rows of literals [3, literals]: in the core, in that with a fault, and of `same`."""
        rows = [[self._at(end), self._at(end, wrong=True), self._pair.get(end >> 1, 0)] for end in literals]
        return np.array(rows, np.intp).reshape(-1, 3).T

    def compute(self, known: Values) -> Values:
        """Return the values of the ends where those of the known nodes are given."""
        words = known.high.shape[1]
        may = np.full((2 * self._size, words), _ONES)
        same = np.full((1 + len(self._pair), words), _ONES)
        may[0] = 0
        right, wrong, pairs = self._known
        # The order matters: of what does not differ both rows are the same.
        may[wrong], may[wrong ^ 1] = known.wrong_high, known.wrong_low
        may[right], may[right ^ 1] = known.high, known.low
        same[pairs] = known.same
        same[0] = _ONES
        for level in self._levels:
            may[level.outputs] = may[level.left] & may[level.right]
            may[level.outputs ^ 1] = may[level.left ^ 1] | may[level.right ^ 1]
            one, other = level.rows_of_pairs
            output, left, right = level.pairs
            same[output] = same[left] & same[right] | _equal(may, one, other)
        right, wrong, pairs = self._ends
        return Values(may[right], may[right ^ 1], may[wrong], may[wrong ^ 1], same[pairs])


def _equal(may: Rows, one: NDArray[np.intp], other: NDArray[np.intp]) -> Rows:
    """Return where two literals are both 0 or both 1."""
    equal: Rows = ~(may[one] | may[other]) | ~(may[one ^ 1] | may[other ^ 1])
    return equal


def _gates(
    graph: Graph, ends: Sequence[Literal], known: Collection[int]
) -> list[tuple[int, Literal, Literal]]:
    """Return the gates behind literals, but not those behind known nodes, each after its inputs."""
    found: dict[int, tuple[Literal, ...]] = {}
    waiting = [end >> 1 for end in ends]
    while waiting:
        node = waiting.pop()
        if node in found or node in known:
            continue
        found[node] = graph.gates_of(2 * node)
        waiting += [literal >> 1 for literal in found[node]]
    return [(node, *literals) for node, literals in sorted(found.items()) if len(literals) == 2]
