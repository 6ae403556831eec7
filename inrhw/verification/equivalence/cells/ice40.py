"""The cells of Lattice's iCE40: tables, carries and registers.

After the iCE Technology Library; the tests compare each with Yosys' ice40/cells_sim.v.
"""

import re
from collections.abc import Sequence

from inrhw.verification.equivalence.cells.slices import look_up
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Register
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.loading import Cell, Model

_REGISTER = re.compile(r"SB_DFF(N?)(E?)(S[RS])?")


def ice40_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    if _REGISTER.fullmatch(kind):
        return _register
    return {"SB_LUT4": _lut4, "SB_CARRY": _carry}.get(kind)


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
