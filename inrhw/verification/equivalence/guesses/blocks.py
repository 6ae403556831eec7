"""Registers of the Verilog that are a choice, of which the netlist has no name.

What is read from a memory of several blocks is a choice between what each shows, and what is read from one
that is written late a choice between that and what waits. No net has the name of the Verilog's register where
the choice merged with what comes after it. What is before it is in the netlist alone; as in `late`, its
registers are inputs of the graph, and the register of the Verilog follows from them.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from inrhw.verification.equivalence.circuit import BLOCK, Memory, Net, Register
from inrhw.verification.equivalence.graph import Literal
from inrhw.verification.equivalence.guesses.cones import Cones
from inrhw.verification.equivalence.guesses.rules import in_order
from inrhw.verification.equivalence.relation import Relation

#: Other registers, at most, that a choice merged with.
_MOST_MASKS = 2


def find_choices(
    relation: Relation,
    cones: Cones,
    hidden: Mapping[Net, Register],
    columns: Sequence[tuple[Net, int | None]],
) -> None:
    """Find registers of the Verilog that take what is read, where the netlist has a choice in their place.

    Parameters
    ----------
    relation
        Gets `own` and `claims`.
    cones
        Of the netlist.
    hidden
        Registers of the netlist whose names say nothing.
    columns
        Of the netlist, with those of the Verilog that they are taken for.
    """
    rtl, netlist = relation.rtl.circuit, relation.netlist.circuit
    registers = {register.output for register in netlist.registers}
    taking: dict[Net, list[Net]] = defaultdict(list)
    for register in rtl.registers:
        if register.data in rtl.shows:
            taking[rtl.shows[register.data]].append(register.output)
    # Synthesis leaves out columns of tables that nobody reads, or that are the same everywhere.
    tables = [
        (table, column)
        for table in rtl.tables
        for column, net in enumerate(table.columns)
        if net in taking and len(set(table.start[column])) > 1
    ]
    used = {net for net, there in netlist.readers.items() if there}
    in_tables = [(net, number) for *_, net, number in in_order(netlist.tables, used, tables)]
    late = {
        memory.columns[column] for memory, column in (relation.columns[number] for number in relation.late)
    }
    for net, shown in [*_shown(relation, relation.columns, columns), *_shown(relation, tables, in_tables)]:
        chosen = (len(shown) > 1 or net in late) and hidden.keys() >= set(shown)
        if not chosen or len(taking[net]) != 1 or taking[net][0] in relation.claims:
            continue
        found = _choice(cones, shown, hidden.keys(), registers)
        if found is not None:
            end, masks = found
            relation.take_own(*sorted(cones.behind(end) - masks.keys()))
            values = relation.netlist.values | masks
            claim = cones.function(relation.graph, end, values)
            relation.claims[taking[net][0]] = claim ^ cones.at_zero(end, masks)


def _choice(
    cones: Cones, shown: Sequence[Net], hidden: Set[Net], registers: Set[Net]
) -> tuple[Net, dict[Net, Literal]] | None:
    """Return where a choice between registers is, and what others must be there to let it through.

    Those others are registers that the choice merged with: what masks it, or another part of a sum.
    """
    for end in itertools.chain(cones.meeting(shown, hidden), cones.meeting(shown, registers)):
        others = sorted(cones.behind(end) - hidden)
        for bits in itertools.product((0, 1), repeat=len(others)) if len(others) <= _MOST_MASKS else ():
            masks = dict(zip(others, bits, strict=True))
            if cones.depends(end, masks, shown):
                return end, masks
    return None


def _shown(
    relation: Relation, columns: Sequence[tuple[Memory, int]], found: Sequence[tuple[Net, int | None]]
) -> list[tuple[Net, list[Net]]]:
    """Return for columns of the Verilog the registers behind those of the netlist that are taken for them."""
    shown: dict[int, list[Net]] = defaultdict(list)
    for net, number in found:
        if number is not None:
            shown[number % BLOCK] += relation.netlist.circuit.readers[net]
    places = ((columns[number], registers) for number, registers in shown.items())
    return [(memory.columns[column], registers) for (memory, column), registers in places]
