"""The operators that Yosys makes from Verilog: on words, and ``$dff`` and ``$mem_v2``."""

from collections.abc import Callable, Mapping, Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.rom import add_memory
from inrhw.verification.equivalence.circuit import Circuit, Function, Net, Register, Write
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.equivalence.loading import Cell, Model
from inrhw.verification.equivalence.words import Word

#: What an operator does with a and b, both already in the width that it works in.
_Binary = Callable[[Graph, Word, Word], Sequence[Literal]]


def _bitwise(gate: Callable[[Graph, Literal, Literal], Literal]) -> _Binary:
    return lambda graph, a, b: [gate(graph, x, y) for x, y in zip(a, b, strict=True)]


#: Operators that work in the width of their result.
_IN_RESULT: Mapping[str, _Binary] = {
    "$add": words.added,
    "$sub": words.subtracted,
    "$and": _bitwise(Graph.and_),
    "$or": _bitwise(Graph.or_),
    "$xor": _bitwise(Graph.xor),
    "$xnor": _bitwise(lambda graph, x, y: graph.xor(x, y) ^ 1),
}

#: Comparisons, which work in the larger width of the two; the flag says whether both are signed.
_COMPARED: Mapping[str, Callable[[Graph, Word, Word, bool], Literal]] = {
    "$eq": lambda graph, a, b, signed: words.equal(graph, a, b),
    "$ne": lambda graph, a, b, signed: words.equal(graph, a, b) ^ 1,
    "$lt": lambda graph, a, b, signed: words.less(graph, a, b, signed=signed),
    "$ge": lambda graph, a, b, signed: words.less(graph, a, b, signed=signed) ^ 1,
    "$gt": lambda graph, a, b, signed: words.less(graph, b, a, signed=signed),
    "$le": lambda graph, a, b, signed: words.less(graph, b, a, signed=signed) ^ 1,
}
_COMPARED = {**_COMPARED, "$eqx": _COMPARED["$eq"], "$nex": _COMPARED["$ne"]}

#: One word to one word, in the width of the result.
_UNARY: Mapping[str, Callable[[Graph, Word], Sequence[Literal]]] = {
    "$not": lambda graph, a: words.inverted(a),
    "$pos": lambda graph, a: a,
    "$neg": lambda graph, a: words.subtracted(graph, [FALSE] * len(a), a),
}

#: One word to one bit.
_REDUCED: Mapping[str, Callable[[Graph, Word], Literal]] = {
    "$reduce_and": Graph.all,
    "$reduce_or": Graph.any,
    "$reduce_bool": Graph.any,
    "$logic_not": lambda graph, a: graph.any(a) ^ 1,
    "$reduce_xor": Graph.odd,
    "$reduce_xnor": lambda graph, a: graph.odd(a) ^ 1,
}

_LOGIC: Mapping[str, Callable[[Graph, Word, Word], Literal]] = {
    "$logic_and": lambda graph, a, b: graph.and_(graph.any(a), graph.any(b)),
    "$logic_or": lambda graph, a, b: graph.or_(graph.any(a), graph.any(b)),
}

_SHIFTS = ("$shl", "$sshl", "$shr", "$sshr", "$shift", "$shiftx")


def operator(kind: str) -> Model | None:
    """Return the model of a type of cells of Yosys, None if there is none."""
    special = {"$dff": _dff, "$mem_v2": _mem, "$mux": _mux, "$pmux": _pmux, "$mul": _combinational(_product)}
    if kind in special:
        return special[kind]
    for kinds, function in _FUNCTIONS:
        if kind in kinds:
            return _combinational(function)
    return None


def _combinational(function: Callable[[Cell], Function]) -> Model:
    """Return the model of a cell with inputs A and perhaps B and output Y."""

    def model(cell: Cell, circuit: Circuit) -> None:
        cell.ignore("A_WIDTH", "B_WIDTH", "Y_WIDTH", "A_SIGNED", "B_SIGNED")
        a, b = cell.pin("A", 0), cell.pin("B", 0)
        circuit.gate(function(cell), (*a, *b), cell.output("Y"))

    return model


def _widths(cell: Cell) -> tuple[int, int, bool, bool]:
    """Return the widths of A and Y, and whether A and B are signed."""
    return (
        len(cell.pin("A", 0)),
        len(cell.output("Y")),
        bool(cell.number("A_SIGNED")),
        bool(cell.number("B_SIGNED")),
    )


def _in_result(cell: Cell) -> Function:
    size, width, a_signed, b_signed = _widths(cell)
    work = _IN_RESULT[cell.kind]
    # Verilog takes both as unsigned if one is.
    signed = a_signed and b_signed

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        a = words.extended(bits[:size], width, signed=signed)
        return work(graph, a, words.extended(bits[size:], width, signed=signed))

    return function


def _compared(cell: Cell) -> Function:
    size, width, a_signed, b_signed = _widths(cell)
    work = _COMPARED[cell.kind]
    signed = a_signed and b_signed

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        larger = max(size, len(bits) - size)
        a, b = (words.extended(word, larger, signed=signed) for word in (bits[:size], bits[size:]))
        return words.extended([work(graph, a, b, signed)], width, signed=False)

    return function


def _unary(cell: Cell) -> Function:
    _, width, signed, _ = _widths(cell)
    work = _UNARY[cell.kind]
    return lambda graph, bits: work(graph, words.extended(bits, width, signed=signed))


def _reduced(cell: Cell) -> Function:
    _, width, _, _ = _widths(cell)
    work = _REDUCED[cell.kind]
    return lambda graph, bits: words.extended([work(graph, bits)], width, signed=False)


def _logic(cell: Cell) -> Function:
    size, width, _, _ = _widths(cell)
    work = _LOGIC[cell.kind]
    return lambda graph, bits: words.extended([work(graph, bits[:size], bits[size:])], width, signed=False)


def _product(cell: Cell) -> Function:
    size, width, a_signed, b_signed = _widths(cell)
    signed = a_signed and b_signed

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        a, b = bits[:size], bits[size:]
        if not signed:
            a, b = [*a, FALSE], [*b, FALSE]
        return words.extended(words.multiplied(graph, a, b), width, signed=True)

    return function


def _shift(cell: Cell) -> Function:
    size, width, signed, by_signed = _widths(cell)
    left = cell.kind in ("$shl", "$sshl")
    both_ways = cell.kind in ("$shift", "$shiftx") and by_signed

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        here = words.extended(bits[:size], max(width, size), signed=signed)
        by = bits[size:]
        fill = here[-1] if signed and cell.kind == "$sshr" else FALSE
        moved = words.shifted(graph, here, by, left=left, fill=fill)
        if both_ways:  # a negative number shifts to the left
            back = words.subtracted(graph, [FALSE] * len(by), by)
            moved = words.chosen(graph, by[-1], words.shifted(graph, here, back, left=True), moved)
        return moved[:width]

    return function


_FUNCTIONS: Sequence[tuple[Sequence[str], Callable[[Cell], Function]]] = (
    (tuple(_IN_RESULT), _in_result),
    (tuple(_COMPARED), _compared),
    (tuple(_UNARY), _unary),
    (tuple(_REDUCED), _reduced),
    (tuple(_LOGIC), _logic),
    (_SHIFTS, _shift),
)


def _mux(cell: Cell, circuit: Circuit) -> None:
    cell.ignore("WIDTH")
    a, b, s, y = cell.pin("A"), cell.pin("B"), cell.pin("S"), cell.output("Y")
    for no, yes, out in zip(a, b, y, strict=True):
        circuit.gate(_choose, (*s, yes, no), (out,))


def _choose(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.mux(*bits)]


def _pmux(cell: Cell, circuit: Circuit) -> None:
    """Add a parallel multiplexer; several selects at once give x in Verilog, so the last may win."""
    cell.ignore("WIDTH", "S_WIDTH")
    a, b, s, y = cell.pin("A"), cell.pin("B"), cell.pin("S"), cell.output("Y")
    size = len(a)

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        here: Word = bits[:size]
        for k in range(len(s)):
            start = size + k * size
            here = words.chosen(graph, bits[size + size * len(s) + k], bits[start : start + size], here)
        return here

    circuit.gate(function, (*a, *b, *s), y)


def _dff(cell: Cell, circuit: Circuit) -> None:
    cell.ignore("WIDTH")
    cell.expect("CLK_POLARITY", "1")
    (clock,) = cell.pin("CLK")
    for k, (data, output) in enumerate(zip(cell.pin("D"), cell.output("Q"), strict=True)):
        start = circuit.starts.get(output)
        circuit.registers.append(Register(f"{cell.name}[{k}]", output, data, clock, start))


def _mem(cell: Cell, circuit: Circuit) -> None:
    """Add a memory that is read without a clock; words are added up to a power of two, starting with x."""
    cell.ignore("MEMID", "RD_EN", "RD_ARST", "RD_SRST", "RD_CLK", "RD_ARST_VALUE", "RD_SRST_VALUE")
    cell.ignore("RD_INIT_VALUE", "RD_CE_OVER_SRST", "RD_COLLISION_X_MASK", "RD_TRANSPARENCY_MASK")
    cell.ignore("RD_CLK_POLARITY", "WR_CLK_POLARITY", "WR_PRIORITY_MASK")
    cell.expect_zero("OFFSET", "RD_CLK_ENABLE", "RD_WIDE_CONTINUATION", "WR_WIDE_CONTINUATION")
    width, depth, places = (cell.number(name) for name in ("WIDTH", "SIZE", "ABITS"))
    reads, ports = cell.number("RD_PORTS"), cell.number("WR_PORTS")
    if ports and cell.number("WR_CLK_ENABLE") != (1 << ports) - 1:
        raise cell.refusal("writes without a clock")
    if ports and cell.number("WR_CLK_POLARITY") != (1 << ports) - 1:
        raise cell.refusal("writes at the falling edge")
    stored = cell.text("INIT", "x").replace("z", "x")[::-1]
    stored = stored.ljust(width * depth, "x")[: width * depth].ljust(width << places, "x")
    start = [stored[column::width] for column in range(width)]

    def port(name: str, number: int, size: int) -> tuple[Net, ...]:
        return tuple(cell.pin(name)[number * size : (number + 1) * size])

    clocks = cell.pin("WR_CLK")
    writes = [
        Write(clocks[k], port("WR_ADDR", k, places), port("WR_EN", k, width), port("WR_DATA", k, width))
        for k in range(ports)
    ]
    addresses = [port("RD_ADDR", k, places) for k in range(reads)]
    data = [cell.output("RD_DATA")[k * width : (k + 1) * width] for k in range(reads)]
    if not ports:
        cell.ignore("WR_CLK", "WR_ADDR", "WR_EN", "WR_DATA", "WR_CLK_ENABLE")
    add_memory(circuit, cell.name, start, writes, list(zip(addresses, data, strict=True)), size=depth)
