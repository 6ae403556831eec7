"""A flat circuit of one clock: gates, registers and memories between nets."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from inrhw.base.errors import InrhwError
from inrhw.verification.equivalence.graph import Graph, Literal

#: Number of a wire of one bit. 0 and 1 are the constants; Yosys' own numbers begin at 2.
Net = int

ZERO: Net = 0
ONE: Net = 1

#: A memory of the netlist may hold a block of words of a column, as many as it has addresses: the number of
#: the block, times this, is added to the number of the column.
BLOCK = 1 << 24

#: Added to the number of a column: what the block holds itself where writes wait for a clock, see `late`.
BEHIND = BLOCK >> 1

#: Added to the number of a column: what a read beyond its last block of words gives, which may be anything.
BEYOND = BEHIND >> 1

#: What a gate does: literals of its inputs to literals of its outputs.
Function = Callable[[Graph, list[Literal]], Sequence[Literal]]


class UnknownCircuit(InrhwError):
    """A circuit has something that no model covers, or a combinational loop."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Some logic without a clock."""

    function: Function
    inputs: tuple[Net, ...]
    outputs: tuple[Net, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """One bit that takes `data` at the clock where `enable`, and first of all `reset_to` where `reset`.

    `start` is None if the start value is not specified.
    """

    name: str
    output: Net
    data: Net
    clock: Net
    start: int | None
    enable: Net = ONE
    reset: Net = ZERO
    reset_to: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """A port that writes at the clock: `data` of each column where its `enable`."""

    clock: Net
    address: tuple[Net, ...]
    enable: tuple[Net, ...]
    data: tuple[Net, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """Columns of one bit a word.

    `columns` are nets whose "literal" is the number of a column for `Graph.read`, see `BLOCK`. `start` has a
    text of 0, 1 and x for each column, the first word first. A later write port wins. The text may go
    on behind the last of the `size` words, with x.
    """

    name: str
    columns: tuple[Net, ...]
    start: tuple[str, ...]
    writes: tuple[Write, ...]
    size: int


#: A word of a table that is never written: name of the memory, column and word.
Place = tuple[str, int, int]


class Choices:
    """Words of tables that are x: each may be 0 or 1, whichever the other side has.

    Attributes
    ----------
    chosen
        Those that are settled.
    left
        The inputs of the graph that stand for the others.
    columns
        For each table and column its bits as 0, 1 and x.
    """

    def __init__(self) -> None:
        self.chosen: dict[Place, Literal] = {}
        self.left: dict[Place, Literal] = {}
        self.columns: dict[tuple[str, int], str] = {}

    def literal(self, graph: Graph, place: Place) -> Literal:
        """Return what stands for a word: a constant, or an input of the graph."""
        if place in self.chosen:
            return self.chosen[place]
        if place not in self.left:
            self.left[place] = graph.variable()
        return self.left[place]


@dataclass
class Circuit:
    """Gates, registers and memories between nets.

    Attributes
    ----------
    inputs, outputs
        Nets of each port.
    names
        Nets of each name that a person gave.
    starts
        Start values that are written at wires, as Verilog has them.
    unknown
        Undriven nets.
    aliases
        Nets that are always equal to another.
    choices
        Words of tables that are never written.
    tables
        Memories that are never written.
    shows
        The column, of a memory or a table, of each net that is what a port reads.
    readers
        For each column of a block the registers behind its reads, by their outputs.
    """

    inputs: dict[str, list[Net]] = field(default_factory=dict)
    outputs: dict[str, list[Net]] = field(default_factory=dict)
    names: dict[str, list[Net]] = field(default_factory=dict)
    starts: dict[Net, int] = field(default_factory=dict)
    unknown: set[Net] = field(default_factory=set)
    aliases: dict[Net, Net] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    choices: Choices = field(default_factory=Choices)
    tables: list[Memory] = field(default_factory=list)
    shows: dict[Net, Net] = field(default_factory=dict)
    readers: dict[Net, list[Net]] = field(default_factory=lambda: defaultdict(list))
    _last: int = 0

    def fresh(self, count: int) -> list[Net]:
        """Return new nets."""
        self._last += count
        return list(range(self._last - count + 1, self._last + 1))

    def gate(self, function: Function, inputs: Iterable[Net], outputs: Iterable[Net]) -> None:
        """Add logic."""
        self.gates.append(Gate(function, tuple(inputs), tuple(outputs)))

    def logic(self, function: Function, inputs: Iterable[Net], count: int) -> list[Net]:
        """Add logic with so many new outputs, and return them."""
        outputs = self.fresh(count)
        self.gate(function, inputs, outputs)
        return outputs

    def same(self, source: Iterable[Net], target: Iterable[Net]) -> None:
        """Connect nets to others, which then name them too."""
        source, target = tuple(source), tuple(target)
        self.gate(lambda graph, literals: literals, source, target)
        self.aliases |= dict(zip(target, source, strict=False))

    def read(self, memory: Memory, address: Sequence[Net], column: int, output: Net) -> None:
        """Add a port that reads a column without a clock."""
        self.gate(_read, (memory.columns[column], *address), (output,))

    def memory(self, name: str, start: Sequence[str], writes: Sequence[Write], size: int) -> Memory:
        """Add a memory, or a table if nothing writes, and return it."""
        memory = Memory(name, tuple(self.fresh(len(start))), tuple(start), tuple(writes), size)
        (self.memories if writes else self.tables).append(memory)
        return memory

    def name_of(self) -> dict[Net, str]:
        """Return a name of each net that has one, such as ``network.layer0.x[3]``."""
        found: dict[Net, str] = {}
        for name, nets in sorted(self.names.items(), key=lambda item: (len(item[0]), item[0])):
            for k, net in enumerate(nets):
                text = f"{name}[{k}]" if len(nets) > 1 else name
                found.setdefault(net, text)
                found.setdefault(self.aliases.get(net, net), text)
        return found


def _read(graph: Graph, literals: list[Literal]) -> Sequence[Literal]:
    block, column = divmod(literals[0], BLOCK)
    return [graph.read(column, [*literals[1:], *block_address(block)])]


def block_address(block: int) -> list[Literal]:
    """Return the number of a block, or of a word, as an address without zeros above it."""
    return [block >> k & 1 for k in range(block.bit_length())]
