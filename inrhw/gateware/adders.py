"""The circuit of an adder graph, with registers wherever they are wanted."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value

from inrhw.base.types import Fixed
from inrhw.gateware.constant_matrix import AdderGraph
from inrhw.gateware.cost import Cost, delayed


def build_adders(
    m: Module,
    graph: AdderGraph,
    inputs: Sequence[Value],
    element: Fixed,
    *,
    registered: Collection[int],
    keep: int = 62,
) -> list[Value]:
    """Build the adders level by level; a variable that is used later waits in registers.

    Parameters
    ----------
    m
        Gets the adders.
    graph
        What they compute.
    inputs
        The vector; all of it at once.
    element
        Format of its numbers.
    registered
        Levels of adders, from 1, with a register behind them.
    keep
        How many low bits of each result are needed.

    Returns
    -------
    list
        Each row's result, ``len(registered)`` cycles after the inputs.
    """
    bits = _variable_bits(graph, element, keep)
    levels = graph.levels
    stages = [sum(cut <= level for cut in registered) for level in range(graph.depth + 1)]
    history: list[list[Value]] = [[value] for value in inputs]
    history += [[Const(c, _Bits(c, c, 62).shape)] for c in graph.constants]
    names = {k: f"x{k}" if k < graph.n_inputs else f"v{k}" for k in range(len(levels))}
    names |= {term.variable: f"sum{row}" for row, term in enumerate(graph.outputs) if term}

    def at(variable: int, level: int) -> Value:
        """Return the variable, delayed to be in step with `level`; constants are always in step."""
        held = history[variable]
        if isinstance(held[0], Const):
            return held[0]
        while len(held) <= stages[level] - stages[levels[variable]]:
            name = f"{names[variable]}_d{len(held)}"
            held.append(Signal.like(held[-1], name=name, reset_less=True))
            m.d.sync += held[-1].eq(held[-2])
        return held[stages[level] - stages[levels[variable]]]

    for k, adder in enumerate(graph.adders, len(history)):
        left, right = at(adder.left, levels[k] - 1), at(adder.right, levels[k] - 1)
        total = Signal(bits[k].shape, name=names[k], reset_less=True)
        domain = m.d.sync if levels[k] in registered else m.d.comb
        domain += total.eq(_sum(left, adder.left_shift, right, adder.right_shift, adder.sign))
        history.append([total])
    return [at(term.variable, graph.depth) << term.shift if term else Const(0) for term in graph.outputs]


#: LUTs for each bit of a sum with a constant: its zeros need none.
_CONSTANT = 0.5

#: A bit that a circuit has: of which variable, which one, and registers since.
_Bit = tuple[int, int, int]


def adders_cost(
    graph: AdderGraph, element: Fixed, *, registered: Collection[int], keep: int = 62, dropped: int = 0
) -> Cost:
    """Return what `build_adders` builds.

    Where only one operand has bits, a sum has that operand's: they take no LUT, and a register that others
    that wait for them share. The sign has the LUT of the bit below it. Of each result the `dropped` lowest
    bits are not used.
    """
    levels = graph.levels
    stages = [sum(cut <= level for cut in registered) for level in range(graph.depth + 1)]
    shapes = [bits.shape.width for bits in _variable_bits(graph, element, keep)]
    first = graph.n_inputs + len(graph.constants)
    held: list[list[_Bit]] = [[(k, bit, 0) for bit in range(shapes[k])] for k in range(graph.n_inputs)]
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
        left, right = at(adder.left, levels[k] - 1), at(adder.right, levels[k] - 1)
        shift = adder.right_shift
        if adder.sign > 0 and adder.left_shift > adder.right_shift:
            left, right, shift = right, left, adder.left_shift
        take(left[shift:] + right)
        later = levels[k] in registered
        alone = [(root, bit, age + later) for root, bit, age in left[:shift]]
        held.append(alone + [(k, bit, 0) for bit in range(len(alone), shapes[k])])
        lut += (shapes[k] - len(alone) - 1) * (1 if left and right else _CONSTANT)
    for term in filter(None, graph.outputs):
        take(at(term.variable, graph.depth)[max(0, dropped - term.shift) : keep - term.shift])
    found = Cost(lut=lut, ff=sum(root >= first and levels[root] in registered for root, _ in taken))
    waits = (pair for ages in taken.values() for pair in itertools.pairwise(sorted({0, *ages})))
    return sum((delayed(1, b - a) for a, b in waits), found)


@dataclass(frozen=True)
class _Bits:
    """How a variable is held: `width` low bits of a value from `lo` to `hi`."""

    lo: int
    hi: int
    width: int

    @property
    def shape(self) -> Shape:
        whole = Fixed.holding(self.lo, self.hi, 0)
        return Shape(whole.width, whole.signed) if whole.width <= self.width else Shape(self.width)


def _variable_bits(graph: AdderGraph, element: Fixed, keep: int) -> list[_Bits]:
    """Return the bits each variable needs when `keep` low bits of the outputs are used."""
    ranges = [(element.lo, element.hi)] * graph.n_inputs + [(c, c) for c in graph.constants]
    for adder in graph.adders:
        lo, hi = (bound << adder.left_shift for bound in ranges[adder.left])
        right = [adder.sign * (bound << adder.right_shift) for bound in ranges[adder.right]]
        ranges.append((lo + min(right), hi + max(right)))
    needed = [0] * len(ranges)
    for term in graph.outputs:
        if term:
            needed[term.variable] = max(needed[term.variable], keep - term.shift)
    first = graph.n_inputs + len(graph.constants)
    for k, adder in reversed(list(enumerate(graph.adders, first))):
        for variable, shift in ((adder.left, adder.left_shift), (adder.right, adder.right_shift)):
            needed[variable] = max(needed[variable], needed[k] - shift)
    return [_Bits(lo, hi, max(width, 1)) for (lo, hi), width in zip(ranges, needed, strict=True)]


def _sum(left: Value, left_shift: int, right: Value, right_shift: int, sign: int) -> Value:
    """Add with a carry chain that starts where both operands have bits."""
    if sign > 0 and left_shift > right_shift:
        left, left_shift, right, right_shift = right, right_shift, left, left_shift
    if left_shift or len(left) <= right_shift:
        left, right = left << left_shift, right << right_shift
        return left + right if sign > 0 else left - right
    high = left >> right_shift
    return Cat(left[:right_shift], high + right if sign > 0 else high - right).as_signed()
