"""The cells of Lattice's iCE40: tables, carries, registers and multipliers.

After the iCE Technology Library; the tests compare each with Yosys' ice40/cells_sim.v.
"""

import re
from collections.abc import Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.slices import circuit_output, look_up
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Register
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.equivalence.loading import Cell, Model

_REGISTER = re.compile(r"SB_DFF(N?)(E?)(S[RS])?")

_MULTIPLIER = 16

#: What Yosys sets of a multiplier without registers; the product goes straight to the output.
_PLAIN = {
    **dict.fromkeys(("C_REG", "A_REG", "B_REG", "D_REG", "TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG"), 0),
    **dict.fromkeys(("PIPELINE_16x16_MULT_REG1", "PIPELINE_16x16_MULT_REG2", "MODE_8x8"), 0),
    **dict.fromkeys(("TOPOUTPUT_SELECT", "BOTOUTPUT_SELECT"), 3),
}
_UNUSED = tuple(
    f"{half}ADDSUB_{what}" for half in ("TOP", "BOT") for what in ("LOWERINPUT", "UPPERINPUT", "CARRYSELECT")
)


def ice40_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    if _REGISTER.fullmatch(kind):
        return _register
    return {"SB_LUT4": _lut4, "SB_CARRY": _carry, "SB_MAC16": _multiplier}.get(kind)


def _lut4(cell: Cell, circuit: Circuit) -> None:
    table = cell.number("LUT_INIT")
    inputs = [net for k in range(4) for net in cell.pin(f"I{k}", 1)]
    circuit.gate(lambda graph, bits: look_up(table, graph, bits), inputs, cell.output("O"))


def _carry(cell: Cell, circuit: Circuit) -> None:
    inputs = [net for name in ("I0", "I1", "CI") for net in cell.pin(name, 1)]
    circuit.gate(_majority, inputs, cell.output("CO"))


def _majority(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    a, b, carry = bits
    return [graph.mux(graph.xor(a, b), carry, a)]


def _register(cell: Cell, circuit: Circuit) -> None:
    """Add a register; a reset waits for the enable, and all start with 0."""
    found = _REGISTER.fullmatch(cell.kind)
    assert found is not None
    if found[1]:
        raise cell.refusal("the falling edge")
    (clock,), (data,) = cell.pin("C"), cell.pin("D")
    enable = cell.pin("E", 1, ONE)[0] if found[2] else ONE
    reset, reset_to = ZERO, 0
    if found[3]:
        (reset,), reset_to = cell.pin(found[3][1], 1), int(found[3] == "SS")
        if enable != ONE:
            (reset,) = circuit.logic(lambda graph, bits: [graph.and_(*bits)], (reset, enable), 1)
    output = cell.output("Q")[0]
    circuit.registers.append(
        Register(cell.name, output, data, clock, 0, enable=enable, reset=reset, reset_to=reset_to)
    )


def _multiplier(cell: Cell, circuit: Circuit) -> None:
    for name, value in _PLAIN.items():
        if cell.number(name) != value:
            raise cell.refusal(f"{name} other than {value}")
    signed = [cell.number(name) for name in ("A_SIGNED", "B_SIGNED")]
    cell.ignore(*_UNUSED, "NEG_TRIGGER", "CLK", "CE", "C", "D", "CI", "ACCUMCI", "SIGNEXTIN")
    cell.ignore(
        *(f"{name}HOLD" for name in "ABCD"), *(f"{way}RST{half}" for way in "IO" for half in ("TOP", "BOT"))
    )
    cell.ignore(*(f"{what}{half}" for what in ("OLOAD", "ADDSUB", "OHOLD") for half in ("TOP", "BOT")))

    def function(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        a, b = bits[:_MULTIPLIER], bits[_MULTIPLIER:]
        wide = [[*word, word[-1] if sign else FALSE] for word, sign in zip((a, b), signed, strict=True)]
        return words.multiplied(graph, *wide)[: 2 * _MULTIPLIER]

    inputs = (*cell.pin("A", _MULTIPLIER), *cell.pin("B", _MULTIPLIER))
    circuit.gate(function, inputs, circuit_output(cell, circuit, "O", 2 * _MULTIPLIER))
