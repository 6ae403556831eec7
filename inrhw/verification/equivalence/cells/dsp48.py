"""The DSP48E2 of UltraScale+ and the DSP48E1 of 7 series: (A or A + D) times B, plus PCIN and P.

After AMD UG579 and UG479, as far as inrhw's netlists use them: `inrhw` instantiates multiply-accumulates, and
Yosys makes products with registers. The tests compare them with sim/cells_xcup.v and Yosys'
xilinx/cells_sim.v.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.slices import circuit_output
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net, Register
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.loading import Cell

_B, _P = 18, 48

#: OPMODE: X and Y give the product; Z may be PCIN.
_CASCADE = 4
_PRODUCT = 0b101


@dataclass(frozen=True)
class _Kind:
    """Bits of A at the multiplier, bits of OPMODE, and which of them adds P."""

    a: int
    opmode: int
    onward: int


_E2 = _Kind(a=27, opmode=9, onward=7)
_E1 = _Kind(a=25, opmode=7, onward=5)

#: Registers of what is not used, and their enables and resets.
_UNUSED = ("CREG", "INMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "ACASCREG", "BCASCREG")
_UNUSED_PINS = (
    *("CEC", "CEINMODE", "CEALUMODE", "CECARRYIN", "RSTC", "RSTINMODE", "RSTALUMODE", "RSTALLCARRYIN"),
    *("C", "ACIN", "BCIN"),
)


def dsp48e2(cell: Cell, circuit: Circuit) -> None:
    """Add the registers, the multiplier and the adder of a DSP48E2."""
    before_sum = cell.text("AMULTSEL", "A") == "AD"
    cell.expect("AMULTSEL", "A", "AD")
    cell.expect("BMULTSEL", "B")
    cell.expect("PREADDINSEL", "A")
    _dsp(_E2, cell, circuit, before_sum)


def dsp48e1(cell: Cell, circuit: Circuit) -> None:
    """Add the registers, the multiplier and the adder of a DSP48E1."""
    cell.expect("USE_DPORT", "FALSE")
    _dsp(_E1, cell, circuit, False)


def _dsp(kind: _Kind, cell: Cell, circuit: Circuit, before_sum: bool) -> None:
    _check(cell, before_sum)
    a = _registered(cell, circuit, "A", cell.pin("A", kind.a)[: kind.a], _stages(cell, "AREG"))
    b = _registered(cell, circuit, "B", cell.pin("B", _B), _stages(cell, "BREG"))
    if before_sum:
        d = _one(cell, circuit, "DREG", ("D", "D"), cell.pin("D", kind.a))
        a = _one(cell, circuit, "ADREG", ("AD", "D"), circuit.logic(_added, (*d, *a), kind.a))
    else:
        cell.ignore("D", "DREG", "ADREG", "CED", "CEAD", "RSTD")
    multiplied = circuit.logic(partial(_multiplied, kind.a), (*a, *b), kind.a + _B)
    product = _one(cell, circuit, "MREG", ("M", "M"), multiplied)
    p = circuit_output(cell, circuit, "P", _P)
    cascade, onward = _modes(kind, cell, circuit)
    if cascade == ZERO:
        cell.ignore("PCIN")
    pcin = [ZERO] * _P if cascade == ZERO else cell.pin("PCIN", _P)
    if cell.number("PREG", 1):
        before = [ZERO] * _P if onward == ZERO else p
        total = circuit.logic(_summed, (cascade, *pcin, onward, *before, *product), _P)
        _registers(cell, circuit, ("P", "P"), total, p)
    elif onward != ZERO:
        raise cell.refusal("OPMODE that adds P, which has no register")
    elif cascade != ZERO:
        cell.ignore("CEP", "RSTP")
        circuit.gate(_summed, (cascade, *pcin, onward, *[ZERO] * _P, *product), p)
    else:
        cell.ignore("CEP", "RSTP")
        # Bit by bit: of a product that is rounded the Verilog has not all.
        for net, bit in zip(p, product + product[-1:] * (_P - len(product)), strict=True):
            circuit.same((bit,), (net,))
    circuit.same(p, cell.output("PCOUT"))


def _check(cell: Cell, before_sum: bool) -> None:
    """Refuse unmodelled configurations."""
    cell.expect("A_INPUT", "DIRECT")
    cell.expect("B_INPUT", "DIRECT")
    cell.expect("USE_MULT", "MULTIPLY")
    cell.expect("USE_SIMD", "ONE48")
    cell.expect_zero("ALUMODE", "CARRYINSEL", "CARRYIN")
    wanted = [ZERO, ZERO, ONE if before_sum else ZERO, ZERO, ZERO]
    if cell.number("INMODEREG") or cell.pin("INMODE", 5) != wanted:
        raise cell.refusal("INMODE other than A2 or A2 + D")
    if cell.number("ALUMODEREG") or cell.number("CARRYINREG") or cell.number("CARRYINSELREG"):
        raise cell.refusal("registers of ALUMODE or CARRYIN")
    cell.ignore(*_UNUSED, *_UNUSED_PINS)


def _modes(kind: _Kind, cell: Cell, circuit: Circuit) -> tuple[Net, Net]:
    """Return whether PCIN and P are added."""
    inverted, free = cell.number("IS_OPMODE_INVERTED"), (_CASCADE, kind.onward)
    chosen = []
    for k, net in enumerate(cell.pin("OPMODE", kind.opmode)):
        flip = inverted >> k & 1
        if net <= ONE:
            chosen.append(net ^ flip)
        else:
            chosen.append(circuit.logic(lambda graph, bits: [bits[0] ^ 1], (net,), 1)[0] if flip else net)
    fixed = [net for k, net in enumerate(chosen) if k not in free]
    if fixed != [_PRODUCT >> k & 1 for k in range(kind.opmode) if k not in free]:
        raise cell.refusal("OPMODE other than the product, PCIN and P")
    used = [net for net in (chosen[_CASCADE], chosen[kind.onward]) if net != ZERO]
    after = _one(cell, circuit, "OPMODEREG", ("CTRL", "CTRL"), used)
    held = dict(zip(used, after, strict=True))
    return held.get(chosen[_CASCADE], ZERO), held.get(chosen[kind.onward], ZERO)


def _stages(cell: Cell, name: str) -> int:
    stages = cell.number(name, 1)
    if stages > 2:
        raise cell.refusal(f"{name} = {stages}")
    return stages


def _registered(cell: Cell, circuit: Circuit, name: str, data: list[Net], stages: int) -> list[Net]:
    """Return A or B behind none, one or two registers; the one nearer to the multiplier is used first."""
    cell.ignore(f"CE{name}1", f"CE{name}2", f"RST{name}")
    for stage in range(3 - stages, 3):
        outputs = circuit.fresh(len(data))
        _registers(cell, circuit, (f"{name}{stage}", name), data, outputs)
        data = outputs
    return data


def _one(cell: Cell, circuit: Circuit, there: str, pins: tuple[str, str], data: Sequence[Net]) -> list[Net]:
    """Return nets behind a register, or themselves if a parameter removes it."""
    if not cell.number(there, 1):
        cell.ignore(f"CE{pins[0]}", f"RST{pins[1]}")
        return list(data)
    outputs = circuit.fresh(len(data))
    _registers(cell, circuit, pins, data, outputs)
    return outputs


def _registers(
    cell: Cell, circuit: Circuit, pins: tuple[str, str], data: Sequence[Net], outputs: Sequence[Net]
) -> None:
    enable, reset = pins
    (clock,), (enabled,), (cleared,) = cell.pin("CLK"), cell.pin(f"CE{enable}", 1), cell.pin(f"RST{reset}", 1)
    for k, (before, output) in enumerate(zip(data, outputs, strict=True)):
        name = f"{cell.name} {enable}[{k}]"
        circuit.registers.append(Register(name, output, before, clock, 0, enable=enabled, reset=cleared))


def _added(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return words.added(graph, bits[: len(bits) // 2], bits[len(bits) // 2 :])


def _multiplied(size: int, graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return words.multiplied(graph, bits[:size], bits[size:])


def _summed(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    """Return the low bits of the product plus PCIN or 0, plus P or 0."""
    cascade, pcin = bits[0], bits[1 : 1 + _P]
    onward, p = bits[1 + _P], bits[2 + _P : 2 + 2 * _P]
    product = words.extended(bits[2 + 2 * _P :], _P, signed=True)
    total = words.added(graph, product, [graph.and_(cascade, bit) for bit in pcin])
    return words.added(graph, total, [graph.and_(onward, bit) for bit in p])
