"""Visits all states of what makes pixels, in a core and in that with a fault, and compares what leaves it.

Some registers are followed, value by value; what comes from any other may be 0 or 1 in every clock. So a
credit that is there or not, which is all that a stall changes, is tried both ways in every state.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inrhw.verification.equivalence.abc import different_pairs, find_abc
from inrhw.verification.equivalence.graph import FALSE, TRUE, Literal
from inrhw.verification.mutation.ternary import BothSides, Values

if TYPE_CHECKING:
    from inrhw.verification.mutation.harmless import Both

#: Most states that are visited, and bits from elsewhere that are tried both ways.
_MOST_STATES, _MOST_FREE = 50_000, 5

#: States whose next ones are computed at once; seconds for what ABC says of a register elsewhere.
_AT_ONCE, _PROOF_S = 1024, 5.0

#: Registers that may be followed, and nameless ones. Any choice is right; this one leaves few free bits.
_FOLLOWED = re.compile(
    r"(^|[ !])(network\.|raster\.|gate\.rest|select\.shown|valid_d\d)|^!?(l\d+|_\d+_\[\d+\])$"
)

#: In the place of a register's node: an output.
_OUTPUT = -1


def reach_the_same(both: "Both", folder: Path) -> bool:
    """Return whether nothing that leaves the followed registers ever differs; False says nothing.

    Parameters
    ----------
    both
        The core without the fault and with it; its graph grows.
    folder
        For files of ABC.
    """
    circuit = _Circuit(both, folder)
    different: set[int] = set()
    while True:
        found = circuit.told_apart(different)
        if found is None or not found <= circuit.inside:
            return False
        if not found:
            return True
        different |= found


@dataclass(frozen=True)
class _Layout:
    """Where in a state the values are of registers that are followed, and of those that may differ."""

    followed: list[int]
    different: list[int]

    def all(self, high: int, low: int, same: int) -> bytes:
        """Return the state in which all registers have one value."""
        mine, others = len(self.followed), len(self.different)
        rows = [high] * mine + [low] * mine + [high] * others + [low] * others + [same] * others
        return np.packbits(np.array(rows, np.uint8)).tobytes()

    def values(self, states: Sequence[bytes]) -> Values:
        """Return the values of followed registers in some states, of which there are a multiple of 64."""
        packed = np.frombuffer(b"".join(states), np.uint8).reshape(len(states), -1)
        mine, others = len(self.followed), len(self.different)
        bits = np.unpackbits(packed, axis=1, count=2 * mine + 3 * others)
        rows = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little").view(np.uint64)
        high, low = np.split(rows[: 2 * mine], 2)
        found = Values(high, low, high.copy(), low.copy(), np.full_like(high, ~np.uint64(0)))
        for part, given in zip(found[2:], np.split(rows[2 * mine :], 3), strict=True):
            part[self._places] = given
        return found

    def states(self, values: Values) -> set[bytes]:
        """Return the states in which followed registers have some values."""
        rows = np.concatenate([values.high, values.low, *(part[self._places] for part in values[2:])])
        bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")
        packed = np.packbits(np.ascontiguousarray(bits.T), axis=1)
        return set(packed.view(f"V{packed.shape[1]}").ravel().tolist())

    @property
    def _places(self) -> list[int]:
        return [self.followed.index(node) for node in self.different]


@dataclass(frozen=True)
class _Step:
    """A clock: what followed registers hold next, and which others differ.

    Parameters
    ----------
    layout
        Of states.
    sides
        Computes what followed registers hold next, then what must not differ.
    watched
        Registers of the latter, or `_OUTPUT`.
    cases
        Values of the free bits, in the order in which `sides` knows them; behind them is the fault.
    """

    layout: _Layout
    sides: BothSides
    watched: list[int]
    cases: list[tuple[int, ...]]

    def told_apart(self, states: Sequence[bytes]) -> tuple[set[int], set[bytes]]:
        """Return which registers may differ a clock after some states, and the states that come then."""
        states = [*states, *[states[-1]] * (-len(states) % 64)]
        here = self.layout.values(states)
        words = here.high.shape[1]
        values = Values(*(np.tile(rows, len(self.cases)) for rows in here))
        ones = ~np.uint64(0)
        free = np.repeat(np.array([(*case, 0) for case in self.cases], np.uint64).T * ones, words, axis=1)
        wrong = free.copy()
        wrong[-1] = ones
        same = np.full_like(free, ones)
        same[-1] = 0
        given = (free, ~free, wrong, ~wrong, same)
        after = self.sides.compute(Values(*map(np.concatenate, zip(values, given, strict=True))))
        count = len(self.layout.followed)
        apart = (after.same[count:] != ones).any(axis=1)
        found = {node for node, differs in zip(self.watched, apart, strict=True) if differs}
        return found, self.layout.states(after.first(count))


class _Circuit:
    """A core with an input that says whether there is the fault."""

    def __init__(self, both: "Both", folder: Path) -> None:
        machine, self._graph, self._folder = both.machine, both.machine.graph, folder
        self._fault = self._graph.variable()
        self._registers = list(machine.registers.values())
        self._nodes = self._registers + [_OUTPUT] * len(machine.outputs)
        self._right = dict(zip(self._registers, both.right, strict=False))
        choice = {node: self._fault if both.number >> k & 1 else FALSE for k, node in enumerate(both.choice)}
        ends = [*machine.following, *machine.outputs.values()]
        # What registers hold next, then the outputs: in a reset, and without.
        self._reset, self._ends = (
            self._graph.substitute(ends, choice | {machine.inputs["aresetn"]: high}) for high in (FALSE, TRUE)
        )
        bus = [node for name, node in machine.registers.items() if "axi_lite." in name]
        told = self._graph.following_nodes([*machine.inputs.values(), *bus])
        #: Registers that may be followed: of what makes pixels, and next to no input and no bus.
        self.inside = {
            node
            for (name, node), end in zip(machine.registers.items(), self._ends, strict=False)
            if _FOLLOWED.search(name) and not told[end >> 1]
        }

    def told_apart(self, different: set[int]) -> set[int] | None:
        """Return which registers, or `_OUTPUT`, may come to differ if only some others may.

        None if there are too many states or free bits, or nothing can be followed. The states are those that
        can be reached from power-up or from a reset at any time.
        """
        layout = _Layout(sorted(self._followed(different)), sorted(different))
        free = self._free(layout.followed)
        if not layout.followed or len(free) > _MOST_FREE:
            return None
        step = self._step(layout, self._ends, free)
        reset = self._step(layout, self._reset, [])
        _, new = reset.told_apart([layout.all(1, 1, 0)])
        new.add(layout.all(0, 1, 1))
        seen = set(new)
        while new:
            found: set[int] = set()
            after: set[bytes] = set()
            states = list(new)
            for at in range(0, len(states), _AT_ONCE):
                some = states[at : at + _AT_ONCE]
                apart, then = step.told_apart(some)
                found |= apart | reset.told_apart(some)[0]
                after |= then
            if found:
                return found
            new = after - seen
            seen |= new
            if len(seen) > _MOST_STATES:
                return None
        return set()

    def _followed(self, different: set[int]) -> set[int]:
        """Return the registers behind all that the fault or a difference may reach."""
        reached = self._graph.following_nodes([self._fault >> 1, *different])
        after = dict(zip(self._registers, self._ends, strict=False))
        waiting = [end for end in self._ends if reached[end >> 1]]
        followed = set(different)
        while waiting:
            found = self._graph.support(waiting) & self.inside - followed
            followed |= found
            waiting = [after[node] for node in found]
        return followed

    def _free(self, followed: Sequence[int]) -> list[int]:
        """Return the nodes, from registers and inputs elsewhere, that followed registers depend on."""
        mine = self._graph.following_nodes([self._fault >> 1, *followed])
        after = dict(zip(self._registers, self._ends, strict=False))
        found: set[int] = set()
        waiting = {after[node] >> 1 for node in followed}
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            seen.add(node)
            if mine[node]:
                waiting |= {literal >> 1 for literal in self._graph.gates_of(2 * node)} - seen
            elif node:
                found.add(node)
        return sorted(found)

    def _step(self, layout: _Layout, ends: Sequence[Literal], free: Sequence[int]) -> _Step:
        reached = self._graph.following_nodes([self._fault >> 1, *layout.different])
        watched = {
            place: node
            for place, (node, end) in enumerate(zip(self._nodes, ends, strict=True))
            if reached[end >> 1] and node not in layout.different
        }
        after = dict(zip(self._registers, ends, strict=False))
        told = [after[node] for node in layout.followed] + [ends[place] for place in watched]
        known = [*layout.followed, *free, self._fault >> 1]
        sides = BothSides(self._graph, told, known, {self._fault >> 1, *layout.different})
        return _Step(layout, sides, list(watched.values()), list(self._cases(free)))

    def _cases(self, free: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Yield the values that free bits may have together, as far as ABC knows of registers among them."""
        places = [place for place, node in enumerate(free) if node in self._right]
        never = [
            values
            for values in itertools.product((0, 1), repeat=len(places))
            if self._never({free[place]: value for place, value in zip(places, values, strict=True)})
        ]
        for case in itertools.product((0, 1), repeat=len(free)):
            if tuple(case[place] for place in places) not in never:
                yield case

    def _never(self, values: dict[int, int]) -> bool:
        """Return whether registers of the right core never have some values together, by induction."""
        if not any(values.values()):
            return False  # they have, at power-up
        other = self._graph.any(2 * node ^ value for node, value in values.items())
        (then,) = self._graph.substitute([other], {node: self._right[node] for node in values})
        pair = (other, self._graph.and_(other, then))
        return different_pairs(find_abc(), self._graph, [pair], self._folder, deadline_s=_PROOF_S) == []
