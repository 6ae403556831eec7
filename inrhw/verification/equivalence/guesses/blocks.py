"""Memories that take several blocks: what the Verilog reads is a choice between what the blocks show.

The registers that say which block was read are in the netlist alone, and the choice may have merged with what
comes after it, so that no net has the name of the Verilog's register. As in `late`, what only the netlist has
are inputs of the graph, and the register of the Verilog follows from them.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import BLOCK, Net, Register
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.guesses.cones import Cones
from inrhw.verification.equivalence.guesses.rules import columns_in_order
from inrhw.verification.equivalence.relation import Relation

#: Bits, at most, that say which block it is.
_MOST_BITS = 4


def find_choices(relation: Relation, cones: Cones, hidden: Mapping[Net, Register]) -> None:
    """Find registers of the Verilog that are a choice between those behind the blocks of a memory.

    Parameters
    ----------
    relation
        Gets `own` and `claims`.
    cones
        Of the netlist.
    hidden
        Registers of the netlist whose names say nothing.
    """
    reading = relation.rtl.circuit.readers()
    for number, shown in _shown(relation, hidden).items():
        memory, column = relation.columns[number]
        registers = reading.get(memory.columns[column], ())
        if len(registers) != 1 or len(shown) < 2 or registers[0].output in relation.claims:
            continue
        for end in cones.meeting(shown):
            select = sorted(cones.behind(end) & hidden.keys() - set(shown))
            chosen = _chosen(cones, end, shown, select)
            if chosen is not None:
                relation.take_own(*shown, *select)
                values = relation.netlist.values
                table = [values[net] for net in chosen]
                index = [values[net] for net in select]
                relation.claims[registers[0].output] = words.looked_up(relation.graph, table, index)
                break


def _shown(relation: Relation, hidden: Mapping[Net, Register]) -> dict[int, list[Net]]:
    """Return for each column of the Verilog the registers behind its blocks, if each has one."""
    readers = relation.netlist.circuit.readers()
    found: dict[int, dict[int, list[Net]]] = defaultdict(lambda: defaultdict(list))
    for _, _, net, number in columns_in_order(relation):
        if number is not None:
            block, column = divmod(number, BLOCK)
            found[column][block] += [each.output for each in readers.get(net, ())]
    return {
        column: [blocks[block][0] for block in sorted(blocks)]
        for column, blocks in found.items()
        if all(len(nets) == 1 and nets[0] in hidden for nets in blocks.values())
    }


def _chosen(cones: Cones, end: Net, shown: Sequence[Net], select: Sequence[Net]) -> list[Net] | None:
    """Return which of the nets shown an end depends on, for each value of `select`; None if not on one."""
    if not 0 < len(select) <= _MOST_BITS:
        return None
    found = []
    for bits in itertools.product((0, 1), repeat=len(select)):
        graph = Graph()
        known: dict[Net, Literal] = dict(zip(select, bits[::-1], strict=True))
        known |= {net: graph.variable() for net in shown}
        behind = graph.support([cones.function(graph, end, known)])
        one = [net for net in shown if known[net] >> 1 in behind]
        if len(one) != 1:
            return None
        found += one
    return found
