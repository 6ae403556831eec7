"""Table words that are x in the Verilog: synthesis chose them, and the netlist shows how."""

from collections import Counter

from inrhw.verification.equivalence.circuit import Place
from inrhw.verification.equivalence.graph import FALSE, TRUE, Literal
from inrhw.verification.equivalence.relation import Relation

#: Random patterns; each address of a table should be among them.
_PATTERNS = 8192


def choose(relation: Relation) -> dict[Place, Literal]:
    """Return the table words for which registers with partners have equal next values.

    A word has the same bits for all its readers; if that is wrong, the proof fails.
    """
    graph, rtl, netlist = relation.graph, relation.rtl, relation.netlist
    places = {literal >> 1: place for place, literal in rtl.circuit.choices.left.items()}
    after = {
        rtl.values[register.output]: rtl.following(graph, register) for register in rtl.circuit.registers
    }
    behind = graph.following_nodes(places)
    waiting: list[tuple[Literal, Literal, set[int]]] = []
    for register in netlist.circuit.registers if places else ():
        value = netlist.values.get(register.output)
        expected, got = after.get((value or 0) & ~1), netlist.following(graph, register)
        if value is not None and expected is not None and got is not None and behind[expected >> 1]:
            waiting.append((expected ^ value & 1, got, graph.support([expected]) & set(places)))
    # A sum depends on all bits below it, so those that depend on few come first.
    known: dict[int, Literal] = {}
    for expected, got, nodes in sorted(waiting, key=lambda each: len(each[2])):
        words = Counter(places[node][::2] for node in nodes if node not in known)
        for node in nodes:
            if node not in known and words[places[node][::2]] == 1:
                chosen = _choice(relation, expected, got, node, dict.fromkeys(nodes, FALSE) | known)
                known |= {} if chosen is None else {node: chosen}
    return {places[node]: chosen for node, chosen in known.items()}


def nearest(relation: Relation) -> dict[Place, Literal]:
    """Return the words if each is taken from its neighbour, since Yosys drops a multiplexer with x."""
    choices = relation.rtl.circuit.choices
    return {
        (name, column, word): _neighbour(choices.columns[name, column], word)
        for name, column, word in choices.left
    }


def _neighbour(column: str, word: int) -> Literal:
    """Return the bit at the word, or in the smallest aligned block around it that has one."""
    block = 1
    while column[word] == "x" and block < len(column):
        other = word ^ block
        start = other // block * block
        if column[start : start + block].strip("x"):
            return _neighbour(column, other)
        block *= 2
    return TRUE if column[word] == "1" else FALSE


def _choice(
    relation: Relation, expected: Literal, got: Literal, node: int, known: dict[int, Literal]
) -> Literal | None:
    """Return the value of an input with which two literals are equal where it matters, if there is one."""
    ones = (1 << _PATTERNS) - 1
    low = {other: ones * value for other, value in known.items()}
    high = {**low, node: ones}
    with_0, wanted = relation.graph.simulate([expected, got], _PATTERNS, low)
    (with_1,) = relation.graph.simulate([expected], _PATTERNS, high)
    matters = with_0 ^ with_1
    if matters and not (wanted ^ with_0) & matters:
        return FALSE
    if matters and not (wanted ^ with_1) & matters:
        return TRUE
    return None
