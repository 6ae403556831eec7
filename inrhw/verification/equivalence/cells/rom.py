"""Memories: one that is never written is a table, so its reads are gates and not unknown words."""

from collections.abc import Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import ZERO, Circuit, Function, Memory, Net, Write
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal


def add_memory(
    circuit: Circuit,
    name: str,
    start: Sequence[str],
    writes: Sequence[Write],
    reads: Sequence[tuple[Sequence[Net], Sequence[Net]]],
    *,
    size: int | None = None,
) -> Memory:
    """Add a memory to a circuit and return it.

    Parameters
    ----------
    circuit
        Gets it.
    name
        Of the memory.
    start
        For each column the bits that it starts with, as 0, 1 and x, the first word first.
    writes
        Ports that write; a later one wins.
    reads
        Address and outputs, one a column, of each port that reads without a clock.
    size
        Words that there are. None: as many as `start` has.
    """
    if all(net == ZERO for write in writes for net in write.enable):
        writes = ()
    memory = circuit.memory(name, start, writes, len(start[0]) if size is None else size)
    for address, outputs in reads:
        for number, (column, output) in enumerate(zip(memory.columns, outputs, strict=True)):
            circuit.shows[output] = column
            if writes:
                circuit.read(memory, address, number, output)
            else:
                circuit.gate(_table(circuit, name, number, start[number]), address, (output,))
    return memory


def _table(circuit: Circuit, name: str, number: int, column: str) -> Function:
    known = {"0": FALSE, "1": TRUE}
    circuit.choices.columns[name, number] = column

    def function(graph: Graph, literals: list[Literal]) -> Sequence[Literal]:
        table = [
            known[bit] if bit in known else circuit.choices.literal(graph, (name, number, word))
            for word, bit in enumerate(column)
        ]
        return [words.looked_up(graph, table, literals)]

    return function
