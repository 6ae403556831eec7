"""Words of a table that are x in the Verilog: synthesis chose them, and the netlist shows how."""

from inrhw.verification.equivalence.circuit import Place
from inrhw.verification.equivalence.graph import FALSE, TRUE, Literal
from inrhw.verification.equivalence.relation import Relation

#: Random patterns; each address of a table should be among them.
_PATTERNS = 8192


def choose(relation: Relation) -> dict[Place, Literal]:
    """Return what words of tables must be so that registers with partners go on alike.

    A word is taken for one bit, whatever reads it: if that is not so, the proof fails.
    """
    graph, rtl, netlist = relation.graph, relation.rtl, relation.netlist
    places = {literal >> 1: place for place, literal in rtl.circuit.choices.left.items()}
    after = {
        rtl.values[register.output]: rtl.following(graph, register) for register in rtl.circuit.registers
    }
    found: dict[Place, Literal] = {}
    for register in netlist.circuit.registers if places else ():
        value = netlist.values.get(register.output)
        expected, got = after.get((value or 0) & ~1), netlist.following(graph, register)
        if value is None or expected is None or got is None:
            continue
        nodes = graph.support([expected]) & set(places)
        for node in nodes:
            chosen = _choice(relation, expected ^ value & 1, got, node, nodes)
            if chosen is not None:
                found.setdefault(places[node], chosen)
    return found


def _choice(
    relation: Relation, expected: Literal, got: Literal, node: int, nodes: set[int]
) -> Literal | None:
    """Return the value of an input with which two literals are equal where it matters, None if there is none."""
    low: dict[int, int] = dict.fromkeys(nodes, 0)
    high = {**low, node: (1 << _PATTERNS) - 1}
    with_0, wanted = relation.graph.simulate([expected, got], _PATTERNS, low)
    (with_1,) = relation.graph.simulate([expected], _PATTERNS, high)
    matters = with_0 ^ with_1
    if matters and not (wanted ^ with_0) & matters:
        return FALSE
    if matters and not (wanted ^ with_1) & matters:
        return TRUE
    return None
