"""Registers of the Verilog that are a choice, of which the netlist has no name.

What is read from a memory of several blocks is a choice between what each shows, and what is read from one
that is written late a choice between that and what waits. No net has the name of the Verilog's register where
the choice merged with what comes after it. What is before it is in the netlist alone; as in `late`, its
registers are inputs of the graph, and the register of the Verilog follows from them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from inrhw.verification.equivalence.circuit import BLOCK, Memory, Net, Register
from inrhw.verification.equivalence.guesses.cones import Cones
from inrhw.verification.equivalence.guesses.rules import in_order
from inrhw.verification.equivalence.relation import Relation


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
    tables = [(table, column) for table in rtl.tables for column in range(len(table.columns))]
    used = {net for net, registers in netlist.readers.items() if registers}
    in_tables = [(net, number) for *_, net, number in in_order(netlist.tables, used, tables)]
    taking: dict[Net, list[Net]] = defaultdict(list)
    for register in rtl.registers:
        if register.data in rtl.shows:
            taking[rtl.shows[register.data]].append(register.output)
    late = {
        memory.columns[column] for memory, column in (relation.columns[number] for number in relation.late)
    }
    for net, shown in [*_shown(relation, relation.columns, columns), *_shown(relation, tables, in_tables)]:
        chosen = (len(shown) > 1 or net in late) and hidden.keys() >= set(shown)
        if not chosen or len(taking[net]) != 1 or taking[net][0] in relation.claims:
            continue
        end = next(cones.meeting(shown, hidden.keys()), None)
        if end is not None:
            relation.take_own(*sorted(cones.behind(end)))
            values = dict(relation.netlist.values)
            relation.claims[taking[net][0]] = cones.function(relation.graph, end, values)


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
