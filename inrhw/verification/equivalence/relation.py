"""Which register of the netlist holds what of the Verilog.

The registers of the Verilog are the inputs of the graph. Each register of the netlist is some function of
them, mostly one of them, perhaps inverted.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from inrhw.verification.equivalence.circuit import Memory, Net
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.side import Side


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
    """

    graph: Graph
    rtl: Side
    netlist: Side
    claims: dict[Net, Literal] = field(default_factory=dict)
    columns: list[tuple[Memory, int]] = field(default_factory=list)
    guesses: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    any_word: list[Literal] = field(default_factory=list)

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

    def used(self, memory: Memory) -> list[Net]:
        """Return the columns of a memory of the netlist that something reads."""
        return [net for net in memory.columns if net in self._read]

    def __post_init__(self) -> None:
        self._read = {net for gate in self.netlist.circuit.gates for net in gate.inputs[:1]}
