"""One graph of AND gates and inverters for both sides: equal structures are one node.

A literal is twice the number of a node, plus one if it is inverted; node 0 is false. The inputs of a node
have lower numbers than the node.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from inrhw.base.errors import InrhwError

#: A node of the graph, inverted or not.
Literal = int

FALSE: Literal = 0
TRUE: Literal = 1

#: Nodes up to which a graph may grow; at about 250 bytes each this is 5 GB.
MOST_NODES = 20_000_000

#: No input: what an input of the graph has in the place of its left one.
_LEAF = -1


class GraphTooLarge(InrhwError):
    """The two circuits have too many gates for a proof."""


class Graph:
    """A hashed graph of AND gates and inverters, and memories whose words are unknown."""

    def __init__(self) -> None:
        self._left = [_LEAF]
        self._right = [0]
        self._nodes: dict[tuple[int, int], int] = {}
        # Whether more than registers is behind a node: an input of the circuit, or a word of a memory.
        self._tainted = bytearray(1)
        self._reads: dict[int, dict[tuple[Literal, ...], Literal]] = {}
        self._last_word: dict[int, int] = {}
        self._waiting: dict[int, tuple[int, Literal, Sequence[Literal], Literal]] = {}
        self._beyond: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def variable(self, *, tainted: bool = False) -> Literal:
        """Return a new input; `tainted` unless it is a register."""
        return self._append(_LEAF, 0, tainted) << 1

    def is_variable(self, literal: Literal) -> bool:
        """Return whether the literal is an input, inverted or not, and no constant."""
        return self._left[literal >> 1] == _LEAF and literal > TRUE

    def tainted(self, literal: Literal) -> bool:
        """Return whether the literal depends on more than registers."""
        return bool(self._tainted[literal >> 1])

    def wait(
        self, column: int, behind: int, enable: Literal, address: Sequence[Literal], data: Literal
    ) -> None:
        """Let reads of a column be those of another, but of the word at an address where `enable`: `data`."""
        self._waiting[column] = (behind, enable, address, data)

    def end(self, column: int, last: int) -> None:
        """Set the last word of a column; a read beyond it gives the word that Yosys takes instead.

        It chooses by one bit of the address after the other, the highest first, where both choices exist.
        """
        self._last_word[column] = last

    def leave(self, column: int, size: int, beyond: int) -> None:
        """Let reads of a column from the word `size` on be those of another, whose words may be anything."""
        self._beyond[column] = (size, beyond)

    def free(self, literal: Literal) -> set[int]:
        """Return the nodes behind the literal that are reads which may give anything."""
        reads = [read for _, column in self._beyond.values() for read in self._reads.get(column, {}).values()]
        return {read >> 1 for read in reads} & self.support([literal]) if reads else set()

    def read(self, column: int, address: Sequence[Literal]) -> Literal:
        """Return the bit at an address of a column of a memory.

        Words of a column are unknown, but two reads agree if their addresses do. Zeros above an address do
        not change it.
        """
        here = self._inside_read(column, address)
        if column not in self._beyond:
            return here
        size, beyond = self._beyond[column]
        return self.mux(self._at_least(address, size), self.read(beyond, address), here)

    def _inside_read(self, column: int, address: Sequence[Literal]) -> Literal:
        if column in self._waiting:
            behind, enable, place, data = self._waiting[column]
            hit = self.and_(enable, self._same(place, address))
            return self.mux(hit, data, self.read(behind, address))
        if column in self._last_word:
            address = self._inside(address, self._last_word[column])
        size = len(address)
        while size and address[size - 1] == FALSE:
            size -= 1
        here = tuple(address[:size])
        reads = self._reads.setdefault(column, {})
        if here not in reads:
            value = self.variable(tainted=True)
            for other, before in reads.items():
                value = self.mux(self._same(here, other), before, value)
            reads[here] = value
        return reads[here]

    def _inside(self, address: Sequence[Literal], last: int) -> list[Literal]:
        """Return the address with the bits cleared that lead beyond the last word."""
        found: list[Literal] = []
        at_end = TRUE
        whole = [*address, *[FALSE] * (last.bit_length() - len(address))]
        for place, bit in reversed(list(enumerate(whole))):
            if last >> place & 1:
                at_end = self.and_(at_end, bit)
                found.append(bit)
            else:
                found.append(self.and_(bit, at_end ^ 1))
        return found[::-1]

    def _at_least(self, address: Sequence[Literal], size: int) -> Literal:
        reached = TRUE
        for place, bit in enumerate(address):
            reached = self.and_(bit, reached) if size >> place & 1 else self.or_(bit, reached)
        return reached if size >> len(address) == 0 else FALSE

    def _same(self, a: Sequence[Literal], b: Sequence[Literal]) -> Literal:
        pairs = itertools.zip_longest(a, b, fillvalue=FALSE)
        return self.any(self.xor(x, y) for x, y in pairs) ^ 1

    def and_(self, a: Literal, b: Literal) -> Literal:
        """Return a and b."""
        if a > b:
            a, b = b, a
        if a <= TRUE:
            return b if a else FALSE
        if a ^ b <= 1:
            return a if a == b else FALSE
        node = self._nodes.get((a, b))
        if node is None:
            node = self._append(a, b, bool(self._tainted[a >> 1] | self._tainted[b >> 1]))
            self._nodes[a, b] = node
        return node << 1

    def or_(self, a: Literal, b: Literal) -> Literal:
        """Return a or b."""
        return self.and_(a ^ 1, b ^ 1) ^ 1

    def xor(self, a: Literal, b: Literal) -> Literal:
        """Return a xor b."""
        inverted = (a ^ b) & 1
        a, b = a & ~1, b & ~1
        if a > b:
            a, b = b, a
        if a == FALSE:
            return b ^ inverted
        if a == b:
            return FALSE ^ inverted
        return self.and_(self.and_(a, b) ^ 1, self.and_(a ^ 1, b ^ 1) ^ 1) ^ inverted

    def mux(self, select: Literal, yes: Literal, no: Literal) -> Literal:
        """Return yes where select is 1, no where it is 0."""
        if select <= TRUE or yes == no:
            return yes if select == TRUE or yes == no else no
        if yes ^ no == 1:
            return self.xor(select, no)
        if select & 1:
            select, yes, no = select ^ 1, no, yes
        if yes >> 1 == select >> 1:
            yes = TRUE if yes == select else FALSE
        if no >> 1 == select >> 1:
            no = FALSE if no == select else TRUE
        # One shape for a choice and its inverse.
        inverted = yes & 1
        yes, no = yes ^ inverted, no ^ inverted
        return self.or_(self.and_(select, yes), self.and_(select ^ 1, no)) ^ inverted

    def all(self, literals: Iterable[Literal]) -> Literal:
        """Return whether all are 1."""
        return self._tree(self.and_, literals, TRUE)

    def any(self, literals: Iterable[Literal]) -> Literal:
        """Return whether one is 1."""
        return self._tree(self.or_, literals, FALSE)

    def odd(self, literals: Iterable[Literal]) -> Literal:
        """Return whether an odd number is 1."""
        return self._tree(self.xor, literals, FALSE)

    def gates_of(self, literal: Literal) -> tuple[Literal, ...]:
        """Return the two literals that a gate joins; none of an input or a constant."""
        node = literal >> 1
        return () if self._left[node] == _LEAF else (self._left[node], self._right[node])

    def support(self, literals: Iterable[Literal], most: int = MOST_NODES) -> set[int]:
        """Return the nodes of the inputs behind the literals; none if a limit of nodes is exceeded."""
        cone = self._cone(literals, most=most)
        return {node for node in cone if self._left[node] == _LEAF}

    def only_one_behind(self, nodes: Iterable[int]) -> list[int]:
        """Return for each node which of the given ones is behind it: 0 if none is, -1 if several are."""
        found = [0] * len(self)
        for node in nodes:
            found[node] = node
        for node, (left, right) in enumerate(zip(self._left, self._right, strict=True)):
            if left != _LEAF:
                one, other = found[left >> 1], found[right >> 1]
                found[node] = one if one == other or not other else -1 if one else other
        return found

    def substitute(self, literals: Sequence[Literal], known: dict[int, Literal]) -> list[Literal]:
        """Return the literals with some nodes replaced.

        Parameters
        ----------
        literals
            What to rebuild.
        known
            The literal that replaces a node; all rebuilt nodes are added.
        """
        known.setdefault(0, FALSE)
        for node in self._cone(literals, known):
            left = self._left[node]
            if left == _LEAF:
                known[node] = node << 1
            else:
                right = self._right[node]
                known[node] = self.and_(known[left >> 1] ^ left & 1, known[right >> 1] ^ right & 1)
        return [known[literal >> 1] ^ literal & 1 for literal in literals]

    def simulate(
        self, literals: Sequence[Literal], patterns: int, values: dict[int, int], seed: int = 0
    ) -> list[int]:
        """Return the literals under random inputs, bit k of each number under pattern k.

        Parameters
        ----------
        literals
            What to compute.
        patterns
            How many.
        values
            Values of nodes that are there already; those computed are added.
        seed
            Of the random numbers.
        """
        ones = (1 << patterns) - 1
        values.setdefault(0, 0)
        for node in self._cone(literals, values):
            left = self._left[node]
            if left == _LEAF:
                values[node] = random.Random(f"{seed} {node}").getrandbits(patterns)
            else:
                right = self._right[node]
                a, b = values[left >> 1], values[right >> 1]
                values[node] = (a ^ ones if left & 1 else a) & (b ^ ones if right & 1 else b)
        return [values[literal >> 1] ^ (ones if literal & 1 else 0) for literal in literals]

    def numbered(self, literals: Sequence[Literal]) -> tuple[list[int], list[tuple[int, int, int]]]:
        """Return the inputs behind the literals, and the gates as (node, left, right), in order."""
        cone = self._cone(literals)
        inputs = [node for node in cone if self._left[node] == _LEAF]
        gates = [(node, self._left[node], self._right[node]) for node in cone if self._left[node] != _LEAF]
        return inputs, gates

    def _append(self, left: int, right: int, tainted: bool) -> int:
        if len(self._left) >= MOST_NODES:
            raise GraphTooLarge(f"the graph of both sides has more than {MOST_NODES} gates")
        self._left.append(left)
        self._right.append(right)
        self._tainted.append(tainted)
        return len(self._left) - 1

    def _tree(
        self, gate: Callable[[Literal, Literal], Literal], literals: Iterable[Literal], none: Literal
    ) -> Literal:
        row = list(literals)
        while len(row) > 1:
            pairs = [gate(a, b) for a, b in zip(row[::2], row[1::2], strict=False)]
            row = pairs + row[len(row) // 2 * 2 :]
        return row[0] if row else none

    def _cone(
        self, literals: Iterable[Literal], without: Mapping[int, int] | None = None, most: int = MOST_NODES
    ) -> list[int]:
        """Return the nodes behind the literals, each after its inputs; none if a limit is exceeded."""
        stop = without or {}
        found: set[int] = set()
        waiting = [literal >> 1 for literal in literals]
        while waiting:
            node = waiting.pop()
            if node == 0 or node in found or node in stop:
                continue
            found.add(node)
            if len(found) > most:
                return []
            if self._left[node] != _LEAF:
                waiting.append(self._left[node] >> 1)
                waiting.append(self._right[node] >> 1)
        return sorted(found)
