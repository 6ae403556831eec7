"""The circuit of an adder graph, with registers at given levels."""

import functools
import itertools
import operator
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value

from inrhw.base.types import Fixed
from inrhw.gateware.adder_graph import APART, Adder, AdderGraph, Bits
from inrhw.gateware.cost import Cost, delayed


def build_adders(
    m: Module,
    graph: AdderGraph,
    inputs: Sequence[Value],
    element: Fixed,
    *,
    registered: Collection[int],
    keep: int = 62,
    apart: bool = False,
) -> list[Value]:
    """Build the adders level by level; a variable that is used later waits in registers.

    Parameters
    ----------
    m
        Receives the adders.
    graph
        What they compute.
    inputs
        The whole vector.
    element
        Format of its numbers.
    registered
        Levels of adders, from 1, with a register behind them.
    keep
        Number of low bits of each result that are needed.
    apart
        Keep synthesis from fusing sums that have no register between them.

    Returns
    -------
    list
        Each row's result, ``len(registered)`` cycles after the inputs.
    """
    bits = graph.bits(element, keep)
    levels = graph.levels
    stages = [sum(cut <= level for cut in registered) for level in range(graph.depth + 1)]
    n_inputs = len(graph.inputs)
    constants = [
        Const(c, _shape(own))
        for c, own in zip(graph.constants, bits[n_inputs : graph.first_adder], strict=True)
    ]
    whole: list[list[Value]] = [[value] for value in inputs]
    sums: list[list[Value]] = []
    names = {k: f"v{k}" for k in range(graph.first_adder, len(levels))}
    names |= {term.variable: f"sum{row}" for row, term in enumerate(graph.outputs) if term}

    def delayed_by(past: list[Value], name: str, registers: int) -> Value:
        while len(past) <= registers:
            past.append(Signal.like(past[-1], name=f"{name}_d{len(past)}", reset_less=True))
            m.d.sync += past[-1].eq(past[-2])
        return past[registers]

    def at(variable: int, level: int) -> Value:
        """Return the variable, delayed to be in step with `level`; constants are always in step."""
        registers = stages[level] - stages[levels[variable]]
        if variable < n_inputs:
            number, dropped = graph.inputs[variable]
            return delayed_by(whole[number], f"x{number}", registers).shift_right(dropped)
        if variable < graph.first_adder:
            return constants[variable - n_inputs]
        return delayed_by(sums[variable - graph.first_adder], names[variable], registers)

    for k, adder in enumerate(graph.adders, graph.first_adder):
        later = levels[k] in registered
        attrs = {APART: 1} if apart and not later else None
        total = Signal(_shape(bits[k]), name=names[k], reset_less=True, attrs=attrs)
        domain = m.d.sync if later else m.d.comb
        domain += total.eq(_sum(adder, [at(term.variable, levels[k] - 1) for term in adder.terms]))
        sums.append([total])
    return [at(term.variable, graph.depth) << term.shift if term else Const(0) for term in graph.outputs]


#: LUTs for each bit of a sum with a constant: its zeros need none.
_CONSTANT = 0.5

#: A bit that a circuit has: of which variable, which one, and registers since.
_Bit = tuple[int, int, int]


def adders_cost(
    graph: AdderGraph, element: Fixed, *, registered: Collection[int], keep: int = 62, dropped: int = 0
) -> Cost:
    """Return the cost of what `build_adders` builds.

    Where only one operand has bits, the sum has that operand's bits: they take no LUT, and share their
    registers with the operand where it waits. The sign shares the LUT of the bit below it. The `dropped`
    lowest bits of each result are not used.
    """
    levels = graph.levels
    stages = [sum(cut <= level for cut in registered) for level in range(graph.depth + 1)]
    bits = graph.bits(element, keep)
    first = graph.first_adder
    held: list[list[_Bit]] = [
        # Below all adders: a bit of an input waits once, whatever it is taken with.
        [(-1 - number, bit + dropped, 0) for bit in range(own.width)]
        for (number, dropped), own in zip(graph.inputs, bits, strict=False)
    ]
    held += [[]] * len(graph.constants)
    taken: dict[tuple[int, int], set[int]] = defaultdict(set)

    def at(variable: int, level: int) -> list[_Bit]:
        wait = stages[level] - stages[levels[variable]]
        return [(root, bit, age + wait) for root, bit, age in held[variable]]

    def take(bits: Iterable[_Bit]) -> None:
        for root, bit, age in bits:
            taken[root, bit].add(age)

    lut = 0.0
    for k, adder in enumerate(graph.adders, first):
        operands = [at(term.variable, levels[k] - 1) for term in adder.terms]
        take(operands[0][adder.alone :])
        take(itertools.chain(*operands[1:]))
        later = levels[k] in registered
        alone = [(root, bit, age + later) for root, bit, age in operands[0][: adder.alone]]
        held.append(alone + [(k, bit, 0) for bit in range(len(alone), bits[k].width)])
        chain = bits[k].width - len(alone)
        varying = sum(map(bool, operands))
        lut += (chain - 1) * (1 if varying > 1 else _CONSTANT) if varying < 3 else chain
    for term in filter(None, graph.outputs):
        take(at(term.variable, graph.depth)[max(0, dropped - term.shift) : keep - term.shift])
    # A sum's own register is part of the delay where nothing uses the sum at once.
    chains = (
        {-1 if root >= first and levels[root] in registered else 0, *ages}
        for (root, _), ages in taken.items()
    )
    waits = (pair for ages in chains for pair in itertools.pairwise(sorted(ages)))
    return sum((delayed(1, b - a) for a, b in waits), Cost(lut=lut))


def _shape(bits: Bits) -> Shape:
    return Shape(bits.width, bits.whole and bits.format.signed)


def _sum(adder: Adder, operands: Sequence[Value]) -> Value:
    """Add with a carry chain that starts where two operands have bits; subtracted operands come last."""
    base = adder.alone
    low, high = _split(operands[0], base)
    parts = [high, *(x << term.shift - base for term, x in zip(adder.terms[1:], operands[1:], strict=True))]
    signs = [term.sign for term in adder.terms]
    added, subtracted = ([x for x, own in zip(parts, signs, strict=True) if own == sign] for sign in (1, -1))
    total = functools.reduce(operator.sub, subtracted, functools.reduce(operator.add, added))
    return Cat(low, total).as_signed() if base else total


def _split(value: Value, base: int) -> tuple[Value, Value]:
    """Return the `base` low bits of a value, and the rest."""
    signed = value.shape().signed
    if len(value) > base:
        return value[:base], value[base:].as_signed() if signed else value[base:]
    sign = value[-1:].as_signed() if signed else Const(0, 1)
    return Cat(value, *[sign] * (base - len(value))), sign
