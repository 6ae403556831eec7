"""The multiplier of iCE40, SB_MAC16: A times B, registers before and behind the product, plus C and D.

After the iCE Technology Library, as far as Yosys makes them.
"""

from collections.abc import Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.slices import circuit_output
from inrhw.verification.equivalence.circuit import ONE, Circuit, Net, Register
from inrhw.verification.equivalence.graph import FALSE, Graph, Literal
from inrhw.verification.equivalence.loading import Cell

_WIDTH = 16

#: What is the same in all that are used: other registers are not there, and both halves are one multiplier.
_PLAIN = ("C_REG", "D_REG", "PIPELINE_16x16_MULT_REG2", "MODE_8x8", "NEG_TRIGGER")

#: Registers in the middle of the product, at four partial ones: together they are one behind it.
_MIDDLE = ("TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG", "PIPELINE_16x16_MULT_REG1")

#: The output is the product, or what the adder makes of it and C and D: (of the top half, of the bottom).
_PRODUCT, _SUM = 3, 0
_ADDER = {"LOWERINPUT": (2, 2), "UPPERINPUT": (1, 1), "CARRYSELECT": (3, 0)}


def mac16(cell: Cell, circuit: Circuit) -> None:
    """Add the registers, the multiplier and the adder of an SB_MAC16."""
    cell.expect_zero(*_PLAIN)
    adds = _adds(cell)
    signed = [cell.number(f"{name}_SIGNED") for name in "AB"]
    a, b = (_registered(cell, circuit, name, half) for name, half in (("A", "TOP"), ("B", "BOT")))

    def product(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        given = bits[:_WIDTH], bits[_WIDTH:]
        wide = [[*word, word[-1] if sign else FALSE] for word, sign in zip(given, signed, strict=True)]
        return words.multiplied(graph, *wide)[: 2 * _WIDTH]

    found = circuit.logic(product, (*a, *b), 2 * _WIDTH)
    there = {cell.number(name) for name in _MIDDLE}
    if there == {1}:
        cell.expect_zero("IRSTTOP", "IRSTBOT")
        found = _behind(cell, circuit, "M", found, cell.pin("CE", 1, ONE)[0])
    elif there != {0}:
        raise cell.refusal("registers at some partial products")
    outputs = circuit_output(cell, circuit, "O", 2 * _WIDTH)
    if adds:
        added = (*cell.pin("D", _WIDTH), *cell.pin("C", _WIDTH))
        circuit.gate(_sum, (*found, *added), outputs)
    else:
        cell.ignore("C", "D")
        circuit.same(found, outputs)
    _ignore(cell)


def _adds(cell: Cell) -> bool:
    """Return whether the output is the sum with C and D."""
    select = {cell.number(f"{half}OUTPUT_SELECT") for half in ("TOP", "BOT")}
    if select == {_PRODUCT}:
        cell.ignore(*(f"{half}ADDSUB_{name}" for half in ("TOP", "BOT") for name in _ADDER))
        cell.ignore(*(f"{name}{half}" for half in ("TOP", "BOT") for name in ("ADDSUB", "OLOAD")))
        return False
    how = {name: tuple(cell.number(f"{half}ADDSUB_{name}") for half in ("TOP", "BOT")) for name in _ADDER}
    if select != {_SUM} or how != _ADDER:
        raise cell.refusal("an adder other than of the product and C and D")
    cell.expect_zero(*(f"{name}{half}" for half in ("TOP", "BOT") for name in ("ADDSUB", "OLOAD")))
    return True


def _registered(cell: Cell, circuit: Circuit, name: str, half: str) -> list[Net]:
    """Return A or B, behind a register where there is one."""
    data = cell.pin(name, _WIDTH)
    if not cell.number(f"{name}_REG"):
        return data
    cell.expect_zero(f"{name}HOLD", f"IRST{half}")
    return _behind(cell, circuit, name, data, cell.pin("CE", 1, ONE)[0])


def _behind(cell: Cell, circuit: Circuit, name: str, data: Sequence[Net], enable: Net) -> list[Net]:
    """Return nets behind registers whose start values are not specified."""
    outputs = circuit.fresh(len(data))
    (clock,) = cell.pin("CLK")
    for k, (before, output) in enumerate(zip(data, outputs, strict=True)):
        circuit.registers.append(
            Register(f"{cell.name} {name}[{k}]", output, before, clock, None, enable=enable)
        )
    return outputs


def _sum(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return words.added(graph, bits[: 2 * _WIDTH], bits[2 * _WIDTH :])


def _ignore(cell: Cell) -> None:
    """Leave out pins of what is not there."""
    cell.ignore("CLK", "CE", "CI", "ACCUMCI", "SIGNEXTIN", *(f"{name}HOLD" for name in "ABCD"))
    cell.ignore(*(f"{name}{half}" for half in ("TOP", "BOT") for name in ("IRST", "ORST", "OHOLD")))
