"""Fixed memories in block RAM: rows lie bit beside bit, and words in two memories where that saves blocks."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.cost import Cost, column_memory, delayed
from inrhw.gateware.memories.contents import (
    MAX_LUT_DEPTH,
    MAX_WIDTH,
    Contents,
    address_bits,
    memory_style,
    total_depth,
)
from inrhw.gateware.memories.memory import ColumnMemory, WeightMemory, bank_ports
from inrhw.gateware.pipeline import delay

#: Most LUTs that a second memory may take for each block of 36 kbit that it saves.
_LUTS_A_BLOCK = 80


class BlockRows(wiring.Component):
    """Lanes of codes: those of lane k come 1 + k cycles after the address of their row.

    A word of a block may hold bits of several lanes. It is read for the first of them; the others' bits wait.

    Parameters
    ----------
    lanes
        The memories of each lane as `columns_to_contents` packed them: all alike, fixed and unprotected.
    width
        Bits of a code.

    Attributes
    ----------
    address, bank
        The row to read; `bank` only if there are many.
    data
        The codes of all lanes, one lane after another.
    """

    def __init__(self, lanes: Sequence[Sequence[Contents]], width: int) -> None:
        self._contents = [contents for lane in lanes for contents in lane]
        self._lanes, first = len(lanes), self._contents[0]
        self._bits = sum(contents.width for contents in lanes[0])
        codes = self._lanes * self._bits // width
        ports = {
            "address": In(address_bits(first.depth)),
            "data": Out(data.ArrayLayout(unsigned(width), codes)),
        }
        super().__init__(ports | bank_ports(first.sets, None))

    def elaborate(self, platform: object) -> Module:
        """Read each word for its first lane."""
        m = Module()
        row, bank = Value.cast(self.address), self.bank if self._contents[0].sets > 1 else Const(0, 0)
        found, reached = [], 0
        parts = _words(self._bits, self._lanes)
        for k, (contents, lanes) in enumerate(zip(_packed(self._contents), parts, strict=True)):
            first = lanes[0][0]
            row, bank = (
                delay(m, value, first - reached, f"{name}_word{k}")
                for name, value in (("row", row), ("bank", bank))
            )
            reached = first
            word = _read(m, f"word{k}", contents, row, bank)
            for lane, bits in lanes:
                found.append(delay(m, word[:bits], lane - first, f"word{k}_lane{lane}"))
                word = word[bits:]
        m.d.comb += self.data.as_value().eq(Cat(found))
        return m


def row_memory(
    contents: Sequence[Contents], width: int, number: int | None = None
) -> BlockRows | ColumnMemory:
    """Return the memory of such columns, with this number if it can be loaded."""
    first = contents[0]
    if number is None and not first.is_protected and is_packed(first.depth, first.sets):
        return BlockRows([contents], width)
    return ColumnMemory(contents, width, number)


def is_packed(depth: int, banks: int) -> bool:
    """Return whether fixed memories of this many rows are in blocks."""
    return memory_style(total_depth(depth, banks), loadable=False) == "block"


def rows_cost(bits: int, lanes: int, depth: int, banks: int) -> Cost:
    """Return the cost of `BlockRows` whose lanes have rows of this many bits."""
    found = Cost()
    for parts in _words(bits, lanes):
        found += _word_cost(sum(own for _, own in parts), depth, banks)
        found += sum((delayed(own, lane - parts[0][0]) for lane, own in parts), Cost())
    return found


def _words(bits: int, lanes: int) -> Iterator[list[tuple[int, int]]]:
    """Yield of each word the lanes that have bits in it, and how many."""
    for first in range(0, bits * lanes, MAX_WIDTH):
        end = min(first + MAX_WIDTH, bits * lanes)
        inside = range(first // bits, -(-end // bits))
        yield [(lane, min(end, (lane + 1) * bits) - max(first, lane * bits)) for lane in inside]


def _packed(memories: Sequence[Contents]) -> list[Contents]:
    """Return memories with all bits of a row side by side, in words of `MAX_WIDTH`."""
    rows = []
    for words in zip(*(memory.words for memory in memories), strict=True):
        row = place = 0
        for word, memory in zip(words, memories, strict=True):
            row |= word << place
            place += memory.width
        rows.append(row)
    width = sum(memory.width for memory in memories)
    return [
        replace(
            memories[0],
            width=min(MAX_WIDTH, width - first),
            words=tuple(row >> first & (1 << MAX_WIDTH) - 1 for row in rows),
        )
        for first in range(0, width, MAX_WIDTH)
    ]


def _is_by_rows(depth: int, banks: int) -> bool:
    """Return whether a row of all banks lies together, not a bank: gaps are behind either."""
    return total_depth(banks, depth) < total_depth(depth, banks)


def _split(width: int, words: int) -> tuple[int, Cost]:
    """Return how many words are in the first memory, and the cost.

    These are all words, unless a second memory saves blocks for few LUTs.
    """
    first = 1 << address_bits(words) >> 1
    whole = _memory_cost(width, words)
    if first > MAX_LUT_DEPTH:
        apart = _memory_cost(width, first) + _memory_cost(width, words - first) + Cost(width, 1)
        saved = whole.bram - apart.bram
        if saved > 0 and apart.lut - whole.lut <= _LUTS_A_BLOCK * saved:
            return first, apart
    return words, whole


def _memory_cost(width: int, words: int) -> Cost:
    return column_memory(1, width, words, 1, loadable=False)


@functools.cache
def _word_cost(width: int, depth: int, banks: int) -> Cost:
    return _split(width, min(total_depth(depth, banks), total_depth(banks, depth)))[1]


def _read(m: Module, name: str, contents: Contents, row: Value, bank: Value) -> Value:
    """Return the word of a row in a bank, a cycle later."""
    depth, sets = contents.depth, contents.sets
    address = Cat(row, bank)
    if _is_by_rows(depth, sets):
        words = tuple(contents.words[k] for place in range(depth) for k in range(place, sets * depth, depth))
        contents, address = replace(contents, words=words, sets=depth), Cat(bank, row)
    whole = contents.joined
    first, _ = _split(whole.width, whole.depth)

    def part(words: tuple[int, ...], name: str) -> Value:
        m.submodules[name] = memory = WeightMemory(replace(whole, words=words, part=0))
        m.d.comb += memory.address.eq(address)
        return memory.data

    low = part(whole.words[:first], name)
    if first == whole.depth:
        return low
    high = part(whole.words[first:], f"{name}_high")
    return Mux(delay(m, address[address_bits(first)], 1, f"{name}_is_high"), high, low)
