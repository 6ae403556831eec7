"""The cells of slices: tables, carry chains, registers, shift registers and LUT RAM.

After Yosys' xilinx/cells_sim.v.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inrhw.estimates.power.cells.part import (
    Part,
    Stateful,
    Stateless,
    Values,
    address,
    drives_of,
    number,
    output,
    pin,
    pins,
    pins_of,
    reads_of,
)
from inrhw.synthesis.netlist import Json, parameter

_TABLES = {"INV": (["I"], 0b01), **dict.fromkeys(("MUXF7", "MUXF8", "MUXF9"), (["I0", "I1", "S"], 0xCA))}


def slice_parts(cell: Json) -> Iterator[Part]:
    """Yield the parts of a cell; none if it has no model."""
    kind = cell["type"]
    if kind in _TABLES:
        names, table = _TABLES[kind]
        yield _table(cell, names, table)
    elif re.fullmatch(r"LUT[1-6]", kind):
        yield _table(cell, [f"I{k}" for k in range(int(kind[3]))], parameter(cell, "INIT"))
    elif kind == "LUT6_2":  # a part for each output, which may follow each other
        table = parameter(cell, "INIT")
        yield _table(cell, [f"I{k}" for k in range(6)], table, "O6")
        yield _table(cell, [f"I{k}" for k in range(5)], table & (1 << 32) - 1, "O5")
    elif kind == "CARRY4":
        reads = (*pins(cell, ["CI", "CYINIT"]), *pin(cell, "S", 4), *pin(cell, "DI", 4))
        yield Part((_Carries,), reads, (*output(cell, "O", 4), *output(cell, "CO", 4)), cell)
    elif kind in ("FDRE", "FDSE"):
        yield Part((_Registers,), (), output(cell, "Q"), cell)
    elif kind in ("SRL16E", "SRLC32E"):
        place = address(cell, "A")
        stored = _bits(parameter(cell, "INIT"), 1 << len(place))
        yield Part((_ShiftRegisters, len(place)), place, output(cell, "Q"), cell, stored)
        if "Q31" in cell["connections"]:  # its last bit, for the next one in a row
            yield Part((_ShiftRegisters, len(place)), (1,) * 5, output(cell, "Q31"), cell, stored)
    elif re.fullmatch(r"RAM\d+M\d*", kind):
        yield from _many_ports(cell)
    elif re.fullmatch(r"RAM\d+X1[SD]", kind):
        yield from _few_ports(cell)


def _table(cell: Json, names: Sequence[str], table: int, driven: str = "O") -> Part:
    bits = 0 if cell["type"].startswith("MUXF") else 1 << len(names)
    return Part((_Luts, (len(names) + 1) // 2), pins(cell, names), output(cell, driven), cell, table, bits)


def _bits(value: int, depth: int, step: int = 1) -> list[int]:
    return [value >> step * k & 1 for k in range(depth)]


def _many_ports(cell: Json) -> Iterator[Part]:
    """Yield a part for every output bit of a LUT RAM with many ports: each has its own memory."""
    letters = [letter for letter in "ABCDEFGH" if f"ADDR{letter}" in cell["port_directions"]]
    width = 2 if cell["type"].startswith("RAM32M") else 1
    write = address(cell, f"ADDR{letters[-1]}")
    for letter, k in itertools.product(letters, range(width)):
        read = address(cell, f"ADDR{letter}")
        stored = _bits(parameter(cell, f"INIT_{letter}") >> k, 1 << len(read), width)
        wires = (pin(cell, f"DI{letter}", width)[k], *write)
        if f"DO{letter}" in cell["connections"]:
            driven = (output(cell, f"DO{letter}", width)[k],)
            yield Part((_LutRams, len(read)), read, driven, cell, (stored, wires))


def _few_ports(cell: Json) -> Iterator[Part]:
    """Yield a part for either output of a LUT RAM: SPO or O at the write address, DPO at its own."""
    wires = (*pin(cell, "D"), *address(cell, "A"))
    for driven, name in (("SPO", "A"), ("O", "A"), ("DPO", "DPRA")):
        if driven in cell["connections"]:
            read = address(cell, name)
            stored = _bits(parameter(cell, "INIT"), 1 << len(read))
            yield Part((_LutRams, len(read)), read, output(cell, driven), cell, (stored, wires))


def _index(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the numbers whose up to 8 bits are given, lowest first."""
    index: NDArray[np.uint8] = rows[-1]
    for row in rows[-2::-1]:
        index = index * 2 + row
    return index


class _Luts(Stateless):
    """Tables of up to 6 inputs: LUTs, inverters, multiplexers."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        self._inputs = reads_of(parts)
        self._outputs = drives_of(parts)[0]
        # Filled-up inputs are 0, so that only the first entries are looked at.
        self._tables = np.array([[part.detail] for part in parts], np.uint64)
        # Part, copy and bit of each table that differs from copy to copy.
        self._flipped: NDArray[np.int64] = np.zeros((3, 0), np.int64)

    def flip(self, part: int, bit: int, copy: int) -> None:
        self._flipped = np.column_stack([self._flipped, (part, copy, bit)])

    def evaluate(self, values: Values) -> None:
        index = _index(values.take(self._inputs, 0))
        values[self._outputs] = self._tables >> index & np.uint64(1)
        if self._flipped.size:
            part, copy, bit = self._flipped
            values[self._outputs[part], copy] ^= index[part, copy] == bit


class _Carries(Stateless):
    """CARRY4: O = S xor carry in; carry out = carry in if S, else DI."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        self._inputs = reads_of(parts)
        self._outputs = drives_of(parts)

    def evaluate(self, values: Values) -> None:
        taken = values.take(self._inputs, 0)
        select, data = _index(taken[2:6]), _index(taken[6:10])
        total = (select | data) + (data & ~select) + (taken[0] | taken[1])  # an adder does it
        both = total & 15 | (select ^ total) >> 1 << 4
        values[self._outputs] = both >> np.arange(8, dtype=np.uint8)[:, None, None] & 1


class _Registers(Stateful):
    """FDRE and FDSE."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        self._outputs = drives_of(parts)[0]
        self._data, self._enable = pins_of(parts, "D")[0], pins_of(parts, "CE")[0]
        sets = np.array([[part.cell["type"] == "FDSE"] for part in parts])
        self._reset = np.where(sets[:, 0], pins_of(parts, "S")[0], pins_of(parts, "R")[0])
        self._value = sets.astype(np.uint8)
        self._next = np.array([[parameter(part.cell, "INIT")] for part in parts], np.uint8)

    def capture(self, values: Values) -> None:
        now = values.take(self._outputs, 0)
        after = now ^ (now ^ values.take(self._data, 0)) & values.take(self._enable, 0)
        self._next = after ^ (after ^ self._value) & values.take(self._reset, 0)

    def commit(self, values: Values) -> None:
        values[self._outputs] = self._next


class _Addressed:
    """A memory of one bit a word for each part, read without a clock."""

    def __init__(self, parts: Sequence[Part], stored: Sequence[Sequence[int]], copies: int) -> None:
        self._address = reads_of(parts)
        self._outputs = drives_of(parts)[0]
        self._each, self._copy = np.arange(len(parts))[:, None], np.arange(copies)
        self._state = np.repeat(np.array(stored, np.uint8)[:, :, None], copies, 2)

    def evaluate(self, values: Values) -> None:
        address = number(values.take(self._address, 0))
        values[self._outputs] = self._state[self._each, address, self._copy]


class _ShiftRegisters(_Addressed):
    """SRL16E and SRLC32E."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        super().__init__(parts, [part.detail for part in parts], copies)
        self._data, self._enable = pins_of(parts, "D")[0], pins_of(parts, "CE")[0]
        self._next = self._state

    def capture(self, values: Values) -> None:
        shifted = np.concatenate([values.take(self._data, 0)[:, None], self._state[:, :-1]], 1)
        self._next = np.where(values.take(self._enable, 0)[:, None], shifted, self._state)

    def commit(self, values: Values) -> None:
        self._state = self._next


class _LutRams(_Addressed):
    """LUT RAM: written at the clock."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        super().__init__(parts, [part.detail[0] for part in parts], copies)
        self._written = np.array([part.detail[1] for part in parts], np.int64).T
        self._enable = pins_of(parts, "WE")[0]
        self._where: tuple[NDArray[np.int64], ...] = (np.zeros(0, np.int64),) * 3
        self._next = np.zeros(0, np.uint8)

    def capture(self, values: Values) -> None:
        part, copy = np.nonzero(values.take(self._enable, 0))
        taken = values[self._written[:, part], copy]
        self._where = part, number(taken[1:]), copy
        self._next = taken[0]

    def commit(self, values: Values) -> None:
        self._state[self._where] = self._next
