"""One of the two circuits while it is added to the graph: the nets that already have a literal."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import (
    BLOCK,
    ONE,
    ZERO,
    Circuit,
    Gate,
    Memory,
    Net,
    Register,
    block_address,
)
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal


@dataclass
class Side:
    """A circuit and the literals of its nets.

    Attributes
    ----------
    circuit
        The circuit.
    values
        The literal of each net that has one; of the column of a memory its number.
    waiting
        Gates with a missing input, in order.
    """

    circuit: Circuit
    values: dict[Net, Literal] = field(default_factory=lambda: {ZERO: FALSE, ONE: TRUE})
    waiting: list[Gate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.waiting = list(self.circuit.gates)

    def settle(self, graph: Graph) -> None:
        """Give a literal to all nets that can have one now."""
        values = self.values
        left = []
        for gate in self.waiting:
            try:
                bits = [values[net] for net in gate.inputs]
            except KeyError:
                left.append(gate)
                continue
            values.update(zip(gate.outputs, gate.function(graph, bits), strict=False))
        self.waiting = left

    def following(self, graph: Graph, register: Register) -> Literal | None:
        """Return the next value of a register, None if it is not known yet."""
        needed = (register.data, register.enable, register.reset)
        if register.output not in self.values and register.enable != ONE:
            return None
        if any(net not in self.values for net in needed):
            return None
        data, enable, reset = (self.values[net] for net in needed)
        kept = graph.mux(enable, data, self.values[register.output]) if enable != TRUE else data
        return graph.mux(reset, register.reset_to, kept)

    def following_all(self, graph: Graph) -> dict[Net, Literal]:
        """Return what each register holds after the clock, once all nets are settled."""
        found = {register.output: self.following(graph, register) for register in self.circuit.registers}
        return {net: literal for net, literal in found.items() if literal is not None}

    def known(self, nets: Iterable[Net]) -> bool:
        """Return whether all of the nets have a literal."""
        return all(net in self.values for net in nets)

    def stored(self, graph: Graph, memory: Memory, column: int, word: words.Word) -> Literal:
        """Return what a column of a memory holds at a word after the clock."""
        values = self.values
        block, number = divmod(values[memory.columns[column]], BLOCK)
        here = graph.read(number, [*word, *block_address(block)])
        for write in memory.writes:
            address = [values[net] for net in write.address]
            wide = max(len(address), len(word))
            hit = words.equal(
                graph,
                words.extended(address, wide, signed=False),
                words.extended(word, wide, signed=False),
            )
            hit = graph.and_(values[write.enable[column]], hit)
            here = graph.mux(hit, values[write.data[column]], here)
        return here
