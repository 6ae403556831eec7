"""The block RAM of ECP5, DP16KD: 18 kbit, as two ports or as one that writes 36 bits and one that reads.

After Lattice FPGA-TN-02204, as far as Yosys makes them. Where a port reads what the other one writes in the
same clock it may show anything.
"""

from inrhw.verification.equivalence.cells.block_port import (
    BYTE,
    CHUNK,
    KEPT,
    NEW,
    OLD,
    Port,
    add_block,
    address_of_word,
    column_of,
    conjunction,
)
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net
from inrhw.verification.equivalence.loading import Cell, Model

#: Address pins, and data pins of a port.
_ADDRESS, _DATA = 14, 18

#: Parameters with contents: each has words of 18 bits, every 20 bits.
_PARAMETERS, _WORDS, _STEP = 0x40, 16, 20

_OWN = {"NORMAL": KEPT, "WRITETHROUGH": NEW, "READBEFOREWRITE": OLD}


def trellis_ram_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    return _ram if kind == "DP16KD" else None


def _ram(cell: Cell, circuit: Circuit) -> None:
    # A port that is never enabled shows its start, whatever its width.
    widths = {port: cell.number(f"DATA_WIDTH_{port}", _DATA) for port in "AB"}
    used = {width for port, width in widths.items() if cell.pin(f"CE{port}", 1) != [ZERO]}
    if len(used) != 1:
        raise cell.refusal("words of more than one width")
    (width,) = used
    _check(cell)
    stored = "".join(
        text[_STEP * k : _STEP * k + _DATA]
        for text in (cell.bits(f"INITVAL_{k:02X}", _STEP * _WORDS) for k in range(_PARAMETERS))
        for k in range(_WORDS)
    )
    chunks = [stored[k : k + CHUNK] for k in range(0, len(stored), CHUNK)]
    data, parity = "".join(each[:BYTE] for each in chunks), "".join(each[BYTE] for each in chunks)
    columns = [column_of(width, number, data, parity) for number in range(width)]
    add_block(circuit, cell, columns, [_port(cell, circuit, port, width) for port in "AB"])


def _check(cell: Cell) -> None:
    """Refuse what is not modelled, resets and second registers among it."""
    cell.expect("GSR", "DISABLED", "AUTO")
    cell.ignore("RESETMODE", "ASYNC_RESET_RELEASE")
    for port in "AB":
        cell.expect(f"REGMODE_{port}", "NOREG")
        cell.expect(f"CLK{port}MUX", f"CLK{port}")
        cell.expect(f"CSDECODE_{port}", "0b000")
        cell.expect_zero(f"RST{port}", *(f"CS{port}{k}" for k in range(3)))
        cell.ignore(f"OCE{port}")


def _port(cell: Cell, circuit: Circuit, port: str, width: int) -> Port:
    mode = cell.text(f"WRITEMODE_{port}", "NORMAL")
    cell.expect(f"WRITEMODE_{port}", *_OWN)
    address = [cell.pin(f"AD{port}{k}", 1)[0] for k in range(_ADDRESS)]
    # A word of 36 bits is written at A and read at B, through the pins of both.
    wide = width > _DATA
    places = [(each, k) for each in ("AB" if wide else port) for k in range(_DATA)]
    given = [cell.pin(f"DI{each}{k}", 1)[0] for each, k in places]
    shown = [cell.output(f"DO{each}{k}") for each, k in places] if not wide or port == "B" else []
    (enable,), (write,) = cell.pin(f"CE{port}", 1), cell.pin(f"WE{port}", 1)
    if wide and port == "B" and write != ZERO:
        raise cell.refusal("a word of 36 bits that is written at B")
    # The lowest pins of the address of a wide word enable its bytes.
    lanes: list[Net] = address[: width // CHUNK] if width > CHUNK else [ONE]
    return Port(
        port,
        cell.pin(f"CLK{port}")[0],
        enable,
        address_of_word(width, address),
        outputs=shown[:width],
        starts=[0] * width,
        data=given[:width],
        writes=[
            conjunction(circuit, write, lanes[min(number // CHUNK, len(lanes) - 1)])
            for number in range(width)
        ],
        own=_OWN[mode],
    )
