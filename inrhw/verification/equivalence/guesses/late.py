"""Memories that are written a clock later than in the Verilog.

Where a block promises nothing when one port reads what another writes, Yosys keeps what is to be written in
registers for a clock, and a read of that very word goes around the block. So a word of the Verilog is what
waits for its place, if something does, else what the block holds; and the register that the Verilog reads
into is a choice between a few of the netlist, as it is where a memory takes several blocks. Of these the
registers of the netlist are the inputs of the graph, and those of the Verilog follow from them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from inrhw.verification.equivalence.circuit import BEHIND, BLOCK, ONE, ZERO, Memory, Net, Register
from inrhw.verification.equivalence.graph import Graph
from inrhw.verification.equivalence.guesses.blocks import find_choices
from inrhw.verification.equivalence.guesses.cones import Cones
from inrhw.verification.equivalence.guesses.rules import columns_in_order
from inrhw.verification.equivalence.relation import Late, Relation

#: A column of the netlist: number of its block of words, memory, column of it, net.
_Part = tuple[int, Memory, int, Net]


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
    columns = list(columns_in_order(relation))
    parts: dict[int, list[_Part]] = defaultdict(list)
    for memory, column, net, number in columns:
        if number is not None:
            parts[number % BLOCK].append((number // BLOCK, memory, column, net))
    cones = Cones(relation.netlist.circuit)
    for number, there in parts.items():
        blocks = 1 + max(block for block, *_ in there)
        if blocks > 1:
            relation.sizes[number] = blocks * len(there[0][1].start[0])
        late = _waiting(relation.columns[number][0], there, cones, hidden)
        if late:
            relation.netlist.values |= {net: number + BEHIND + block * BLOCK for block, *_, net in there}
            relation.late[number] = late
            relation.take_own(late.enable, late.data, *late.address)
    relation.renumber(relation.netlist.values)
    _find_reads(relation, partners, cones, hidden)
    find_choices(relation, cones, hidden, [(net, number) for *_, net, number in columns])


def _waiting(
    rtl: Memory, parts: Sequence[_Part], cones: Cones, hidden: Mapping[Net, Register]
) -> Late | None:
    """Return what waits for a column of the Verilog, which may be in several blocks, if all writes do."""
    if any(len(memory.writes) != 1 for memory in (rtl, *(memory for _, memory, *_ in parts))):
        return None
    _, memory, column, _ = parts[0]
    (write,) = memory.writes
    where = _decoded({block: each.writes[0].enable[bit] for block, each, bit, _ in parts}, cones)
    if where is None:
        return None
    late = Late(where[0], write.address + where[1:], write.data[column])
    for net in (late.enable, late.data, *late.address):
        register = hidden.get(net)
        if net not in (ZERO, ONE) and (register is None or (register.enable, register.reset) != (ONE, ZERO)):
            return None
    return late if late.enable in hidden else None


def _decoded(enables: Mapping[int, Net], cones: Cones) -> tuple[Net, ...] | None:
    """Return the register that lets blocks be written, and those that say which block, lowest bit first.

    Of one block the mask may be the inverse of an enable, as on iCE40.
    """
    graph = Graph()
    known = {net: graph.variable() for net in set.union(*map(cones.behind, enables.values())) if net > ONE}
    bits = max(enables).bit_length()
    if len(known) != bits + 1:
        return None
    patterns = 1 << len(known)
    columns = {net: sum(1 << k for k in range(patterns) if k >> i & 1) for i, net in enumerate(known)}
    literals = [cones.function(graph, enable, dict(known)) for enable in enables.values()]
    tables = graph.simulate(literals, patterns, {known[net] >> 1: columns[net] for net in known})
    # A block is written under one pattern; what a register holds then, block by block, says what it is.
    held = {tuple(columns[net] & table > 0 for table in tables): net for net in known}
    wanted = [(True,) * len(enables), *(tuple(block >> k & 1 > 0 for block in enables) for k in range(bits))]
    return tuple(held[each] for each in wanted) if held.keys() >= set(wanted) else None


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
