"""The obligations that turn the guessed relation into a proof.

One clock: if the relation holds, the outputs agree, and it holds again after the clock. The start: it holds
when the power comes, or else the outputs agree in the first clocks and it holds after them. Both for all
inputs, and the first for all states of the Verilog, reachable or not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import ONE, ZERO, Memory, Net, block_address
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.relation import Relation
from inrhw.verification.equivalence.side import Side

#: What registers hold, by their output.
_State = dict[Net, Literal]

#: Clocks after the start in which registers may differ that no output shows.
_FIRST_CLOCKS = 16

#: Random patterns that say whether the relation holds by then.
_PATTERNS = 4096


@dataclass(frozen=True, slots=True)
class Obligation:
    """Two literals that must be equal for all inputs and states; `point` says where."""

    point: str
    expected: Literal
    got: Literal

    @property
    def structural(self) -> bool:
        """Whether both were built alike, so that nothing is left to prove."""
        return self.expected == self.got


def in_one_clock(relation: Relation) -> list[Obligation]:
    """Return the obligations from any clock to the next."""
    rtl, netlist = relation.rtl, relation.netlist
    after = rtl.following_all(relation.graph), netlist.following_all(relation.graph)
    return [*_outputs(rtl, netlist), *_held(relation, *after), *_words(relation, rtl, netlist)]


def different_words(relation: Relation) -> list[str]:
    """Return the columns of memories that start with other words than the Verilog's."""
    found = []
    starts = {register.output: register.start for register in relation.netlist.circuit.registers}
    for memory, column, net in _used_columns(relation):
        other, place, number, block = relation.column(net)
        size = len(memory.start[column])
        wanted = other.start[place][block * size : (block + 1) * size]
        got = memory.start[column].ljust(len(wanted), "x")
        # x in the Verilog may be anything.
        # What waits at the start must be nothing.
        waits = number in relation.late and starts[relation.late[number].enable] != 0
        if waits or any(bit not in ("x", here) for bit, here in zip(wanted, got, strict=False)):
            found.append(f"memory {memory.name}, column {column}")
    for net, (number, word, inverse) in relation.words.items():
        other, place = relation.columns[number]
        start = starts[net]
        if other.start[place][word] not in ("x", "?" if start is None else str(start ^ inverse)):
            found.append(f"memory {other.name}[{word}]")
    return found


def at_start(relation: Relation, check: Callable[[], None]) -> tuple[int, list[Obligation]]:
    """Return the clocks until the relation holds, and the obligations up to then; `check` in each clock."""
    graph = relation.graph
    rtl, netlist = _start(relation)
    obligations: list[Obligation] = []
    for clock in range(_FIRST_CLOCKS + 1):
        check()
        held = [_named(each, clock) for each in _held(relation, rtl, netlist)]
        values: dict[int, int] = {}
        if clock == _FIRST_CLOCKS or not any(_differ(graph, each, values) for each in held):
            return clock, [*obligations, *held]
        shift = (clock + 1) * len(relation.columns)
        relation.renumber(netlist, shift)
        netlist |= {net: relation.word(net, shift) for net in relation.words}
        sides = (
            _in_clock(relation, relation.rtl, rtl, clock),
            _in_clock(relation, relation.netlist, netlist, clock),
        )
        # The same unknown inputs on both sides, new ones in each clock.
        for name, nets in sides[0].circuit.inputs.items():
            for net, other in zip(nets, sides[1].circuit.inputs[name], strict=True):
                sides[0].values[net] = sides[1].values[other] = graph.variable(tainted=True)
        for side in sides:
            side.settle(graph)
        obligations += [_named(each, clock) for each in (*_outputs(*sides), *_words(relation, *sides))]
        rtl, netlist = (side.following_all(graph) for side in sides)
    raise AssertionError


def _named(obligation: Obligation, clock: int) -> Obligation:
    return Obligation(
        f"{obligation.point}, {clock} clocks after the start", obligation.expected, obligation.got
    )


def _differ(graph: Graph, obligation: Obligation, values: dict[int, int]) -> bool:
    if obligation.structural:
        return False
    first, second = graph.simulate([obligation.expected, obligation.got], _PATTERNS, values)
    return first != second


def _outputs(rtl: Side, netlist: Side) -> Iterator[Obligation]:
    for name, nets in rtl.circuit.outputs.items():
        for k, (net, other) in enumerate(zip(nets, netlist.circuit.outputs[name], strict=True)):
            yield Obligation(f"output {name}[{k}]", rtl.values[net], netlist.values[other])


def _held(relation: Relation, rtl: _State, netlist: _State) -> Iterator[Obligation]:
    """Yield that the relation holds in a state of both sides."""
    graph = relation.graph
    known = {
        value >> 1: rtl[net]
        for net, value in ((net, relation.rtl.values[net]) for net in rtl)
        if net not in relation.claims and graph.is_variable(value)
    }
    known |= {value >> 1: netlist[net] for net, value in relation.own.items()}
    names = relation.rtl.circuit.name_of()
    anything: dict[int, Literal] = {}
    for net, literal in relation.claims.items():
        (wanted,) = graph.substitute([literal], known)
        got = _where_read(graph, rtl[net], wanted, anything)
        yield Obligation(f"register {names.get(net, net)} of the Verilog", wanted, got)
    names = relation.netlist.circuit.name_of()
    for register in relation.netlist.circuit.registers:
        if register.output in relation.words:
            continue
        (wanted,) = graph.substitute([relation.netlist.values[register.output]], known)
        name, got = names.get(register.output, register.name), netlist[register.output]
        yield Obligation(f"register {name}", _where_read(graph, wanted, got, anything), got)


def _where_read(graph: Graph, rtl: Literal, netlist: Literal, anything: dict[int, Literal]) -> Literal:
    """Return what the Verilog has if what it reads beyond a memory, which is x, is what the netlist reads.

    `anything` gets what that was taken for, once and for all.
    """
    free = graph.free(rtl)
    if not free:
        return rtl
    anything |= {node: netlist for node in free if node not in anything}
    return graph.substitute([rtl], dict(anything))[0]


def _words(relation: Relation, rtl: Side, netlist: Side) -> Iterator[Obligation]:
    """Yield that any word of each column of a memory is the same on both sides after the clock."""
    graph = relation.graph
    after = {ZERO: FALSE, ONE: TRUE}
    if relation.late or relation.words:
        after |= netlist.following_all(graph)
    for net, (number, at, inverse) in relation.words.items():
        other, place = relation.columns[number]
        expected = rtl.stored(graph, other, place, block_address(at)) ^ inverse
        yield Obligation(f"memory {other.name}[{at}]", expected, after[net])
    for memory, column, net in _used_columns(relation):
        other, place, number, block = relation.column(net)
        wide = len(memory.start[column]).bit_length() - 1
        while len(relation.any_word) < wide:
            relation.any_word.append(graph.variable(tainted=True))
        word = relation.any_word[:wide]
        expected = rtl.stored(graph, other, place, [*word, *block_address(block)])
        got = netlist.stored(graph, memory, column, word)
        if number in relation.late:
            late = relation.late[number]
            enable, data, *address = (after[at] for at in (late.enable, late.data, *late.address))
            there = words.extended([*word, *block_address(block)], len(address), signed=False)
            hit = graph.and_(enable, words.equal(graph, address, there))
            got = graph.mux(hit, data, got)
        yield Obligation(f"memory {memory.name}, column {column}", expected, got)


def _used_columns(relation: Relation) -> Iterator[tuple[Memory, int, Net]]:
    for memory in relation.netlist.circuit.memories:
        used = relation.used(memory)
        for column, net in enumerate(memory.columns):
            if net in used:
                yield memory, column, net


def _start(relation: Relation) -> tuple[_State, _State]:
    """Return what the registers of both sides hold when the power comes.

    One of the Verilog that starts with x starts as its partner; one of the netlist may start with anything.
    """
    graph = relation.graph
    partners: dict[Literal, Literal] = {}
    for register in relation.netlist.circuit.registers:
        value = relation.netlist.values[register.output]
        if register.start is not None:
            partners.setdefault(value & ~1, register.start ^ value & 1)
    rtl = {
        register.output: partners.get(relation.rtl.values[register.output], FALSE)
        if register.start is None
        else register.start
        for register in relation.rtl.circuit.registers
    }
    netlist = {
        register.output: graph.variable(tainted=True) if register.start is None else register.start
        for register in relation.netlist.circuit.registers
    }
    known = {value >> 1: netlist[net] for net, value in relation.own.items()}
    for register in relation.rtl.circuit.registers:
        if register.start is None and register.output in relation.claims and known:
            (rtl[register.output],) = graph.substitute([relation.claims[register.output]], known)
    return rtl, netlist


def _in_clock(relation: Relation, side: Side, state: _State, clock: int) -> Side:
    """Return a side that holds a state, with words of memories and unknown nets of that clock."""
    found = Side(side.circuit)
    found.values |= state
    anything = side is relation.netlist
    found.values |= {
        net: relation.graph.variable(tainted=True) if anything else side.values[net]
        for net in sorted(side.circuit.unknown)
    }
    shift = (clock + 1) * len(relation.columns)
    for memory in side.circuit.memories:
        found.values |= {net: side.values[net] + shift for net in memory.columns if net in side.values}
    return found
