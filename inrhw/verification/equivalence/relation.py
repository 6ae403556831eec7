"""A guess which register of the netlist holds what of the Verilog; every guess becomes an obligation.

The registers of the Verilog are the inputs of the graph. Each register of the netlist is some function of them,
mostly one of them, perhaps inverted. The names in the netlist say most of it, also which registers of the Verilog
synthesis made one and which it made constant. The rest follows from what comes before or after a register.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Memory, Net, Register
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.side import Side

#: Random patterns under which two functions must agree to be taken for one. 4,096 were too few once.
PATTERNS = 8192


@dataclass
class Relation:
    """The two circuits in one graph, and what the state of each is.

    Attributes
    ----------
    graph
        Of both.
    rtl, netlist
        The Verilog and the netlist.
    claims
        Registers of the Verilog that are taken to be the same as another, or constant: net and literal.
    columns
        For each column number: memory of the Verilog and column in it.
    guesses
        How many registers and columns of the netlist each rule found.
    any_word
        Address of a word of a memory, any of them.
    """

    graph: Graph
    rtl: Side
    netlist: Side
    claims: dict[Net, Literal] = field(default_factory=dict)
    columns: list[tuple[Memory, int]] = field(default_factory=list)
    guesses: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    any_word: list[Literal] = field(default_factory=list)

    def missing(self) -> list[str]:
        """Return the names of registers and memories of the netlist without a partner."""
        values, names = self.netlist.values, self.netlist.circuit.name_of()
        registers = [
            names.get(register.output, register.name)
            for register in self.netlist.circuit.registers
            if register.output not in values
        ]
        return registers + [
            memory.name
            for memory in self.netlist.circuit.memories
            if any(net not in values for net in self.used(memory))
        ]

    def used(self, memory: Memory) -> list[Net]:
        """Return the columns of a memory of the netlist that something reads."""
        return [net for net in memory.columns if net in self._read]

    def __post_init__(self) -> None:
        self._read = {net for gate in self.netlist.circuit.gates for net in gate.inputs[:1]}


def relate(rtl: Circuit, netlist: Circuit, check_time: Callable[[], None]) -> Relation:
    """Put both circuits into one graph and guess what each register of the netlist holds.

    Parameters
    ----------
    rtl, netlist
        With the same ports.
    check_time
        Called often; may raise.

    Returns
    -------
    Relation
        It may be wrong and have registers without a partner.
    """
    graph = Graph()
    relation = Relation(graph, Side(rtl), Side(netlist))
    _share_inputs(relation)
    partners = _same_names(relation)
    for memory in rtl.memories:
        for column, net in enumerate(memory.columns):
            relation.rtl.values[net] = len(relation.columns)
            relation.columns.append((memory, column))
    _settle_rtl(relation, _named_claims(relation, partners))
    check_time()
    _by_name(relation, partners)
    rules = _Rules(relation)
    while True:
        check_time()
        relation.netlist.settle(graph)
        if not any(rule() for rule in (rules.memories, rules.before, rules.after, rules.alike)):
            return relation


def _share_inputs(relation: Relation) -> None:
    graph, rtl, netlist = relation.graph, relation.rtl, relation.netlist
    for name, nets in rtl.circuit.inputs.items():
        for net, other in zip(nets, netlist.circuit.inputs[name], strict=True):
            rtl.values[net] = netlist.values[other] = graph.variable(tainted=True)
    # What nobody drives may be anything in the netlist, and 0, one of the choices, in the Verilog.
    rtl.values |= dict.fromkeys(rtl.circuit.unknown, FALSE)
    netlist.values |= {net: graph.variable(tainted=True) for net in sorted(netlist.circuit.unknown)}


def _same_names(relation: Relation) -> dict[Net, list[Net]]:
    """Return for each net of the netlist those of the Verilog that have the same name."""
    found: dict[Net, dict[Net, None]] = defaultdict(dict)
    netlist = relation.netlist.circuit
    for name, nets in relation.rtl.circuit.names.items():
        for net, other in zip(nets, netlist.names.get(name, ()), strict=False):
            found[netlist.aliases.get(other, other)][net] = None
    return {net: list(others) for net, others in found.items()}


def _named_claims(relation: Relation, partners: dict[Net, list[Net]]) -> dict[Net, Net]:
    """Return the registers of the Verilog that are one with another or constant, as the netlist's names say."""
    registers = {register.output for register in relation.rtl.circuit.registers}
    same: dict[Net, Net] = {}
    for net, others in partners.items():
        here = [other for other in others if other in registers and other not in same]
        if net in (ZERO, ONE):
            same |= dict.fromkeys(here, net)
        elif net > ONE:
            same |= dict.fromkeys(here[1:], here[0] if here else net)
    return same


def _settle_rtl(relation: Relation, same: dict[Net, Net]) -> None:
    """Give the Verilog its literals, one variable to registers that are the same."""
    rtl, graph = relation.rtl, relation.graph
    variables: dict[Net, Literal] = {}
    while True:
        outputs = [register.output for register in rtl.circuit.registers]
        roots = {net: _root(same, net) for net in outputs}
        for net, root in roots.items():
            if root > ONE and root not in variables:
                variables[root] = graph.variable()
            rtl.values[net] = variables[root] if root > ONE else root
        rtl.waiting = list(rtl.circuit.gates)
        rtl.settle(graph)
        if not _join_alike(relation, same):
            relation.claims = {net: rtl.values[net] for net, root in roots.items() if net != root}
            return


def _join_alike(relation: Relation, same: dict[Net, Net]) -> bool:
    """Join registers of the Verilog with the same start and next value; return whether there were some."""
    rtl, graph = relation.rtl, relation.graph
    registers = [register for register in rtl.circuit.registers if register.output not in same]
    following = {register.output: rtl.following(graph, register) or FALSE for register in registers}
    net_of = {rtl.values[register.output]: register.output for register in registers}
    joined = False
    while True:
        first: dict[tuple[Literal, int], Net] = {}
        before = len(same)
        for register in registers:
            if register.output in same or register.start is None:
                continue
            after = following[register.output]
            # What follows was perhaps joined with another a moment ago.
            if after & ~1 in net_of:
                root = _root(same, net_of[after & ~1])
                after = (root if root <= ONE else rtl.values[root]) ^ after & 1
            if after == register.start or after == rtl.values[register.output]:
                same[register.output] = register.start
                continue
            other = first.setdefault((after, register.start), register.output)
            if other != register.output:
                same[register.output] = other
        if len(same) == before:
            return joined
        joined = True


def _root(same: dict[Net, Net], net: Net) -> Net:
    while net in same:
        net = same[net]
    return net


def _by_name(relation: Relation, partners: dict[Net, list[Net]]) -> None:
    rtl, netlist = relation.rtl, relation.netlist
    registers = {register.output for register in rtl.circuit.registers}
    for register in netlist.circuit.registers:
        others = partners.get(register.output, ())
        known = [rtl.values[net] for net in others if net in registers]
        wires = (rtl.values[net] for net in others if net in rtl.values)
        known = known or [value for value in wires if not relation.graph.tainted(value)]
        if known:
            netlist.values[register.output] = known[0]
            relation.guesses["name"] += 1


class _Rules:
    """Ways to find the partner of a register without one; each returns whether it found some."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._graph = relation.graph
        self._rtl, self._netlist = relation.rtl, relation.netlist
        self._next: dict[int, tuple[Register, Literal]] = {}
        self._by_next: dict[Literal, list[Register]] = defaultdict(list)
        for register in self._rtl.circuit.registers:
            following = self._rtl.following(self._graph, register)
            assert following is not None
            value = self._rtl.values[register.output]
            if self._graph.is_variable(value) and register.output not in relation.claims:
                self._next[value >> 1] = (register, following)
                self._by_next[following].append(register)
        self._simulated: dict[int, int] = {}
        self._used: dict[int, int] = defaultdict(int)

    def before(self) -> bool:
        """Find what directly precedes a register that has a partner, as in a shift register."""
        missing = {register.output: register for register in self._missing()}
        found = False
        for register in self._netlist.circuit.registers:
            if register.data not in missing or register.data in self._netlist.values:
                continue
            value = self._netlist.values.get(register.output)
            if value is None or value >> 1 not in self._next:
                continue
            literal = self._data(register, self._next[value >> 1][1] ^ value & 1)
            if literal is not None:
                self._take(missing[register.data], literal, "after it")
                found = True
        return found

    def after(self) -> bool:
        """Find a register of the Verilog with the very same next value."""
        found = False
        for register in self._missing():
            if register.enable != ONE or (following := self._netlist.following(self._graph, register)) is None:
                continue
            if following <= TRUE:  # its start may differ from it for one clock
                self._take(register, following, "constant")
                found = True
                continue
            candidates = [
                (other, flip)
                for flip in (0, 1)
                for other in self._by_next.get(following ^ flip, ())
            ]
            found |= self._take_best(register, candidates, "before it")
        return found

    def alike(self) -> bool:
        """Find a register of the Verilog with the same next value under random patterns."""
        ready = [
            register
            for register in self._missing()
            if self._netlist.known((register.data, register.enable, register.reset))
        ]
        if not ready:
            return False
        ones = (1 << PATTERNS) - 1
        nets = [net for register in ready for net in (register.data, register.enable, register.reset)]
        mine = iter(self._simulate([self._netlist.values[net] for net in nets]))
        rows = [(register, self._simulate([following])[0], node) for node, (register, following) in self._next.items()]
        now = {node: self._simulate([node << 1])[0] for node in self._next}
        found = False
        for register in ready:
            data, enable, reset = next(mine), next(mine), next(mine)
            set_to = reset if register.reset_to else 0
            candidates = [
                (other, flip)
                for other, following, node in rows
                for flip in (0, 1)
                if following ^ (ones * flip)
                == (data & enable | (now[node] ^ ones * flip) & (enable ^ ones)) & (reset ^ ones) | set_to
            ]
            found |= self._take_best(register, candidates, "random patterns")
        return found

    def memories(self) -> bool:
        """Find the column of the Verilog's memories to which the same data are written."""
        found = False
        for memory in self._netlist.circuit.memories:
            for column, net in enumerate(memory.columns):
                if net in self._netlist.values or net not in self._relation.used(memory):
                    continue
                written = self._written(self._netlist, memory, column)
                number = self._column(memory, written) if written else None
                if number is not None:
                    self._netlist.values[net] = number
                    self._relation.guesses["memory"] += 1
                    found = True
        return found

    def _written(self, side: Side, memory: Memory, column: int) -> list[int] | None:
        """Return what is written to a column under random patterns, 0 where nothing is."""
        nets = [net for write in memory.writes for net in (write.enable[column], write.data[column])]
        if not side.known(nets):
            return None
        values = self._simulate([side.values[net] for net in nets])
        return [value for k in range(0, len(values), 2) for value in (values[k], values[k] & values[k + 1])]

    def _column(self, memory: Memory, written: list[int]) -> int | None:
        alike = [
            number
            for number, (other, column) in enumerate(self._relation.columns)
            if self._written(self._rtl, other, column) == written
        ]
        # Yosys makes ``fifo.storage.0.1`` of ``fifo.storage``, and keeps the order of columns that look alike.
        named = [n for n in alike if memory.name.startswith(self._relation.columns[n][0].name)]
        best = min(named or alike, key=lambda number: self._used[number], default=None)
        if best is not None:
            self._used[best] += 1
        return best

    def _missing(self) -> Iterator[Register]:
        values = self._netlist.values
        return (register for register in self._netlist.circuit.registers if register.output not in values)

    def _simulate(self, literals: list[Literal]) -> list[int]:
        return self._graph.simulate(literals, PATTERNS, self._simulated)

    def _data(self, register: Register, following: Literal) -> Literal | None:
        """Return what a register takes when it is enabled and not reset, given its next value."""
        known: dict[int, Literal] = {}
        for net, value in ((register.enable, TRUE), (register.reset, FALSE)):
            literal = self._netlist.values.get(net)
            if literal is None:
                return None
            if literal > TRUE:
                known[literal >> 1] = value ^ literal & 1
        literal = self._graph.substitute([following], known)[0] if known else following
        return None if self._graph.tainted(literal) else literal

    def _take_best(self, register: Register, candidates: list[tuple[Register, int]], rule: str) -> bool:
        if not candidates:
            return False
        starting = [(other, flip) for other, flip in candidates if other.start in (None, (register.start or 0) ^ flip)]
        other, flip = (starting or candidates)[0]
        self._take(register, self._rtl.values[other.output] ^ flip, rule)
        return True

    def _take(self, register: Register, literal: Literal, rule: str) -> None:
        self._netlist.values[register.output] = literal
        self._relation.guesses[rule] += 1
