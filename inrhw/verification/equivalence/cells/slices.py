"""The cells of the slices of AMD's UltraScale+ and 7 series: tables, carry chains, registers, LUT RAM.

After AMD UG574 and UG474; the tests compare each with Yosys' xilinx/cells_sim.v.
"""

import itertools
import re
from collections.abc import Sequence
from functools import cache, partial

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.rom import add_memory
from inrhw.verification.equivalence.circuit import ONE, Circuit, Net, Register, Write
from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal
from inrhw.verification.equivalence.loading import Cell, Model

_LUT_RAM = re.compile(r"RAM(16|32|64|128|256|512)X1([SD])|RAM(32|64)M(8|16)?")


def slice_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    if re.fullmatch(r"LUT[1-6]", kind):
        return _lut
    if _LUT_RAM.fullmatch(kind):
        return _few_ports if "X1" in kind else _many_ports
    models: dict[str, Model] = {
        "LUT6_2": _lut6_2,
        "INV": _inv,
        "MUXF7": _muxf,
        "MUXF8": _muxf,
        "MUXF9": _muxf,
        "CARRY4": _carry4,
        "CARRY8": _carry8,
        "FDRE": partial(_register, "R", 0),
        "FDSE": partial(_register, "S", 1),
        "SRL16E": _shift_register,
        "SRLC16E": _shift_register,
        "SRLC32E": _shift_register,
        "VCC": _vcc,
        "GND": _gnd,
    }
    return models.get(kind)


def pin(cell: Cell, circuit: Circuit, name: str, width: int = 1, default: Net = 0) -> list[Net]:
    """Return the nets of an input behind the inverters that a parameter may put there."""
    inverters = cell.number(f"IS_{name}_INVERTED")
    nets = cell.pin(name, width, default)
    return [circuit.logic(_invert, (net,), 1)[0] if inverters >> k & 1 else net for k, net in enumerate(nets)]


def look_up(table: int, graph: Graph, inputs: Sequence[Literal]) -> list[Literal]:
    """Return a gate with a table of up to 64 bits, the lowest for all inputs 0."""
    return [_look_up(table, graph, tuple(inputs))]


def _look_up(table: int, graph: Graph, inputs: tuple[Literal, ...]) -> Literal:
    size = 1 << len(inputs)
    if table == 0 or table == (1 << size) - 1:
        return TRUE if table else FALSE
    half = size // 2
    low, high = table & (1 << half) - 1, table >> half
    rest = inputs[:-1]
    if low == high:
        return _look_up(low, graph, rest)
    if inputs[-1] <= TRUE:
        return _look_up(high if inputs[-1] else low, graph, rest)
    if low ^ high == (1 << half) - 1:
        return graph.xor(inputs[-1], _look_up(low, graph, rest))
    return graph.mux(inputs[-1], _look_up(high, graph, rest), _look_up(low, graph, rest))


@cache
def _table(table: int) -> partial[list[Literal]]:
    return partial(look_up, table)


def _invert(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [bits[0] ^ 1]


def _choose(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.mux(*bits)]


def _lut(cell: Cell, circuit: Circuit) -> None:
    inputs = [net for k in range(int(cell.kind[3])) for net in cell.pin(f"I{k}", 1)]
    circuit.gate(_table(cell.number("INIT")), inputs, cell.output("O"))


def _lut6_2(cell: Cell, circuit: Circuit) -> None:
    inputs = [net for k in range(6) for net in cell.pin(f"I{k}", 1)]
    table = cell.number("INIT")
    circuit.gate(_table(table), inputs, circuit_output(cell, circuit, "O6"))
    circuit.gate(_table(table & (1 << 32) - 1), inputs[:5], circuit_output(cell, circuit, "O5"))


def circuit_output(cell: Cell, circuit: Circuit, name: str, width: int = 1) -> list[Net]:
    """Return the nets of an output, new ones where it leads nowhere."""
    nets = cell.output(name)
    return [*nets, *circuit.fresh(width - len(nets))]


def _inv(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(_invert, cell.pin("I"), cell.output("O"))


def _muxf(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(_choose, (*cell.pin("S"), *cell.pin("I1"), *cell.pin("I0")), cell.output("O"))


def _vcc(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(lambda graph, bits: [TRUE], (), cell.output("P"))


def _gnd(cell: Cell, circuit: Circuit) -> None:
    circuit.gate(lambda graph, bits: [FALSE], (), cell.output("G"))


def _chain(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    """Return O and CO of CARRY4 from CI, CYINIT, S and DI."""
    sums, out = words.carries(graph, bits[2:6], bits[6:], graph.or_(bits[0], bits[1]))
    return [*sums, *out]


def _carry4(cell: Cell, circuit: Circuit) -> None:
    inputs = (*cell.pin("CI"), *cell.pin("CYINIT"), *cell.pin("S", 4), *cell.pin("DI", 4))
    circuit.gate(
        _chain, inputs, (*circuit_output(cell, circuit, "O", 4), *circuit_output(cell, circuit, "CO", 4))
    )


def _carry8(cell: Cell, circuit: Circuit) -> None:
    cell.expect("CARRY_TYPE", "SINGLE_CY8")
    cell.ignore("CI_TOP")
    inputs = (*cell.pin("CI"), 0, *cell.pin("S", 8), *cell.pin("DI", 8))
    outputs = (*circuit_output(cell, circuit, "O", 8), *circuit_output(cell, circuit, "CO", 8))

    def chain(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
        sums, out = words.carries(graph, bits[2:10], bits[10:], bits[0])
        return [*sums, *out]

    circuit.gate(chain, inputs, outputs)


def _register(reset: str, reset_to: int, cell: Cell, circuit: Circuit) -> None:
    start = cell.bits("INIT", 1)
    # An unspecified start is what the part does when it wakes up: 0 for FDRE, 1 for FDSE.
    (clock,), (data,) = pin(cell, circuit, "C"), pin(cell, circuit, "D")
    (to_reset,) = pin(cell, circuit, reset)
    circuit.registers.append(
        Register(
            cell.name,
            cell.output("Q")[0],
            data,
            clock,
            None if start == "x" else int(start),
            enable=cell.pin("CE", 1, ONE)[0],
            reset=to_reset,
            reset_to=reset_to,
        )
    )


def _shift_register(cell: Cell, circuit: Circuit) -> None:
    places = 5 if cell.kind == "SRLC32E" else 4
    address = cell.pin("A", 5) if places == 5 else [cell.pin(f"A{k}")[0] for k in range(4)]
    (clock,), (data,), (enable,) = pin(cell, circuit, "CLK"), cell.pin("D"), cell.pin("CE", 1, ONE)
    stored = cell.bits("INIT", 1 << places)
    stages = circuit.fresh(1 << places)
    last = cell.output("Q31") or cell.output("Q15")
    tap = sum(net << k for k, net in enumerate(address)) if all(net <= ONE for net in address) else None
    if tap is not None:
        stages[tap] = circuit_output(cell, circuit, "Q")[0]
    if last and tap != len(stages) - 1:
        stages[-1:] = last
    elif last:
        circuit.same(stages[-1:], last)
    for k, (stage, start) in enumerate(zip(stages, stored, strict=True)):
        circuit.registers.append(
            Register(
                f"{cell.name} stage {k}",
                stage,
                stages[k - 1] if k else data,
                clock,
                None if start == "x" else int(start),
                enable=enable,
            )
        )
    if tap is None:
        circuit.gate(
            lambda graph, bits: [words.looked_up(graph, bits[places:], bits[:places])],
            (*address, *stages),
            cell.output("Q"),
        )


def _many_ports(cell: Cell, circuit: Circuit) -> None:
    """Add RAM32M, RAM64M, RAM32M16 or RAM64M8: each letter has a memory of its own, written with the last."""
    width, places = (2, 5) if cell.kind.startswith("RAM32M") else (1, 6)
    letters = "ABCDEFGH"[: 4 if cell.kind in ("RAM32M", "RAM64M") else 8]
    (clock,), (enable,) = pin(cell, circuit, "WCLK"), cell.pin("WE")
    written = tuple(cell.pin(f"ADDR{letters[-1]}", places))
    for letter in letters[::-1]:
        if not cell.output(f"DO{letter}"):
            cell.ignore(f"ADDR{letter}", f"DI{letter}", f"INIT_{letter}")
            continue
        stored = cell.bits(f"INIT_{letter}", width << places)
        write = Write(clock, written, (enable,) * width, tuple(cell.pin(f"DI{letter}", width)))
        read = cell.pin(f"ADDR{letter}", places), circuit_output(cell, circuit, f"DO{letter}", width)
        add_memory(circuit, cell.name, [stored[k::width] for k in range(width)], [write], [read])


def _few_ports(cell: Cell, circuit: Circuit) -> None:
    """Add a LUT RAM of one bit a word: SPO or O at the address of writing, DPO at its own."""
    found = _LUT_RAM.fullmatch(cell.kind)
    assert found is not None
    places = int(found[1]).bit_length() - 1
    (clock,), (enable,) = pin(cell, circuit, "WCLK"), cell.pin("WE")
    written = _address(cell, "A", places)
    reads = [(written, cell.output(name)) for name in ("SPO", "O") if cell.output(name)]
    if found[2] == "D":
        reads += [(_address(cell, "DPRA", places), circuit_output(cell, circuit, "DPO"))]
    write = Write(clock, tuple(written), (enable,), tuple(cell.pin("D", 1)))
    add_memory(circuit, cell.name, [cell.bits("INIT", 1 << places)], [write], reads)


def _address(cell: Cell, name: str, places: int) -> list[Net]:
    """Return an address that is one pin, or a pin for each bit."""
    if cell.has(name):
        return cell.pin(name, places)
    return list(itertools.chain.from_iterable(cell.pin(f"{name}{k}", 1) for k in range(places)))
