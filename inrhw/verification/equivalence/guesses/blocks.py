"""Registers of the Verilog that are a choice, of which the netlist has no name.

What is read from a memory of several blocks is a choice between what each shows, and what is read from one
that is written late a choice between that and what waits. No net has the name of the Verilog's register where
the choice merged with what comes after it. What is before it is in the netlist alone; as in `late`, its
registers are inputs of the graph, and the register of the Verilog follows from them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from inrhw.verification.equivalence.circuit import BLOCK, Net, Register
from inrhw.verification.equivalence.guesses.cones import Cones
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
    shown: dict[int, list[Net]] = defaultdict(list)
    for net, number in columns:
        if number is not None:
            shown[number % BLOCK] += relation.netlist.circuit.readers[net]
    for number, taking in _taking(relation).items():
        several = len(shown[number]) > 1 or number in relation.late
        if (
            len(taking) > 1
            or taking[0] in relation.claims
            or not several
            or not hidden.keys() >= set(shown[number])
        ):
            continue
        for end in cones.meeting(shown[number]):
            behind = cones.behind(end)
            if behind <= hidden.keys():
                relation.take_own(*sorted(behind))
                relation.claims[taking[0]] = cones.function(
                    relation.graph, end, dict(relation.netlist.values)
                )
                break


def _taking(relation: Relation) -> dict[int, list[Net]]:
    """Return for each column of the Verilog the registers that take what is read from it."""
    circuit = relation.rtl.circuit
    columns, found = circuit.columns_read(), defaultdict(list)
    for register in circuit.registers:
        if register.data in columns:
            found[relation.rtl.values[columns[register.data]]].append(register.output)
    return found
