"""Block RAM and UltraRAM, as far as inrhw's netlists use them; after sim/cells_xcup.v."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inrhw.estimates.power.cells.part import Bits, Part, Stateful, Values, number, output, pin
from inrhw.synthesis.netlist import Json, parameter

Word = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def block_ram_parts(cell: Json) -> Iterator[Part]:
    """Yield the one part of a RAMB18E2, RAMB36E2 or URAM288; none if its parameters have no model."""
    if cell["type"] == "URAM288":
        if _usual_ultra_ram(cell):
            yield Part((_Rams, _UltraRam), (), (), cell)
    elif _usual_block_ram(cell):
        written = any((*pin(cell, "WEA"), *pin(cell, "WEBWE")))
        bits = 0 if written else (36 if cell["type"] == "RAMB36E2" else 18) << 10
        yield Part((_Rams, _BlockRam), (), (), cell, configuration_bits=bits)


class _Rams(Stateful):
    """Memories one by one: a core has few, of many shapes."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        self._rams = [[part.kind[1](part.cell) for _ in range(copies)] for part in parts]

    def flip(self, part: int, bit: int, copy: int) -> None:
        self._rams[part][copy].flip(bit)

    def capture(self, values: Values) -> None:
        for rams in self._rams:
            for copy, ram in enumerate(rams):
                ram.capture(values[:, copy])

    def commit(self, values: Values) -> None:
        for rams in self._rams:
            values[rams[0].outputs] = np.column_stack([ram.out for ram in rams])


def _usual_block_ram(cell: Json) -> bool:
    wide = 36 if cell["type"] == "RAMB36E2" else 18
    modes = {
        (side, parameter(cell, f"READ_WIDTH_{side}"), parameter(cell, f"WRITE_WIDTH_{side}")) for side in "AB"
    }
    other = any(
        cell["parameters"].get(f"WRITE_MODE_{side}") == "WRITE_FIRST" and read and write and read != write
        for side, read, write in modes
    )
    simple = not any(parameter(cell, f"{name}_{side}") for name in ("INIT", "SRVAL") for side in "AB")
    registered = parameter(cell, "DOA_REG", 1) or parameter(cell, "DOB_REG", 1)
    fits = parameter(cell, "WRITE_WIDTH_A") <= wide and parameter(cell, "READ_WIDTH_B") <= wide
    return simple and fits and not (other or registered or any(pin(cell, "SLEEP")))


def _array(bits: Sequence[int]) -> Bits:
    return np.array(bits, np.int64)


class _BlockRam:
    """Bytes and their parity bits; each port reads the word before the clock, except in WRITE_FIRST."""

    def __init__(self, cell: Json) -> None:
        large = cell["type"] == "RAMB36E2"
        size = 1 << (15 if large else 14)
        self._lanes = 4 if large else 2
        self._data = _contents(cell, "INIT", size)
        self._parity = _contents(cell, "INITP", size // 8)
        self._ports = {
            side: _Port(cell, side, names, self._lanes)
            for side, names in (
                ("A", ("ENARDEN", "RSTRAMARSTRAM", "ADDRARDADDR", "WEA", "DINADIN", "DINPADINP")),
                ("B", ("ENBWREN", "RSTRAMB", "ADDRBWRADDR", "WEBWE", "DINBDIN", "DINPBDINP")),
            )
        }
        outputs = [output(cell, name, 8 * self._lanes) for name in ("DOUTADOUT", "DOUTBDOUT")]
        parities = [output(cell, name, self._lanes) for name in ("DOUTPADOUTP", "DOUTPBDOUTP")]
        self.outputs = _array([*outputs[0], *outputs[1], *parities[0], *parities[1]])
        self.out = np.zeros(len(self.outputs), np.uint8)

    def flip(self, bit: int) -> None:
        """Flip a bit of the contents, those of INIT first, then those of INITP."""
        (self._data if bit < len(self._data) else self._parity)[bit % len(self._data)] ^= 1

    def capture(self, values: Values) -> None:
        reads = {}
        writes = []
        for side, port in self._ports.items():
            if not values[port.enable]:
                continue
            at = int(number(values.take(port.address)))
            given = self._given(values, side)
            enabled = self._enabled(values, port)
            if port.read and (port.mode != "NO_CHANGE" or not enabled.any() or values[port.reset]):
                reads[side] = self._read(at, port.read)
                if port.mode == "WRITE_FIRST":
                    _put(reads[side], given, enabled, port.write)
                if values[port.reset]:
                    for bits in reads[side]:
                        bits[:] = 0
            if enabled.any():
                writes.append((self._word(at, port.write), given, enabled, port.write))
        for word in writes:
            _put(*word)
        for side, (data, parity) in reads.items():
            self._show(side, data, parity)

    def _given(self, values: Values, side: str) -> Word:
        """Return what a port writes; that of port B in twice the width is on the pins of both."""
        port = self._ports[side]
        data, parity = values.take(port.data), values.take(port.parity)
        if side == "B" and port.write > 9 * self._lanes:
            low = self._ports["A"]
            return (
                np.concatenate([values.take(low.data), data]),
                np.concatenate([values.take(low.parity), parity]),
            )
        return data, parity

    def _enabled(self, values: Values, port: "_Port") -> NDArray[np.uint8]:
        """Return which bytes are written."""
        if not port.write:
            return np.zeros(0, np.uint8)
        return values.take(port.enables[: max(1, port.write // 9)])

    def _word(self, at: int, width: int) -> Word:
        """Return a word, as a view of the memory, by the address of its lowest bit."""
        if width < 9:
            start = at // width * width
            return self._data[start : start + width], self._parity[:0]
        lanes = width // 9
        byte = (at >> 3) // lanes * lanes
        return self._data[8 * byte : 8 * (byte + lanes)], self._parity[byte : byte + lanes]

    def _read(self, at: int, width: int) -> Word:
        data, parity = self._word(at, width)
        return data.copy(), parity.copy()

    def _show(self, side: str, data: NDArray[np.uint8], parity: NDArray[np.uint8]) -> None:
        half = 8 * self._lanes
        start = half * (side == "B")
        self.out[start : start + len(data)] = data
        start = 2 * half + self._lanes * (side == "B")
        self.out[start : start + len(parity)] = parity


class _Port:
    """Widths, mode and bits of a port."""

    def __init__(self, cell: Json, side: str, names: Sequence[str], lanes: int) -> None:
        enable, reset, place, write, data, parity = names
        self.read, self.write = parameter(cell, f"READ_WIDTH_{side}"), parameter(cell, f"WRITE_WIDTH_{side}")
        self.mode = cell["parameters"].get(f"WRITE_MODE_{side}", "NO_CHANGE")
        self.enable, self.reset = pin(cell, enable)[0], pin(cell, reset)[0]
        self.address = _array(pin(cell, place))
        self.enables = _array(pin(cell, write, 2 * lanes))
        self.data, self.parity = _array(pin(cell, data, 8 * lanes)), _array(pin(cell, parity, lanes))


def _put(word: Word, given: Word, enabled: NDArray[np.uint8], width: int) -> None:
    """Write the enabled bytes of `given` into a word."""
    if width < 9:
        word[0][:] = given[0][:width] if enabled[0] else word[0]
        return
    lanes = len(word[1])
    chosen = enabled[:lanes].astype(bool)
    word[0].reshape(lanes, 8)[chosen] = given[0][: 8 * lanes].reshape(lanes, 8)[chosen]
    word[1][chosen] = given[1][:lanes][chosen]


def _contents(cell: Json, name: str, size: int) -> NDArray[np.uint8]:
    rows = (parameter(cell, f"{name}_{k:02X}").to_bytes(32, "little") for k in range(size // 256))
    return np.unpackbits(np.frombuffer(b"".join(rows), np.uint8), bitorder="little")


def _usual_ultra_ram(cell: Json) -> bool:
    flags = ("IREG_PRE_A", "IREG_PRE_B", "OREG_A", "OREG_B", "EN_AUTO_SLEEP_MODE")
    simple = all(cell["parameters"].get(flag, "FALSE") == "FALSE" for flag in flags)
    quiet = [bit for name in ("SLEEP", "RST_A", "RST_B") for bit in pin(cell, name)]
    quiet += [bit for name in ("ADDR_A", "ADDR_B") for bit in pin(cell, name, 23)[12:]]
    quiet += [
        bit for name in ("DBITERR", "SBITERR") for side in "AB" for bit in pin(cell, f"INJECT_{name}_{side}")
    ]
    return simple and not any(quiet)


class _UltraRam:
    """4096 words of 72 bits; in one clock first port A, then port B."""

    def __init__(self, cell: Json) -> None:
        self._words = np.zeros((4096, 72), np.uint8)
        self._ports = []
        for side in "AB":
            together = (
                cell["parameters"].get(f"BWE_MODE_{side}", "PARITY_INTERLEAVED") == "PARITY_INTERLEAVED"
            )
            parity = np.arange(8) if together else np.full(8, 8)
            lanes = np.concatenate([np.repeat(np.arange(8), 8), parity])  # the enable of each bit
            enables = _array(pin(cell, f"BWE_{side}", 9))[lanes]
            names = [pin(cell, f"{name}_{side}")[0] for name in ("EN", "RDB_WR")]
            wires = (
                _array(pin(cell, f"ADDR_{side}", 12)[:12]),
                _array(pin(cell, f"DIN_{side}", 72)),
                enables,
            )
            self._ports.append((*names, *wires))
        self.outputs = _array([*output(cell, "DOUT_A", 72), *output(cell, "DOUT_B", 72)])
        self.out = np.zeros(144, np.uint8)

    def capture(self, values: Values) -> None:
        for k, (enable, write, place, data, enables) in enumerate(self._ports):
            if not values[enable]:
                continue
            word = self._words[int(number(values.take(place)))]
            if values[write]:
                np.copyto(word, values.take(data), where=values.take(enables).astype(bool))
            else:
                self.out[72 * k : 72 * (k + 1)] = word
