"""The cells of Lattice's ECP5: tables, carry chains, registers, LUT RAM and multipliers.

After Lattice FPGA-TN-02200; the tests compare each with Yosys' ecp5/cells_sim.v.
"""

from collections.abc import Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.rom import add_memory
from inrhw.verification.equivalence.cells.slices import circuit_output, look_up
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net, Register, Write
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.equivalence.loading import Cell, Model

_MULTIPLIER = 18


def trellis_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    return {
        "LUT4": _lut4,
        "PFUMX": _pfumx,
        "L6MUX21": _l6mux21,
        "CCU2C": _ccu2c,
        "TRELLIS_FF": _register,
        "TRELLIS_DPR16X4": _memory,
        "MULT18X18D": _multiplier,
    }.get(kind)


def _choose(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.mux(*bits)]


def _lut4(cell: Cell, circuit: Circuit) -> None:
    table = cell.number("INIT")
    inputs = [net for name in "ABCD" for net in cell.pin(name, 1)]
    circuit.gate(lambda graph, bits: look_up(table, graph, bits), inputs, cell.output("Z"))


def _pfumx(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(_choose, (*cell.pin("C0"), *cell.pin("ALUT"), *cell.pin("BLUT")), cell.output("Z"))


def _l6mux21(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(_choose, (*cell.pin("SD"), *cell.pin("D1"), *cell.pin("D0")), cell.output("Z"))


def _ccu2c(cell: Cell, circuit: Circuit) -> None:
    """Add two bits of a carry chain; INJECT1 cuts the carry."""
    tables = [cell.number(f"INIT{k}") for k in (0, 1)]
    for k in (0, 1):
        cell.expect(f"INJECT1_{k}", "YES", "NO")
    cut = [cell.text(f"INJECT1_{k}", "YES") == "YES" for k in (0, 1)]
    inputs = [net for k in (0, 1) for name in "ABCD" for net in cell.pin(f"{name}{k}", 1)]

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        carry, sums = bits[0], []
        for k in (0, 1):
            here = bits[1 + 4 * k : 5 + 4 * k]
            (select,) = look_up(tables[k], graph, here)
            (data,) = look_up(tables[k] & 15, graph, here[:2])
            sums.append(graph.xor(select, FALSE if cut[k] else carry))
            carry = graph.mux(select, carry, FALSE if cut[k] else data)
        return [*sums, carry]

    outputs = [net for name in ("S0", "S1", "COUT") for net in circuit_output(cell, circuit, name)]
    circuit.gate(function, (*cell.pin("CIN", 1), *inputs), outputs)


def _chosen(cell: Cell, circuit: Circuit, parameter: str, pin: str, default: str) -> Net:
    """Return the net of an input as a parameter says: itself, inverted, or a constant."""
    how = cell.text(parameter, default).strip()
    (net,) = cell.pin(pin, 1)
    if how in ("0", "1"):
        return ONE if how == "1" else ZERO
    if how == "INV":
        return circuit.logic(lambda graph, bits: [bits[0] ^ 1], (net,), 1)[0]
    if how != pin:
        raise cell.refusal(f"{parameter} = {how}")
    return net


def _register(cell: Cell, circuit: Circuit) -> None:
    cell.expect("GSR", "DISABLED")
    cell.expect("SRMODE", "LSR_OVER_CE")
    cell.expect("LSRMODE", "LSR")
    cell.expect("REGSET", "RESET", "SET")
    cell.ignore("M")
    start = int(cell.text("REGSET", "RESET") == "SET")
    (data,) = cell.pin("DI")
    circuit.registers.append(
        Register(
            cell.name,
            cell.output("Q")[0],
            data,
            _chosen(cell, circuit, "CLKMUX", "CLK", "CLK"),
            start,
            enable=_chosen(cell, circuit, "CEMUX", "CE", "1"),
            reset=_chosen(cell, circuit, "LSRMUX", "LSR", "LSR"),
            reset_to=start,
        )
    )


def _memory(cell: Cell, circuit: Circuit) -> None:
    stored = cell.bits("INITVAL", 64)
    enable = _chosen(cell, circuit, "WREMUX", "WRE", "WRE")
    clock = _chosen(cell, circuit, "WCKMUX", "WCK", "WCK")
    write = Write(clock, tuple(cell.pin("WAD", 4)), (enable,) * 4, tuple(cell.pin("DI", 4)))
    read = cell.pin("RAD", 4), circuit_output(cell, circuit, "DO", 4)
    add_memory(circuit, cell.name, [stored[k::4] for k in range(4)], [write], [read])


def _multiplier(cell: Cell, circuit: Circuit) -> None:
    """Add a product without registers; each operand is signed or not."""
    signed = [cell.pin(name, 1)[0] for name in ("SIGNEDA", "SIGNEDB")]
    if max(signed) > ONE:
        raise cell.refusal("SIGNEDA or SIGNEDB that is no constant")
    for name in ("INPUTA", "INPUTB", "INPUTC", "PIPELINE", "OUTPUT"):
        cell.expect(f"REG_{name}_CLK", "NONE")
    cell.expect("MULT_BYPASS", "DISABLED")
    cell.expect_zero("SOURCEA", "SOURCEB", *(f"C{k}" for k in range(_MULTIPLIER)))
    inputs = [net for name in "AB" for k in range(_MULTIPLIER) for net in cell.pin(f"{name}{k}", 1)]

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        a, b = bits[:_MULTIPLIER], bits[_MULTIPLIER:]
        wide = [[*word, word[-1] if sign else FALSE] for word, sign in zip((a, b), signed, strict=True)]
        return words.multiplied(graph, *wide)[: 2 * _MULTIPLIER]

    outputs = [net for k in range(2 * _MULTIPLIER) for net in circuit_output(cell, circuit, f"P{k}")]
    circuit.gate(function, inputs, outputs)
