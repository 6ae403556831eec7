"""Ways to find the partner of a register or memory of the netlist that the names do not tell."""

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import BLOCK, ONE, Memory, Net, Register
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.relation import Relation
from inrhw.verification.equivalence.side import Side

#: Random patterns under which two functions must agree to be taken for one. 4,096 were too few once.
PATTERNS = 8192

_ONES = (1 << PATTERNS) - 1

#: Gates up to which the next value of a register is looked at for whether it ever changes.
_SMALL = 300

#: A column of the netlist: number of its cell, place in the cell, memory, column of it, net.
_Column = tuple[int, int, Memory, int, Net]

#: A register of the Verilog, its value, the next one, and under which patterns that is certain.
_Row = tuple[Register, int, int, int]


class Rules:
    """Ways to find the partner of a register without one; each returns whether it found some."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._graph = relation.graph
        self._rtl, self._netlist = relation.rtl, relation.netlist
        self._next: dict[int, tuple[Register, Literal]] = {}
        self._by_next: dict[Literal, list[Register]] = defaultdict(list)
        for register in self._rtl.circuit.registers:
            following = self._rtl.following(self._graph, register)
            assert following is not None
            value = self._rtl.values[register.output]
            if self._graph.is_variable(value) and register.output not in relation.claims:
                self._next[value >> 1] = (register, following)
                self._by_next[following].append(register)
        # A word that may be anything is 0 in the one and 1 in the other: where they differ, it matters.
        free = [literal >> 1 for literal in self._rtl.circuit.choices.left.values()]
        self._simulated = dict.fromkeys(free, 0)
        self._otherwise = dict.fromkeys(free, _ONES)
        self._used: dict[int, int] = defaultdict(int)
        netlist = self._netlist
        self._taken = {
            netlist.values[register.output] >> 1
            for register in netlist.circuit.registers
            if register.output in netlist.values
        }
        self._columns: dict[int, dict[tuple[int, ...], list[int]]] = {}

    def before(self) -> bool:
        """Find what directly precedes a register that has a partner, as in a shift register."""
        missing = {register.output: register for register in self._missing()}
        found = False
        for register in self._netlist.circuit.registers:
            if register.data not in missing or register.data in self._netlist.values:
                continue
            value = self._netlist.values.get(register.output)
            if value is None or value >> 1 not in self._next:
                continue
            literal = self._data(register, self._next[value >> 1][1] ^ value & 1)
            if literal is not None:
                self._take(missing[register.data], literal, "after it")
                found = True
        return found

    def after(self) -> bool:
        """Find a register of the Verilog with the very same next value."""
        found = False
        for register in self._missing():
            if (
                register.enable != ONE
                or (following := self._netlist.following(self._graph, register)) is None
            ):
                continue
            if following <= TRUE:  # its start may differ from it for one clock
                self._take(register, following, "constant")
                found = True
                continue
            candidates = [
                (other, flip) for flip in (0, 1) for other in self._by_next.get(following ^ flip, ())
            ]
            found |= self._take_best(register, candidates, "before it")
        return found

    def alike(self) -> bool:
        """Find a register of the Verilog with the same next value under random patterns.

        The next value may depend on the register itself: it is computed for 0 and for 1.
        """
        missing = list(self._missing())
        if not missing:
            return False
        trial = Side(self._netlist.circuit, dict(self._netlist.values), list(self._netlist.waiting))
        own = {register.output: self._graph.variable() for register in missing}
        trial.values |= own
        trial.settle(self._graph)
        low = self._simulated
        low |= dict.fromkeys((literal >> 1 for literal in own.values()), 0)
        high = dict.fromkeys((literal >> 1 for literal in own.values()), _ONES)
        high |= {literal >> 1: 0 for literal in self._rtl.circuit.choices.left.values()}
        after_clock = [(register, trial.following(self._graph, register)) for register in missing]
        behind = self._graph.only_one_behind(literal >> 1 for literal in own.values())
        index, partly = self._next_values()
        found = False
        for register, following in after_clock:
            start, value = register.start, own[register.output]
            if following is None:
                continue
            if following <= TRUE:
                self._take(register, following, "constant")
                found = True
                continue
            if start is not None and kept(self._graph, value, following, start) == start:
                self._take(register, start, "constant")
                found = True
                continue
            if behind[following >> 1] not in (0, value >> 1):
                continue
            (with_0,), (with_1,) = (
                self._graph.simulate([following], PATTERNS, values) for values in (low, high)
            )
            if with_0 == with_1:
                candidates = [(row[0], 0) for row in index.get(with_0, ())]
                candidates += [(row[0], 1) for row in index.get(with_0 ^ _ONES, ())]
                rows = partly
            else:
                candidates, rows = [], [row for group in index.values() for row in group] + partly
            for other, now, after, care in rows:
                if not (after ^ (now & with_1 | (now ^ _ONES) & with_0)) & care:
                    candidates.append((other, 0))
                elif not (after ^ _ONES ^ ((now ^ _ONES) & with_1 | now & with_0)) & care:
                    candidates.append((other, 1))
            exact = [one for one in candidates if candidates[1:] and self._exact(following, value >> 1, *one)]
            found |= self._take_best(register, exact or candidates, "random patterns")
        return found

    def _exact(self, following: Literal, node: int, other: Register, flip: int) -> bool:
        """Return whether a next value is built like that of a register of the Verilog."""
        value = self._rtl.values[other.output]
        (here,) = self._graph.substitute([following], {node: value ^ flip})
        return here == self._next[value >> 1][1] ^ flip

    def _next_values(self) -> tuple[dict[int, list[_Row]], list[_Row]]:
        """Return the Verilog's registers by their next value, and those where it is not always certain."""
        index: dict[int, list[_Row]] = defaultdict(list)
        partly: list[_Row] = []
        for node, (register, following) in self._next.items():
            after, care = self._next_and_care(following)
            row = (register, self._simulate([node << 1])[0], after, care)
            (index[after] if care == _ONES else partly).append(row)
        return index, partly

    def memories(self) -> bool:
        """Find the column of the Verilog's memories to which the same data are written."""
        found = False
        for memory, column, net, at_its_place in columns_in_order(self._relation):
            written = self._written(self._netlist, memory, column)
            number = self._column(memory, written, at_its_place) if written else None
            if number is not None:
                self._netlist.values[net] = number
                self._relation.guesses["memory"] += 1
                found = True
        return found

    def ordered(self) -> bool:
        """Take the columns of a memory in their order, where what is written depends on what is read."""
        found = False
        for _, _, net, at_its_place in columns_in_order(self._relation):
            if at_its_place is not None:
                self._netlist.values[net] = at_its_place
                self._relation.guesses["order"] += 1
                found = True
        return found

    def _written(self, side: Side, memory: Memory, column: int) -> list[int] | None:
        """Return what is written to a column under random patterns, 0 where nothing is."""
        nets = [net for write in memory.writes for net in (write.enable[column], write.data[column])]
        if not side.known(nets):
            return None
        values = self._simulate([side.values[net] for net in nets])
        return [value for k in range(0, len(values), 2) for value in (values[k], values[k] & values[k + 1])]

    def _column(self, memory: Memory, written: list[int], at_its_place: int | None) -> int | None:
        alike = self._by_written(len(memory.start[0])).get(tuple(written), [])
        if at_its_place in alike:  # of several that look alike
            self._used[at_its_place] += 1
            return at_its_place
        # Yosys makes ``fifo.storage.0.1`` of ``fifo.storage``.
        named = [n for n in alike if memory.name.startswith(self._relation.columns[n % BLOCK][0].name)]
        best = min(named or alike, key=lambda number: (self._used[number], number), default=None)
        if best is not None:
            self._used[best] += 1
        return best

    def _by_written(self, size: int) -> dict[tuple[int, ...], list[int]]:
        """Return the columns of the Verilog, in blocks of so many words, by what is written to them."""
        if size not in self._columns:
            found = self._columns[size] = defaultdict(list)
            for number, (memory, column) in enumerate(self._relation.columns):
                for block in range(max(1, len(memory.start[column]) // size)):
                    written = self._written_block(memory, column, block, size)
                    found[tuple(written or ())].append(number + block * BLOCK)
        return self._columns[size]

    def _written_block(self, memory: Memory, column: int, block: int, size: int) -> list[int] | None:
        """Return what is written to a block of words of a column of the Verilog, 0 where nothing is."""
        written = self._written(self._rtl, memory, column)
        if written is None or len(memory.start[column]) <= size:
            return written
        hits = []
        for write in memory.writes:
            upper = [self._rtl.values[net] for net in write.address[size.bit_length() - 1 :]]
            wanted = words.constant(block, len(upper))
            hits += self._simulate([words.equal(self._graph, upper, wanted)]) * 2
        return [value & hit for value, hit in zip(written, hits, strict=True)]

    def _missing(self) -> Iterator[Register]:
        values = self._netlist.values
        return (register for register in self._netlist.circuit.registers if register.output not in values)

    def _simulate(self, literals: list[Literal]) -> list[int]:
        return self._graph.simulate(literals, PATTERNS, self._simulated)

    def _next_and_care(self, following: Literal) -> tuple[int, int]:
        """Return a next value under random patterns, and under which of them it is certain."""
        (value,) = self._simulate([following])
        if not self._rtl.circuit.choices.left:
            return value, _ONES
        (other,) = self._graph.simulate([following], PATTERNS, self._otherwise)
        return value, value ^ other ^ _ONES

    def _data(self, register: Register, following: Literal) -> Literal | None:
        """Return what a register takes when it is enabled and not reset, given its next value."""
        known: dict[int, Literal] = {}
        for net, value in ((register.enable, TRUE), (register.reset, FALSE)):
            literal = self._netlist.values.get(net)
            if literal is None:
                return None
            if literal > TRUE:
                known[literal >> 1] = value ^ literal & 1
        literal = self._graph.substitute([following], known)[0] if known else following
        return None if self._graph.tainted(literal) else literal

    def _take_best(self, register: Register, candidates: list[tuple[Register, int]], rule: str) -> bool:
        if not candidates:
            return False
        starting = [
            (other, flip) for other, flip in candidates if other.start in (None, (register.start or 0) ^ flip)
        ]
        # Rather one that has no partner yet: few patterns may tell registers apart that seldom change.
        values = self._rtl.values
        other, flip = min(starting or candidates, key=lambda one: values[one[0].output] >> 1 in self._taken)
        self._take(register, values[other.output] ^ flip, rule)
        return True

    def _take(self, register: Register, literal: Literal, rule: str) -> None:
        self._netlist.values[register.output] = literal
        self._taken.add(literal >> 1)
        self._relation.guesses[rule] += 1


def kept(graph: Graph, value: Literal, after: Literal, start: Literal) -> Literal:
    """Return the start of a register that holds it forever, otherwise its next value."""
    small = graph.support([after], most=_SMALL)
    if value >> 1 not in small:
        return after
    (held,) = graph.substitute([after], {value >> 1: start})
    return start if held == start else after


def columns_in_order(relation: Relation) -> Iterator[tuple[Memory, int, Net, int | None]]:
    """Yield the netlist's columns without a partner, with that of the Verilog at their place."""
    memories = relation.netlist.circuit.memories
    used = {net for memory in memories for net in relation.used(memory)}
    for memory, column, net, number in in_order(memories, used, relation.columns):
        if net not in relation.netlist.values:
            yield memory, column, net, number


def in_order(
    memories: Sequence[Memory], used: Container[Net], columns: Sequence[tuple[Memory, int]]
) -> Iterator[tuple[Memory, int, Net, int | None]]:
    """Yield the columns of memories that are used, with the number of that of the Verilog at their place.

    Yosys makes ``sums.0.0``, ``sums.0.1`` of ``sums``: first the copy for another port, then the next bits,
    then the next block of words, which may be in the same cells.
    """
    cells: dict[tuple[str, int], list[_Column]] = defaultdict(list)
    before: dict[str, int] = defaultdict(int)
    for memory in sorted(memories, key=lambda memory: _numbered(memory.name)):
        base, copy, part, bit = _numbered(memory.name)
        for column, net in enumerate(memory.columns):
            cells[base, copy].append((part, bit + before[memory.name], memory, column, net))
            before[memory.name] += 1
    for (base, _), there in cells.items():
        mine = [number for number, (other, _) in enumerate(columns) if other.name == base]
        blocks = -(-columns[mine[0]][0].size // len(there[0][2].start[0])) if mine else 1
        here = [each for each in there if each[-1] in used]
        places = _places(there, here, len(mine), blocks)
        for (_, _, memory, column, net), (block, bit) in zip(here, places, strict=True):
            yield memory, column, net, mine[bit] + block * BLOCK if bit < len(mine) else None


def _places(
    columns: Sequence[_Column], used: Sequence[_Column], width: int, blocks: int
) -> list[tuple[int, int]]:
    """Return block and bit of the columns that are used, of a memory with words of so many bits."""
    if len(used) == blocks * width:  # whatever the cells have between two blocks
        return [divmod(number, width) for number in range(len(used))]
    wide = max(at + 1 for _, at, *_ in columns)  # cells of one bit without use are left out
    cells = -(-width // wide) or 1
    return [(part // cells, part % cells * wide + at) for part, at, *_ in used]


def _numbered(name: str) -> tuple[str, int, int, int]:
    """Split ``sums.0.1.slice[2]`` into a name and three numbers."""
    found = re.fullmatch(r"(.*)\.(\d+)\.(\d+)(\..*)?", name)
    bit = re.findall(r"\[(\d+)\]", found[4] or "") if found else []
    return (found[1], int(found[2]), int(found[3]), int((bit or [0])[0])) if found else (name, 0, 0, 0)
