"""The DSP48E2 of UltraScale+: a product of A or A + D with B, added to PCIN and to P.

After AMD UG579, as far as our netlists use it: `inrhw` instantiates multiply-accumulates, and Yosys plain products.
"""

from collections.abc import Sequence

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.slices import circuit_output
from inrhw.verification.equivalence.circuit import ONE, ZERO, Cell, Circuit, Net, Register
from inrhw.verification.equivalence.graph import Graph, Literal

_A, _B, _M, _P = 27, 18, 45, 48

#: OPMODE: X and Y give the product; Z may be PCIN (bit 4), W may be P (bit 7).
_CASCADE, _ONWARD = 4, 7
_PRODUCT = 0b101

#: Registers of what is not used, and their enables and resets.
_UNUSED = ("CREG", "INMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "ACASCREG", "BCASCREG")
_UNUSED_PINS = (
    *("CEC", "CEINMODE", "CEALUMODE", "CECARRYIN", "RSTC", "RSTINMODE", "RSTALUMODE", "RSTALLCARRYIN"),
    *("C", "ACIN", "BCIN"),
)


def dsp48e2(cell: Cell, circuit: Circuit) -> None:
    """Add the registers, the multiplier and the adder of a DSP48E2."""
    before_sum = cell.text("AMULTSEL", "A") == "AD"
    _check(cell, before_sum)
    a = _registered(cell, circuit, "A", cell.pin("A", _A)[:_A], _stages(cell, "AREG"))
    b = _registered(cell, circuit, "B", cell.pin("B", _B), _stages(cell, "BREG"))
    if before_sum:
        d = _one(cell, circuit, "DREG", "D", "D", cell.pin("D", _A))
        a = _one(cell, circuit, "ADREG", "AD", "D", circuit.logic(_added, (*a, *d), _A))
    else:
        cell.ignore("D", "DREG", "ADREG", "CED", "CEAD", "RSTD")
    product = _one(cell, circuit, "MREG", "M", "M", circuit.logic(_multiplied, (*a, *b), _M))
    p = circuit_output(cell, circuit, "P", _P)
    cascade, onward = _modes(cell, circuit)
    if cascade == ZERO:
        cell.ignore("PCIN")
    pcin = [ZERO] * _P if cascade == ZERO else cell.pin("PCIN", _P)
    if cell.number("PREG", 1):
        total = circuit.logic(_summed, (*product, cascade, *pcin, onward, *p), _P)
        _registers(cell, circuit, "P", "P", total, p)
    elif onward != ZERO:
        raise cell.refusal("OPMODE that adds P, which has no register")
    else:
        cell.ignore("CEP", "RSTP")
        circuit.gate(_summed, (*product, cascade, *pcin, onward, *[ZERO] * _P), p)
    circuit.same(p, cell.output("PCOUT"))


def _check(cell: Cell, before_sum: bool) -> None:
    """Refuse what is not modelled."""
    cell.expect("AMULTSEL", "A", "AD")
    for name, value in (("A_INPUT", "DIRECT"), ("B_INPUT", "DIRECT"), ("BMULTSEL", "B"), ("PREADDINSEL", "A")):
        cell.expect(name, value)
    cell.expect("USE_MULT", "MULTIPLY")
    cell.expect("USE_SIMD", "ONE48")
    cell.expect_zero("ALUMODE", "CARRYINSEL", "CARRYIN")
    wanted = [ZERO, ZERO, ONE if before_sum else ZERO, ZERO, ZERO]
    if cell.number("INMODEREG") or cell.pin("INMODE", 5) != wanted:
        raise cell.refusal("INMODE other than A2 or A2 + D")
    if cell.number("ALUMODEREG") or cell.number("CARRYINREG") or cell.number("CARRYINSELREG"):
        raise cell.refusal("registers of ALUMODE or CARRYIN")
    cell.ignore(*_UNUSED, *_UNUSED_PINS)


def _modes(cell: Cell, circuit: Circuit) -> tuple[Net, Net]:
    """Return whether PCIN and P are added."""
    inverted = cell.number("IS_OPMODE_INVERTED")
    chosen = []
    for k, net in enumerate(cell.pin("OPMODE", 9)):
        flip = inverted >> k & 1
        if net <= ONE:
            chosen.append(net ^ flip)
        else:
            chosen.append(circuit.logic(lambda graph, bits: [bits[0] ^ 1], (net,), 1)[0] if flip else net)
    fixed = [net for k, net in enumerate(chosen) if k not in (_CASCADE, _ONWARD)]
    if fixed != [_PRODUCT >> k & 1 for k in range(9) if k not in (_CASCADE, _ONWARD)]:
        raise cell.refusal("OPMODE other than the product, PCIN and P")
    used = [net for net in (chosen[_CASCADE], chosen[_ONWARD]) if net != ZERO]
    after = _one(cell, circuit, "OPMODEREG", "CTRL", "CTRL", used)
    held = dict(zip(used, after, strict=True))
    return held.get(chosen[_CASCADE], ZERO), held.get(chosen[_ONWARD], ZERO)


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
        _registers(cell, circuit, f"{name}{stage}", name, data, outputs)
        data = outputs
    return data


def _one(
    cell: Cell, circuit: Circuit, there: str, enable: str, reset: str, data: Sequence[Net]
) -> list[Net]:
    """Return nets behind a register, or themselves if a parameter says that it is not there."""
    if not cell.number(there, 1):
        cell.ignore(f"CE{enable}", f"RST{reset}")
        return list(data)
    outputs = circuit.fresh(len(data))
    _registers(cell, circuit, enable, reset, data, outputs)
    return outputs


def _registers(
    cell: Cell, circuit: Circuit, enable: str, reset: str, data: Sequence[Net], outputs: Sequence[Net]
) -> None:
    (clock,), (enabled,), (cleared,) = cell.pin("CLK"), cell.pin(f"CE{enable}", 1), cell.pin(f"RST{reset}", 1)
    for k, (before, output) in enumerate(zip(data, outputs, strict=True)):
        name = f"{cell.name} {enable}[{k}]"
        circuit.registers.append(Register(name, output, before, clock, 0, enable=enabled, reset=cleared))


def _added(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return words.added(graph, bits[:_A], bits[_A:])


def _multiplied(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return words.multiplied(graph, bits[:_A], bits[_A:])


def _summed(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    """Return product + (PCIN or 0) + (P or 0)."""
    product = words.extended(bits[:_M], _P, signed=True)
    cascade, pcin = bits[_M], bits[_M + 1 : _M + 1 + _P]
    onward, p = bits[_M + 1 + _P], bits[_M + 2 + _P :]
    total = words.added(graph, product, [graph.and_(cascade, bit) for bit in pcin])
    return words.added(graph, total, [graph.and_(onward, bit) for bit in p])
