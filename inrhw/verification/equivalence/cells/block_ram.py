"""Block RAMs of UltraScale+ and 7 series: RAMB18E2, RAMB36E2, RAMB18E1 and RAMB36E1.

After AMD UG573 and UG473, as far as Yosys makes them: one clock, words of one width, no cascade, no error
correction, no second register at the output. What a port shows of a word that the other one writes is the old
word only where the writing port is READ_FIRST; otherwise it may be anything.
"""

from dataclasses import dataclass

from inrhw.verification.equivalence.cells.block_port import (
    ANYTHING,
    BYTE,
    CHUNK,
    KEPT,
    NEW,
    OLD,
    Port,
    add_block,
    address_of_word,
    column_of,
)
from inrhw.verification.equivalence.circuit import Circuit, Net
from inrhw.verification.equivalence.loading import Cell, Model

#: Bits of a parameter with contents.
_PARAMETER = 256


@dataclass(frozen=True)
class _Kind:
    """Address bits, data bits of one port, and parameters with data and with parity; whether of 7 series."""

    address: int
    port: int
    data: int
    parity: int
    seventh: bool

    def pins(self, name: str, port: str) -> tuple[str, str]:
        """Return the pins of a port for data and parity; `name` is "DIN" or "DOUT"."""
        if self.seventh:
            short = name[:2]
            return f"{short}{port}{short}", f"{short}P{port}{short}P"
        return f"{name}{port}{name}", f"{name}P{port}{name}P"


_KINDS = {
    "RAMB18E2": _Kind(14, 16, 0x40, 0x08, False),
    "RAMB36E2": _Kind(15, 32, 0x80, 0x10, False),
    "RAMB18E1": _Kind(14, 16, 0x40, 0x08, True),
    "RAMB36E1": _Kind(15, 32, 0x80, 0x10, True),
}

_OWN = {"READ_FIRST": OLD, "WRITE_FIRST": NEW, "NO_CHANGE": KEPT}

#: Clock, enable, address and write enables of each port.
_PINS: dict[str, tuple[str, str, str, str]] = {
    "A": ("CLKARDCLK", "ENARDEN", "ADDRARDADDR", "WEA"),
    "B": ("CLKBWRCLK", "ENBWREN", "ADDRBWRADDR", "WEBWE"),
}

#: Resets and registers of each port that are not used.
_RESETS = {"A": ("RSTRAMARSTRAM", "RSTREGARSTREG", "REGCEAREGCE"), "B": ("RSTRAMB", "RSTREGB", "REGCEB")}


def block_ram_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    if kind not in _KINDS:
        return None
    return lambda cell, circuit: _block_ram(_KINDS[kind], cell, circuit)


def _block_ram(kind: _Kind, cell: Cell, circuit: Circuit) -> None:
    _check(kind, cell)
    used = {port: (cell.number(f"READ_WIDTH_{port}"), cell.number(f"WRITE_WIDTH_{port}")) for port in "AB"}
    widths = {width for both in used.values() for width in both if width}
    if len(widths) != 1:
        raise cell.refusal("words of more than one width")
    (width,) = widths
    both = width > kind.port // BYTE * CHUNK
    # A word as wide as both ports is read at A and written at B, through the pins of both.
    if both and (used["B"][0] or used["A"][1]):
        raise cell.refusal("a word of both ports that is read at B or written at A")
    data = "".join(cell.bits(f"INIT_{k:02X}", _PARAMETER) for k in range(kind.data))
    parity = "".join(cell.bits(f"INITP_{k:02X}", _PARAMETER) for k in range(kind.parity))
    columns = [column_of(width, number, data, parity) for number in range(width)]
    ports = [
        _port(kind, cell, port, width, reads=used[port][0] > 0, writes=used[port][1] > 0) for port in "AB"
    ]
    add_block(circuit, cell, columns, ports)


def _check(kind: _Kind, cell: Cell) -> None:
    """Refuse resets and second output registers."""
    for port in "AB":
        reset, *others = _RESETS[port]
        cell.expect_zero(f"DO{port}_REG", f"SRVAL_{port}", reset)
        cell.ignore(*others)
        if kind.seventh:
            cell.expect(f"RAM_EXTENSION_{port}", "NONE")
        else:
            cell.ignore(f"ADDREN{port}")
    if kind.seventh:
        cell.expect("RAM_MODE", "TDP", "SDP")
    else:
        cell.expect_zero("SLEEP")


def _port(kind: _Kind, cell: Cell, port: str, width: int, *, reads: bool, writes: bool) -> Port:
    clock, enable, address, write = _PINS[port]
    mode = cell.text(f"WRITE_MODE_{port}", "WRITE_FIRST")
    if mode not in _OWN:
        raise cell.refusal(f"WRITE_MODE_{port} = {mode}")
    enables = cell.pin(write, 2 * kind.port // BYTE)
    wide = width > kind.port // BYTE * CHUNK
    shown, given = (_lanes(kind, cell, name, "AB" if wide else port)[:width] for name in ("DOUT", "DIN"))
    return Port(
        port,
        cell.pin(clock)[0],
        cell.pin(enable)[0],
        address_of_word(width, cell.pin(address, kind.address)[: kind.address]),
        outputs=shown if reads else (),
        starts=_starts(kind, cell, "AB" if wide else port, width),
        data=[net for nets in given for net in nets] if writes else (),
        writes=[enables[number // CHUNK] for number in range(width)] if writes else (),
        own=_OWN[mode],
        others=OLD if mode == "READ_FIRST" else ANYTHING,
    )


def _lanes(kind: _Kind, cell: Cell, name: str, ports: str) -> list[list[Net]]:
    """Return for each bit of a word its net at the pins of one port or of both, if any."""
    found: list[list[Net]] = []
    for port in ports:
        pins = kind.pins(name, port)
        if name == "DIN":
            data, parity = cell.pin(pins[0], kind.port), cell.pin(pins[1], kind.port // BYTE)
        else:
            data, parity = cell.output(pins[0]), cell.output(pins[1])
        for byte in range(kind.port // BYTE):
            found += [data[k : k + 1] for k in range(BYTE * byte, BYTE * byte + BYTE)]
            found.append(parity[byte : byte + 1])
    return found


def _starts(kind: _Kind, cell: Cell, ports: str, width: int) -> list[int | None]:
    """Return the initial output of each bit of a word; the parameter has parity above all data."""
    starts: list[int | None] = []
    for port in ports:
        bytes_here = max(1, min(width // CHUNK, kind.port // BYTE))
        text = cell.bits(f"INIT_{port}", kind.port // BYTE * CHUNK)
        for byte in range(bytes_here):
            lane = text[BYTE * byte : BYTE * byte + BYTE] + text[BYTE * bytes_here + byte]
            starts += [None if bit == "x" else int(bit) for bit in lane]
    return starts[:width]
