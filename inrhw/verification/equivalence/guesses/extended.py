"""Registers that repeat the bit below: a sum is narrower than its word, so Yosys keeps one sign.

Bounds of a sum, such as from a constant in it, are arithmetic that the graph does not see.
"""

from collections.abc import Mapping

from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net
from inrhw.verification.equivalence.graph import Literal
from inrhw.verification.equivalence.guesses.rules import PATTERNS
from inrhw.verification.equivalence.relation import Relation


def lost_signs(relation: Relation, partners: Mapping[Net, list[Net]]) -> dict[Net, Net]:
    """Return registers of the Verilog that the netlist lost, and the highest bit below that it kept.

    Parameters
    ----------
    relation
        With names of both circuits.
    partners
        For each net of the netlist those of the Verilog with the same name.
    """
    registers = {register.output: register for register in relation.rtl.circuit.registers}
    there = _driven(relation.netlist.circuit)
    kept = {net for other, nets in partners.items() if other in there for net in nets}
    lost = {net for nets in partners.values() for net in nets if net in registers} - kept
    found: dict[Net, Net] = {}
    for nets in relation.rtl.circuit.names.values() if lost else ():
        below: Net | None = None
        for net in nets:
            if net in lost and below is not None and registers[net].start == registers[below].start:
                found[net] = below
            elif net in kept and net in registers:
                below = net
    return found


def _driven(circuit: Circuit) -> set[Net]:
    driven = {ZERO, ONE} | {register.output for register in circuit.registers}
    return driven.union(*(gate.outputs for gate in circuit.gates))


def repeated(relation: Relation, signs: Mapping[Net, Net]) -> dict[Net, Net]:
    """Return those of them with the same next value as the bit below, under random patterns."""
    registers = {register.output: register for register in relation.rtl.circuit.registers}
    values: dict[int, int] = {}

    def taken(net: Net) -> list[int]:
        following: Literal | None = relation.rtl.following(relation.graph, registers[net])
        return relation.graph.simulate([] if following is None else [following], PATTERNS, values)

    return {net: below for net, below in signs.items() if taken(net) == taken(below)}
