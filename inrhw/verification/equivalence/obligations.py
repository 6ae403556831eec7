"""What must hold for the relation to be more than a guess.

One clock: if the relation holds, the outputs agree, and it holds again after the clock. The start: it holds when
the power comes, or else the outputs agree in the first clock and it holds after that. Both for all inputs, and
the first for all states of the Verilog, reachable or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from inrhw.verification.equivalence.circuit import Memory, Net, Register
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.equivalence.relation import Relation
from inrhw.verification.equivalence.side import Side


@dataclass(frozen=True, slots=True)
class Obligation:
    """Two literals that must be equal for all inputs and states; `point` says where."""

    point: str
    expected: Literal
    got: Literal


def in_one_clock(relation: Relation) -> list[Obligation]:
    """Return what must hold from any clock to the next."""
    return list(_step(relation, relation.rtl, relation.netlist))


def at_start(relation: Relation) -> tuple[list[str], list[Obligation]]:
    """Return where the start values break the relation, and what must hold if they do.

    Returns
    -------
    tuple
        Memories whose words differ at the start, which nothing mends; and, where a register differs, the
        obligations that the first clock mends it.
    """
    words = list(_different_words(relation))
    if words or not _registers_differ(relation):
        return words, []
    graph = relation.graph
    rtl, netlist = _started(relation, relation.rtl), _started(relation, relation.netlist)
    for side in (rtl, netlist):
        side.settle(graph)
    first = _step(relation, rtl, netlist)
    return [], [Obligation(f"{each.point}, in the first clock", each.expected, each.got) for each in first]


def _step(relation: Relation, rtl: Side, netlist: Side) -> Iterator[Obligation]:
    """Yield that outputs agree and that the relation holds after a clock of the two sides."""
    graph = relation.graph
    for name, nets in rtl.circuit.outputs.items():
        for k, (net, other) in enumerate(zip(nets, netlist.circuit.outputs[name], strict=True)):
            yield Obligation(f"output {name}[{k}]", rtl.values[net], netlist.values[other])
    after: dict[int, Literal] = {}
    for register in rtl.circuit.registers:
        value = relation.rtl.values[register.output]
        if register.output not in relation.claims and graph.is_variable(value):
            after[value >> 1] = _following(graph, rtl, register)
    names = rtl.circuit.name_of()
    for register in rtl.circuit.registers:
        if register.output in relation.claims:
            (wanted,) = graph.substitute([relation.claims[register.output]], after)
            point = f"register {names.get(register.output, register.name)} of the Verilog"
            yield Obligation(point, wanted, _following(graph, rtl, register))
    names = netlist.circuit.name_of()
    for register in netlist.circuit.registers:
        (wanted,) = graph.substitute([relation.netlist.values[register.output]], after)
        point = f"register {names.get(register.output, register.name)}"
        yield Obligation(point, wanted, _following(graph, netlist, register))
    for memory, column, net in _used_columns(relation):
        other, place = relation.columns[relation.netlist.values[net]]
        wide = max(len(other.start[place]), len(memory.start[column])).bit_length() - 1
        word = _word(relation, wide)
        point = f"memory {memory.name}, column {column}"
        yield Obligation(
            point, rtl.stored(graph, other, place, word), netlist.stored(graph, memory, column, word)
        )


def _following(graph: Graph, side: Side, register: Register) -> Literal:
    literal = side.following(graph, register)
    assert literal is not None
    return literal


def _used_columns(relation: Relation) -> Iterator[tuple[Memory, int, Net]]:
    for memory in relation.netlist.circuit.memories:
        used = relation.used(memory)
        for column, net in enumerate(memory.columns):
            if net in used:
                yield memory, column, net


def _word(relation: Relation, width: int) -> list[Literal]:
    """Return any word of a memory: new inputs, the same for all memories."""
    while len(relation.any_word) < width:
        relation.any_word.append(relation.graph.variable(tainted=True))
    return relation.any_word[:width]


def _different_words(relation: Relation) -> Iterator[str]:
    for memory, column, net in _used_columns(relation):
        other, place = relation.columns[relation.netlist.values[net]]
        wanted, got = other.start[place], memory.start[column].ljust(len(other.start[place]), "x")
        # x in the Verilog may be anything.
        if any(bit != "x" and bit != here for bit, here in zip(wanted, got, strict=False)):
            yield f"memory {memory.name}, column {column}, at the start"


def _registers_differ(relation: Relation) -> bool:
    graph = relation.graph
    starts: dict[int, Literal] = {}
    registers = relation.rtl.circuit.registers
    for register in registers:
        value = relation.rtl.values[register.output]
        if graph.is_variable(value) and register.start is not None:
            starts.setdefault(value >> 1, register.start)
    for register in relation.netlist.circuit.registers:
        # One that starts with x may start as its partner does.
        value = relation.netlist.values[register.output]
        if graph.is_variable(value) and register.start is not None:
            starts.setdefault(value >> 1, register.start ^ value & 1)
    pairs = [(relation.rtl.values[register.output], register.start) for register in registers]
    held = [(literal, start) for literal, start in pairs if start is not None]
    held += [
        (relation.netlist.values[register.output], register.start if register.start is not None else -1)
        for register in relation.netlist.circuit.registers
    ]
    found = graph.substitute([literal for literal, _ in held], starts)
    return found != [start for _, start in held]


def _started(relation: Relation, side: Side) -> Side:
    """Return a side in the first clock, with its registers as they start."""
    graph = relation.graph
    started = Side(side.circuit)
    for nets in side.circuit.inputs.values():
        started.values |= {net: side.values[net] for net in nets}
    started.values |= {net: side.values[net] for net in side.circuit.unknown}
    for register in side.circuit.registers:
        unknown = FALSE if side is relation.rtl else graph.variable(tainted=True)
        started.values[register.output] = unknown if register.start is None else register.start
    for memory in side.circuit.memories:
        started.values |= {net: side.values[net] for net in memory.columns if net in side.values}
    return started
