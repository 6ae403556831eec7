"""Block RAMs of UltraScale+ that are only read, RAMB18E2 and RAMB36E2: tables with a register behind them.

After AMD UG573, as far as Yosys makes them; the tests compare them with sim/cells_xcup.v. What is written at
run time has no model: the bench decides there.
"""

from dataclasses import dataclass

from inrhw.verification.equivalence.cells.rom import add_memory
from inrhw.verification.equivalence.circuit import Circuit, Net, Register
from inrhw.verification.equivalence.loading import Cell, Model

#: Bits of a parameter with contents.
_PARAMETER = 256

#: Of nine bits of a wide word eight are data and one is what a parity could be.
_CHUNK, _BYTE = 9, 8


@dataclass(frozen=True)
class _Size:
    """Address bits, data bits of one port, and parameters with data and with parity."""

    address: int
    port: int
    data: int
    parity: int


_SIZES = {"RAMB18E2": _Size(14, 16, 0x40, 8), "RAMB36E2": _Size(15, 32, 0x80, 16)}


def block_ram_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    if kind not in _SIZES:
        return None
    return lambda cell, circuit: _block_ram(_SIZES[kind], cell, circuit)


def _block_ram(size: _Size, cell: Cell, circuit: Circuit) -> None:
    _check(cell)
    data = "".join(cell.bits(f"INIT_{k:02X}", _PARAMETER) for k in range(size.data))
    parity = "".join(cell.bits(f"INITP_{k:02X}", _PARAMETER) for k in range(size.parity))
    widths = {port: cell.number(f"READ_WIDTH_{port}") for port in "AB"}
    # A word as wide as both ports is read at A and comes out of both.
    both = widths["A"] > _CHUNK * size.port // _BYTE
    if both and widths["B"]:
        raise cell.refusal("READ_WIDTH_B beside a word of both ports")
    for port, width in widths.items():
        clock, enable, address = _pins(size, cell, port)
        if not width:
            continue
        starts, outputs = [], []
        for number, output in enumerate(_outputs(size, cell, port, both)):
            if number < width:
                starts.append(_column(width, number, data, parity))
                outputs.append(output)
        index = address[(_data_bits(width) - 1).bit_length() :]
        looked_up = circuit.fresh(len(starts))
        add_memory(circuit, f"{cell.name} {port}", starts, (), [(index, looked_up)])
        for number, (word, output) in enumerate(zip(looked_up, outputs, strict=True)):
            for net in output:
                name = f"{cell.name} {port}[{number}]"
                circuit.registers.append(Register(name, net, word, clock, 0, enable=enable))


def _check(cell: Cell) -> None:
    """Refuse what is written, reset or registered twice."""
    for port in "AB":
        if cell.number(f"WRITE_WIDTH_{port}"):
            raise cell.refusal(f"WRITE_WIDTH_{port}: it is written at run time")
        cell.expect_zero(f"DO{port}_REG", f"INIT_{port}", f"SRVAL_{port}", f"RST{_RAM[port]}")
        cell.ignore(f"WRITE_MODE_{port}", f"ADDREN{port}", f"REGCE{_REGISTER[port]}", f"RST{_RESET[port]}")
    cell.expect_zero("SLEEP")
    cell.ignore("WEA", "WEBWE", "DINADIN", "DINBDIN", "DINPADINP", "DINPBDINP")


#: Names of the pins of a port, which stand for both uses of the cell.
_RAM = {"A": "RAMARSTRAM", "B": "RAMB"}
_RESET = {"A": "REGARSTREG", "B": "REGB"}
_REGISTER = {"A": "AREGCE", "B": "B"}
_READ: dict[str, tuple[str, str, str]] = {
    "A": ("CLKARDCLK", "ENARDEN", "ADDRARDADDR"),
    "B": ("CLKBWRCLK", "ENBWREN", "ADDRBWRADDR"),
}


def _pins(size: _Size, cell: Cell, port: str) -> tuple[Net, Net, list[Net]]:
    """Return clock, enable and address of a port."""
    clock, enable, address = _READ[port]
    return cell.pin(clock)[0], cell.pin(enable)[0], cell.pin(address, size.address)


def _outputs(size: _Size, cell: Cell, port: str, both: bool) -> list[list[Net]]:
    """Return for each bit of a word the nets that show it, none where it leads nowhere."""
    found: list[list[Net]] = []
    for name in ("A", "B") if both else (port,):
        data, parity = cell.output(f"DOUT{name}DOUT"), cell.output(f"DOUTP{name}DOUTP")
        for byte in range(size.port // _BYTE):
            chunk = [data[k : k + 1] for k in range(_BYTE * byte, _BYTE * byte + _BYTE)]
            found += [*chunk, parity[byte : byte + 1]]
    return found


def _data_bits(width: int) -> int:
    """Return the bits of a word that are data."""
    return width if width < _CHUNK else width // _CHUNK * _BYTE


def _column(width: int, number: int, data: str, parity: str) -> str:
    """Return a bit of all words, the first word first."""
    if width < _CHUNK:
        return data[number::width]
    chunks = width // _CHUNK
    chunk, bit = divmod(number, _CHUNK)
    if bit == _BYTE:
        return parity[chunk::chunks]
    return data[_BYTE * chunk + bit :: _BYTE * chunks]
