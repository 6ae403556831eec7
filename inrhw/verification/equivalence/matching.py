"""A guess of the relation between registers of netlist and Verilog; every guess becomes an obligation.

The names in the netlist say most of it, also which registers of the Verilog synthesis made one and which it
made constant. The rest follows from what comes before or after a register.
"""

import functools
from collections import defaultdict
from collections.abc import Callable

from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.guesses.choosing import choose, nearest
from inrhw.verification.equivalence.guesses.extended import lost_signs, repeated
from inrhw.verification.equivalence.guesses.inverted import find_inverted, find_inverted_words
from inrhw.verification.equivalence.guesses.late import find_late
from inrhw.verification.equivalence.guesses.rules import Rules, kept
from inrhw.verification.equivalence.relation import Relation
from inrhw.verification.equivalence.side import Side


def relate(
    rtl: Circuit, netlist: Circuit, check_time: Callable[[], None], *, later: bool = False
) -> Relation:
    """Put both circuits into one graph and guess the function of each register of the netlist.

    Parameters
    ----------
    rtl, netlist
        With the same ports.
    check_time
        Called often; may raise.
    later
        Registers that become constant some clocks after the start are taken for constant too.

    Returns
    -------
    Relation
        It may be wrong and have registers without a partner.
    """
    rtl.choices.chosen = {}
    while True:
        relation = _relate(rtl, netlist, check_time, later=later)
        # What was found about words that may be anything changes the graph, so all begins again.
        found = choose(relation) or nearest(relation)
        if not found:
            return relation
        rtl.choices.chosen |= found


def _relate(rtl: Circuit, netlist: Circuit, check_time: Callable[[], None], *, later: bool) -> Relation:
    graph = Graph()
    rtl.choices.left, netlist.choices.left = {}, {}
    relation = Relation(graph, Side(rtl), Side(netlist))
    _share_inputs(relation)
    partners = _same_names(relation)
    for memory in rtl.memories:
        for column, net in enumerate(memory.columns):
            relation.rtl.values[net] = len(relation.columns)
            relation.columns.append((memory, column))
    _find_ends(relation)
    find_late(relation, partners)
    signs = lost_signs(relation, partners)
    _settle_rtl(relation, _named_claims(relation, partners), signs, later=later)
    check_time()
    _by_name(relation, partners)
    _words_by_name(relation)
    rules = Rules(relation)
    while True:
        check_time()
        relation.netlist.settle(graph)
        words = functools.partial(find_inverted_words, relation)
        if not any(
            rule() for rule in (words, rules.memories, rules.before, rules.after, rules.ordered, rules.alike)
        ) and not find_inverted(relation):
            return relation


def _share_inputs(relation: Relation) -> None:
    graph, rtl, netlist = relation.graph, relation.rtl, relation.netlist
    for name, nets in rtl.circuit.inputs.items():
        for net, other in zip(nets, netlist.circuit.inputs[name], strict=True):
            rtl.values[net] = netlist.values[other] = graph.variable(tainted=True)
    # An undriven net may be anything in the netlist, and 0, one of the choices, in the Verilog.
    rtl.values |= dict.fromkeys(rtl.circuit.unknown, FALSE)
    netlist.values |= {net: graph.variable(tainted=True) for net in sorted(netlist.circuit.unknown)}


def _same_names(relation: Relation) -> dict[Net, list[Net]]:
    """Return for each net of the netlist those of the Verilog that have the same name."""
    found: dict[Net, dict[Net, None]] = defaultdict(dict)
    netlist = relation.netlist.circuit
    for name, nets in relation.rtl.circuit.names.items():
        # What synthesis mapped apart has the name of its module in front.
        for there in (name, f"inrhw_adders.{name}"):
            for net, other in zip(nets, netlist.names.get(there, ()), strict=False):
                found[netlist.aliases.get(other, other)][net] = None
    return {net: list(others) for net, others in found.items()}


def _named_claims(relation: Relation, partners: dict[Net, list[Net]]) -> dict[Net, Net]:
    """Return registers of the Verilog that are one with another or constant, as the netlist's names say."""
    registers = {register.output for register in relation.rtl.circuit.registers}
    same: dict[Net, Net] = {}
    for net, others in partners.items():
        here = [other for other in others if other in registers and other not in same]
        here = [other for other in here if other not in relation.claims]
        if net in (ZERO, ONE):
            same |= dict.fromkeys(here, net)
        elif net > ONE:
            same |= dict.fromkeys(here[1:], here[0] if here else net)
    return same


def _settle_rtl(relation: Relation, same: dict[Net, Net], signs: dict[Net, Net], *, later: bool) -> None:
    """Give the Verilog its literals, one variable to registers that are the same; `signs` may be."""
    rtl, graph = relation.rtl, relation.graph
    variables: dict[Net, Literal] = {}
    late = dict(relation.claims)
    while True:
        outputs = [register.output for register in rtl.circuit.registers if register.output not in late]
        roots = {net: _root(same, net) for net in outputs}
        for net, root in roots.items():
            if root > ONE and root not in variables:
                variables[root] = graph.variable()
            rtl.values[net] = variables[root] if root > ONE else root
        rtl.values |= late
        rtl.waiting = list(rtl.circuit.gates)
        rtl.settle(graph)
        if not _join_alike(relation, same, later=later) and not _join_signs(relation, same, signs):
            relation.claims = late | {net: rtl.values[net] for net, root in roots.items() if net != root}
            return


def _join_alike(relation: Relation, same: dict[Net, Net], *, later: bool) -> bool:
    """Join registers of the Verilog with the same start and next value; return whether there were some."""
    rtl, graph = relation.rtl, relation.graph
    registers = [
        register
        for register in rtl.circuit.registers
        if register.output not in same and register.output not in relation.claims
    ]
    following = {register.output: rtl.following(graph, register) or FALSE for register in registers}
    net_of = {rtl.values[register.output]: register.output for register in registers}
    # Each round asks the same of most registers.
    held = functools.cache(functools.partial(kept, graph))
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
            if after == rtl.values[register.output]:
                after = register.start
            if after > TRUE:
                after = held(rtl.values[register.output], after, register.start)
            if after == register.start or (after <= TRUE and later):
                same[register.output] = after
                continue
            other = first.setdefault((after, register.start), register.output)
            if other != register.output:
                same[register.output] = other
        if len(same) == before:
            return joined
        joined = True


def _join_signs(relation: Relation, same: dict[Net, Net], signs: dict[Net, Net]) -> bool:
    """Join registers that repeat the bit below; return whether there were some."""
    open_ = {net: below for net, below in signs.items() if net not in same and net not in relation.claims}
    found = {net: below for net, below in repeated(relation, open_).items() if _root(same, below) != net}
    same |= found
    return bool(found)


def _root(same: dict[Net, Net], net: Net) -> Net:
    while net in same:
        net = same[net]
    return net


def _find_ends(relation: Relation) -> None:
    """Find memories whose words became registers; Yosys calls them ``fifo.storage[3]``."""
    names = relation.netlist.circuit.names
    for number, (memory, _) in enumerate(relation.columns):
        if any(f"{memory.name}[{word}]" in names for word in range(memory.size)):
            relation.last_words[number] = memory.size - 1
            relation.graph.end(number, memory.size - 1)


def _words_by_name(relation: Relation) -> None:
    """Take registers that are words of memories for these."""
    netlist = relation.netlist
    registers = {register.output for register in netlist.circuit.registers}
    for number, last in relation.last_words.items():
        memory, column = relation.columns[number]
        for word in range(last + 1):
            nets = netlist.circuit.names.get(f"{memory.name}[{word}]", ())
            net = nets[column] if column < len(nets) else ZERO
            if net in registers and net not in netlist.values:
                relation.words[net] = (number, word, 0)
                netlist.values[net] = relation.word(net)
                relation.guesses["word"] += 1


def _by_name(relation: Relation, partners: dict[Net, list[Net]]) -> None:
    rtl, netlist = relation.rtl, relation.netlist
    registers = {register.output for register in rtl.circuit.registers}
    for register in netlist.circuit.registers:
        known = [rtl.values[net] for net in partners.get(register.output, ()) if net in registers]
        # A wire may have lost what it was, unless it was a register and no more.
        wires = (rtl.values[net] for net in partners.get(register.output, ()) if net in rtl.values)
        known = known or [value for value in wires if relation.graph.is_variable(value)]
        known = [value for value in known if not relation.graph.tainted(value)]
        if known:
            netlist.values[register.output] = known[0]
            relation.guesses["name"] += 1
