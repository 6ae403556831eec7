"""Which register of the netlist holds what of the Verilog.

The registers of the Verilog are the inputs of the graph. Each register of the netlist is some function of
them, mostly one of them, perhaps inverted.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from inrhw.verification.equivalence.circuit import (
    BEHIND,
    BEYOND,
    BLOCK,
    ONE,
    ZERO,
    Memory,
    Net,
    block_address,
)
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.side import Side


@dataclass(frozen=True, slots=True)
class Late:
    """What waits for a clock before it is written to a column: registers of the netlist."""

    enable: Net
    address: tuple[Net, ...]
    data: Net


@dataclass
class Relation:
    """The two circuits in one graph, and what the state of each is.

    Attributes
    ----------
    graph
        Of both.
    rtl, netlist
        The Verilog and the netlist.
    claims
        Registers of the Verilog that are taken to be the same as another, or constant: net and literal.
    columns
        For each column number: memory of the Verilog and column in it.
    guesses
        How many registers and columns of the netlist each rule found.
    any_word
        Address of a word of a memory, any of them.
    own
        Registers of the netlist that are inputs of the graph, which the Verilog does not have.
    words
        Registers of the netlist that are a word of a column of the Verilog: number of the column, word, and 1
        if it is the inverse.
    last_words
        For the numbers of columns whose words are registers: the last.
    late
        For the numbers of columns whose writes wait in such registers: which.
    sizes
        For the numbers of columns that are in several blocks: the words of all blocks.
    """

    graph: Graph
    rtl: Side
    netlist: Side
    claims: dict[Net, Literal] = field(default_factory=dict)
    columns: list[tuple[Memory, int]] = field(default_factory=list)
    guesses: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    any_word: list[Literal] = field(default_factory=list)
    own: dict[Net, Literal] = field(default_factory=dict)
    words: dict[Net, tuple[int, int, int]] = field(default_factory=dict)
    last_words: dict[int, int] = field(default_factory=dict)
    late: dict[int, Late] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """Return the names of registers and memories of the netlist without a partner."""
        values, names = self.netlist.values, self.netlist.circuit.name_of()
        registers = [
            names.get(register.output, register.name)
            for register in self.netlist.circuit.registers
            if register.output not in values
        ]
        return registers + [
            memory.name
            for memory in self.netlist.circuit.memories
            if any(net not in values for net in self.used(memory))
        ]

    def take_own(self, *nets: Net) -> None:
        """Make registers of the netlist inputs of the graph."""
        for net in nets:
            if net not in self.netlist.values:
                self.own[net] = self.netlist.values[net] = self.graph.variable()

    def column(self, net: Net) -> tuple[Memory, int, int, int]:
        """Return the memory that a column of the netlist holds, column in it, its number, and the block."""
        block, number = divmod(self.netlist.values[net], BLOCK)
        number %= BEHIND
        return *self.columns[number], number, block

    def renumber(self, state: Mapping[Net, Literal], shift: int = 0) -> None:
        """Let reads of columns, numbered from `shift` on, be what they are in a state of the netlist."""
        state = {ZERO: FALSE, ONE: TRUE, **state}
        for number, last in self.last_words.items():
            self.graph.end(number + shift, last)
        for number, size in self.sizes.items():
            self.graph.leave(number + shift, size, number + shift + BEYOND)
        for number, late in self.late.items():
            column = number + shift
            address = [state[net] for net in late.address]
            self.graph.wait(column, column + BEHIND, state[late.enable], address, state[late.data])

    def word(self, net: Net, shift: int = 0) -> Literal:
        """Return what a register that is a word holds, of columns numbered from `shift` on."""
        number, word, inverse = self.words[net]
        return self.graph.read(number + shift, block_address(word)) ^ inverse

    def used(self, memory: Memory) -> list[Net]:
        """Return the columns of a memory of the netlist that something reads."""
        return [net for net in memory.columns if net in self._read]

    def __post_init__(self) -> None:
        self._read = {net for gate in self.netlist.circuit.gates for net in gate.inputs[:1]}
