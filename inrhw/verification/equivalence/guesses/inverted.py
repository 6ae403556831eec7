"""Registers that hold the inverse of those of the Verilog, in parts whose registers all start with 0.

Yosys drops the names of such bits, and in a counter each depends on others.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from inrhw.verification.equivalence.circuit import ONE, Net, Register
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.guesses.rules import PATTERNS
from inrhw.verification.equivalence.relation import Relation
from inrhw.verification.equivalence.side import Side

#: Bits of a word that are inverted, at most: all their orders are tried.
_MOST = 5


def find_inverted(relation: Relation) -> bool:
    """Find registers of a word that became inverted; return whether there were some."""
    found = False
    for registers, lost in _words(relation):
        orders = itertools.permutations(lost, len(registers))
        order = next((each for each in orders if _goes_on(relation, registers, each)), None)
        if order is not None:
            relation.netlist.values |= _values(relation, registers, order)
            relation.guesses["inverted"] += len(registers)
            found = True
    return found


def find_inverted_words(relation: Relation) -> bool:
    """Find registers of words of memories that became inverted; return whether there were some.

    They are written together with those of the word that kept their names, and with the inverse of what is
    written to their column.
    """
    netlist = relation.netlist
    written: dict[Net, set[tuple[str, int]]] = defaultdict(set)
    for register in netlist.circuit.registers:
        if register.output in relation.words and register.enable != ONE:
            number, word, _ = relation.words[register.output]
            written[register.enable].add((relation.columns[number][0].name, word))
    # What is written to a column is 0 where nothing is: all factors of it, perhaps the data alone.
    columns: dict[tuple[str, Literal], list[int]] = defaultdict(list)
    for number, (memory, column) in enumerate(relation.columns if written else ()):
        for write in memory.writes:
            for factor in _factors(relation.graph, relation.rtl.values[write.data[column]]):
                columns[memory.name, factor].append(number)
    taken = {(number, word) for number, word, _ in relation.words.values()}
    before = len(taken)
    for register in netlist.circuit.registers:
        if register.output in netlist.values or register.data not in netlist.values:
            continue
        data = netlist.values[register.data] ^ 1
        there = ((n, word) for name, word in written[register.enable] for n in columns[name, data])
        place = next((each for each in there if each not in taken), None)
        if place:
            taken.add(place)
            relation.words[register.output] = (*place, 1)
            netlist.values[register.output] = relation.word(register.output)
            relation.guesses["inverted"] += 1
    return len(taken) > before


def _factors(graph: Graph, literal: Literal) -> set[Literal]:
    """Return literals that are 1 wherever a literal is, those that it joins and itself."""
    found: set[Literal] = set()
    waiting = [literal]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += () if here & 1 else graph.gates_of(here)
    return found


def _words(relation: Relation) -> Iterator[tuple[Sequence[Register], Sequence[Register]]]:
    """Yield registers without a partner called after a word, and its bits without a name; then all."""
    values, circuit = relation.netlist.values, relation.netlist.circuit
    names = circuit.name_of()
    called = [
        (names.get(each.output, each.name), each) for each in circuit.registers if each.output not in values
    ]
    of_net = {
        each.output: each
        for each in relation.rtl.circuit.registers
        if each.start == 1 and each.output not in relation.claims
    }
    for name, nets in relation.rtl.circuit.names.items() if called else ():
        there = circuit.names.get(name, ())
        lost = [of_net[net] for net, other in zip(nets, there, strict=False) if other < 0 and net in of_net]
        mine = [register for text, register in called if lost and text.startswith(f"{name}_")]
        if 0 < len(mine) <= len(lost) <= _MOST:
            yield mine, lost
    taken = {value >> 1 for value in values.values()}
    left = [register for net, register in of_net.items() if relation.rtl.values[net] >> 1 not in taken]
    mine = [each for _, each in called if each.start == 0 and each.output not in values]
    if 0 < len(mine) <= len(left) <= _MOST:
        yield mine, left


def _values(relation: Relation, registers: Sequence[Register], order: Sequence[Register]) -> dict[Net, int]:
    pairs = zip(registers, order, strict=True)
    return {register.output: relation.rtl.values[other.output] ^ 1 for register, other in pairs}


def _goes_on(relation: Relation, registers: Sequence[Register], order: Sequence[Register]) -> bool:
    """Return whether the registers still hold the inverse after a clock, under random patterns."""
    graph = relation.graph
    trial = Side(relation.netlist.circuit, dict(relation.netlist.values), list(relation.netlist.waiting))
    trial.values |= _values(relation, registers, order)
    trial.settle(graph)
    for register, other in zip(registers, order, strict=True):
        mine, wanted = trial.following(graph, register), relation.rtl.following(graph, other)
        if mine is None or wanted is None:
            return False
        first, second = graph.simulate([mine, wanted ^ 1], PATTERNS, {})
        if first != second:
            return False
    return True
