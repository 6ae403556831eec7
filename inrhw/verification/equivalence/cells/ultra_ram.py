"""The UltraRAM of UltraScale+, URAM288: 4,096 words of 72 bits that start with 0, and two ports.

After AMD UG573, as far as Yosys makes them. In one clock port A
comes first, then port B: what A writes B reads. A port that writes shows what it showed before.
"""

from inrhw.verification.equivalence.cells.block_port import BYTE, NEW, OLD, Port, add_block, conjunction
from inrhw.verification.equivalence.circuit import Circuit, Net
from inrhw.verification.equivalence.loading import Cell, Model

_ADDRESS, _PINS, _WIDTH = 12, 23, 72

#: Bits of a word that are no parity.
_DATA = 64

#: What is used of each port; any other value has no model.
_PARAMETERS = {"IREG_PRE": "FALSE", "OREG": "FALSE"}


def ultra_ram_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    return _ultra_ram if kind == "URAM288" else None


def _ultra_ram(cell: Cell, circuit: Circuit) -> None:
    cell.expect("EN_AUTO_SLEEP_MODE", "FALSE")
    cell.expect_zero("SLEEP", "IS_CLK_INVERTED")
    (clock,) = cell.pin("CLK")
    ports = []
    for port, others in (("A", NEW), ("B", OLD)):
        for name, value in _PARAMETERS.items():
            cell.expect(f"{name}_{port}", value)
        cell.expect_zero(f"RST_{port}", f"INJECT_DBITERR_{port}", f"INJECT_SBITERR_{port}")
        cell.ignore(f"RST_MODE_{port}")
        address = cell.pin(f"ADDR_{port}", _PINS)
        if any(address[_ADDRESS:]):
            raise cell.refusal(f"ADDR_{port} beyond its words")
        (enable,), (write,) = cell.pin(f"EN_{port}"), cell.pin(f"RDB_WR_{port}")
        (reads,) = circuit.logic(lambda graph, bits: [bits[0] ^ 1], (write,), 1)
        shown, given = cell.output(f"DOUT_{port}"), cell.pin(f"DIN_{port}", _WIDTH)
        written, places = _written(cell, port), _places(cell, port)
        ports += [
            Port(
                port,
                clock,
                conjunction(circuit, enable, reads),
                address[:_ADDRESS],
                outputs=[shown[place : place + 1] for place in places],
                starts=[0] * _WIDTH,
            ),
            Port(
                port,
                clock,
                conjunction(circuit, enable, write),
                address[:_ADDRESS],
                data=[given[place] for place in places],
                writes=[written[place] for place in places],
                others=others,
            ),
        ]
    add_block(circuit, cell, ["0" * (1 << _ADDRESS)] * _WIDTH, ports)


def _places(cell: Cell, port: str) -> list[int]:
    """Return the pins of the bits of a word: where parity goes with its byte, Yosys puts it above that."""
    if not _together(cell, port):
        return list(range(_WIDTH))
    return [
        place
        for byte in range(_DATA // BYTE)
        for place in (*range(BYTE * byte, BYTE * byte + BYTE), _DATA + byte)
    ]


def _together(cell: Cell, port: str) -> bool:
    """Return whether a parity bit is enabled with its byte; else all of parity has an enable of its own."""
    mode = f"BWE_MODE_{port}"
    cell.expect(mode, "PARITY_INTERLEAVED", "PARITY_INDEPENDENT")
    return cell.text(mode, "PARITY_INTERLEAVED") == "PARITY_INTERLEAVED"


def _written(cell: Cell, port: str) -> list[Net]:
    """Return what enables each bit."""
    enables = cell.pin(f"BWE_{port}", _DATA // BYTE + 1)
    data = [enables[number // BYTE] for number in range(_DATA)]
    return data + (enables[:-1] if _together(cell, port) else [enables[-1]] * (_WIDTH - _DATA))
