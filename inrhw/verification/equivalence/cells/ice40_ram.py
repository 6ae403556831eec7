"""The block RAM of iCE40, SB_RAM40_4K: 256 words of 16 bits or more that are narrower; one port each way.

After the iCE Technology Library. Where it reads what is written in the same clock it may show anything.
"""

from collections.abc import Sequence

from inrhw.verification.equivalence.cells.block_port import Port, add_block, conjunction
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net
from inrhw.verification.equivalence.loading import Cell, Model

#: Address bits of a row of 16 bits, of which there are so many a parameter, and all address bits.
_ROW_BITS, _ROW, _IN_PARAMETER, _PINS = 8, 16, 16, 11

#: For each mode the lowest pin for data; the others follow in steps of a power of two.
_LOWEST = (0, 0, 1, 3)


def ice40_ram_cell(kind: str) -> Model | None:
    """Return the model of a type of cells, None if there is none."""
    return _ram if kind == "SB_RAM40_4K" else None


def _ram(cell: Cell, circuit: Circuit) -> None:
    mode, written = cell.number("READ_MODE"), _enabled(cell, circuit, "W")
    if cell.number("WRITE_MODE") != mode and written != ZERO:
        raise cell.refusal("words of more than one width")
    cell.expect("INIT_FILE", "")
    data = cell.pin("WDATA", _ROW)
    mask, shown = cell.pin("MASK", _ROW), cell.output("RDATA")
    places = [_LOWEST[mode] + group for group in _groups(mode)]
    # Only whole rows have a mask.
    masks = [mask[place] if mode == 0 else ZERO for place in places]
    add_block(
        circuit,
        cell,
        _columns(cell, mode),
        [
            Port(
                "R",
                cell.pin("RCLK")[0],
                _enabled(cell, circuit, "R"),
                _address(cell, "RADDR", mode),
                outputs=[shown[place : place + 1] for place in places],
                starts=[None] * len(places),
            ),
            Port(
                "W",
                cell.pin("WCLK")[0],
                written,
                _address(cell, "WADDR", mode),
                data=[data[place] for place in places],
                writes=[_not(circuit, net) for net in masks],
            ),
        ],
    )


def _enabled(cell: Cell, circuit: Circuit, way: str) -> Net:
    return conjunction(circuit, cell.pin(f"{way}CLKE", 1, ONE)[0], cell.pin(f"{way}E", 1)[0])


def _not(circuit: Circuit, net: Net) -> Net:
    """Return the inverse; constants stay constants."""
    return net ^ 1 if net <= ONE else circuit.logic(lambda graph, bits: [bits[0] ^ 1], (net,), 1)[0]


def _address(cell: Cell, name: str, mode: int) -> Sequence[Net]:
    """Return the address of a word: first what says where in a row, its lowest bit at the highest pin."""
    nets = cell.pin(name, _PINS)
    return [*nets[_ROW_BITS : _ROW_BITS + mode][::-1], *nets[:_ROW_BITS]]


def _columns(cell: Cell, mode: int) -> list[str]:
    """Return the bits of each column, the first word first."""
    bits = "".join(cell.bits(f"INIT_{k:X}", _ROW * _IN_PARAMETER) for k in range(1 << _ROW_BITS - 4))
    in_row = [_reversed(word, mode) for word in range(1 << mode)]
    return [
        "".join(bits[_ROW * row + group + k] for row in range(1 << _ROW_BITS) for k in in_row)
        for group in _groups(mode)
    ]


def _groups(mode: int) -> list[int]:
    """Return for each bit of a word the first of the bits of a row among which its words choose."""
    size = _ROW >> mode
    return [_reversed(number, size.bit_length() - 1) << mode for number in range(size)]


def _reversed(number: int, width: int) -> int:
    """Return a number with the order of its bits reversed, as iCE40 numbers what is in a row."""
    return sum((number >> k & 1) << width - 1 - k for k in range(width))
