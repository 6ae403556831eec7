"""Memories that are written a clock later than in the Verilog.

Where a block promises nothing when one port reads what another writes, Yosys keeps what is to be written in
registers for a clock, and a read of that very word goes around the block. So a word of the Verilog is what
waits for its place, if something does, else what the block holds; and the register that the Verilog reads
into is a choice between a few of the netlist, as it is where a memory takes several blocks. Of these the
registers of the netlist are the inputs of the graph, and those of the Verilog follow from them.
"""

from collections.abc import Mapping

from inrhw.verification.equivalence.circuit import BEHIND, BLOCK, ONE, ZERO, Memory, Net, Register
from inrhw.verification.equivalence.graph import Graph
from inrhw.verification.equivalence.guesses.blocks import find_choices
from inrhw.verification.equivalence.guesses.cones import Cones
from inrhw.verification.equivalence.guesses.rules import columns_in_order
from inrhw.verification.equivalence.relation import Late, Relation


def find_late(relation: Relation, partners: Mapping[Net, list[Net]]) -> None:
    """Find memories whose writes wait in registers that only the netlist has, and what is read from them.

    Parameters
    ----------
    relation
        Before any register has a value; gets `own`, `late`, and in `claims` registers of the Verilog.
    partners
        For each net of the netlist those of the Verilog with the same name.
    """
    known = {register.output for register in relation.rtl.circuit.registers}
    hidden = {
        register.output: register
        for register in relation.netlist.circuit.registers
        if known.isdisjoint(partners.get(register.output, ()))
    }
    # What says that it is the first clock is constant from then on.
    relation.netlist.values |= {
        net: each.data
        for net, each in hidden.items()
        if (each.enable, each.reset) == (ONE, ZERO) and each.data <= ONE
    }
    columns, cones = list(columns_in_order(relation)), Cones(relation.netlist.circuit)
    for memory, column, net, number in columns:
        late = _waiting(memory, column, hidden, cones)
        if late and number is not None and _alike(relation.columns[number % BLOCK][0], memory):
            relation.netlist.values[net] = number + BEHIND
            relation.late[number] = late
            relation.take_own(late.enable, late.data, *late.address)
    relation.renumber(relation.netlist.values)
    _find_reads(relation, partners, cones, hidden)
    find_choices(relation, cones, hidden, [(net, number) for *_, net, number in columns])


def _waiting(memory: Memory, column: int, hidden: Mapping[Net, Register], cones: Cones) -> Late | None:
    """Return what waits for a column, if all that is written to it does."""
    if len(memory.writes) != 1:
        return None
    (write,) = memory.writes
    late = Late(_source(cones, write.enable[column]), write.address, write.data[column])
    for net in (late.enable, late.data, *late.address):
        register = hidden.get(net)
        if net not in (ZERO, ONE) and (register is None or (register.enable, register.reset) != (ONE, ZERO)):
            return None
    return late if late.enable in hidden else None


def _source(cones: Cones, net: Net) -> Net:
    """Return the register that a net is equal to: a mask of iCE40 may be the inverse of the enable."""
    behind = cones.behind(net)
    if len(behind) != 1:
        return net
    (only,) = behind
    graph = Graph()
    variable = graph.variable()
    return only if cones.function(graph, net, {only: variable}) == variable else net


def _alike(rtl: Memory, netlist: Memory) -> bool:
    """Return whether one block has room for all words, and both are written at one port."""
    return len(rtl.writes) == 1 and len(rtl.start[0]) <= len(netlist.start[0])


def _find_reads(
    relation: Relation, partners: Mapping[Net, list[Net]], cones: Cones, hidden: Mapping[Net, Register]
) -> None:
    """Find registers of the Verilog that are a choice between hidden ones, one of them of a block."""
    blocks = {memory.name for memory in relation.netlist.circuit.memories}
    registers = {register.output for register in relation.rtl.circuit.registers}
    chosen: dict[Net, Net] = {}
    for net in cones.driven:
        here = [other for other in partners.get(net, ()) if other in registers]
        if not here:
            continue
        behind = cones.behind(net)
        if behind <= hidden.keys() and any(hidden[each].name.rpartition(" ")[0] in blocks for each in behind):
            relation.take_own(*sorted(behind))
            chosen |= dict.fromkeys(here, net)
    relation.netlist.settle(relation.graph)
    values = relation.netlist.values
    relation.claims = {net: values[other] for net, other in chosen.items() if other in values}
