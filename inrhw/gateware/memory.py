"""Memories of constants: weights that are fixed, or that can be replaced and read back at run time."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from inrhw.gateware.protection.chosen import TOP_BITS, protection_of
from inrhw.gateware.protection.protection import PLAIN, Protection

#: Widest word: that of a block RAM or an UltraRAM.
MAX_WIDTH = 72

#: Deepest memory that is made of LUTs: beyond two RAM64 in a row, a block RAM is the smaller share of a part.
MAX_LUT_DEPTH = 128

#: Words from which an UltraRAM, of 4096 words, is at least half used.
MIN_ULTRA_DEPTH = 2048


@dataclass(frozen=True)
class Contents:
    """Contents of one memory.

    Parameters
    ----------
    name
        Where it is used.
    width
        Bits of a word without its check bits; at most `MAX_WIDTH` with them.
    words
        From address 0 up, bank after bank.
    sets
        Number of banks with their own words; 1: all banks start with the same words.
    protection
        How words are stored.
    part
        Words of each of the sets that were joined, each from a power of two on; 0: none were joined.
    """

    name: str
    width: int
    words: tuple[int, ...]
    sets: int = 1
    protection: Protection = PLAIN
    part: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or self.stored_width > MAX_WIDTH:
            raise ValueError(
                f"width of {self.name} must be from 1 to {MAX_WIDTH} bits, not {self.stored_width}"
            )
        if not self.words or len(self.words) % self.sets:
            raise ValueError(f"{self.name} must hold at least one word, and as many in each set")
        if not all(0 <= word < 1 << self.width for word in self.words):
            raise ValueError(f"words of {self.name} must be unsigned codes of {self.width} bits")

    @property
    def depth(self) -> int:
        """Words of a bank."""
        return len(self.words) // self.sets

    @property
    def stored_width(self) -> int:
        """Bits of a stored word."""
        return self.width + self.protection.check_bits

    @property
    def is_protected(self) -> bool:
        """Whether reading a word reports its errors."""
        return self.protection.check_bits > 0

    @property
    def joined(self) -> "Contents":
        """All banks joined: each begins at a power of two, padded with zeros."""
        place = range(whole_depth(self.depth))
        banks = range(0, len(self.words), self.depth)
        words = [self.words[bank + k] if k < self.depth else 0 for bank in banks for k in place]
        joined = tuple(words[: len(words) - len(place) + self.depth])
        return replace(self, words=joined, sets=1, part=self.depth if self.sets > 1 else self.part)

    @property
    def parts(self) -> int:
        """Number of sets that were joined; 0 if none."""
        return (self.depth - self.part >> address_bits(self.part)) + 1 if self.part else 0

    def words_of_part(self, number: int) -> tuple[int, ...]:
        """Return the words of a set that was joined to others."""
        first = number << address_bits(self.part)
        return self.words[first : first + self.part]


def columns_to_contents(
    name: str, columns: NDArray[np.int64], width: int, weight_ecc: str = "none", top: int = TOP_BITS
) -> list[Contents]:
    """Pack columns of codes side by side into as few memories as `MAX_WIDTH` allows.

    Parameters
    ----------
    name
        Where they are used.
    columns
        int64 [sets, depth, columns]; two's complement is cut to `width` bits.
    width
        Bits of a code.
    weight_ecc, top
        Protection, and the bits of a code that "top3" stores three times; see `protection_of_word`.
    """
    sets, depth, n_columns = columns.shape
    rows = columns.reshape(sets * depth, n_columns)
    each = codes_in_word(width, weight_ecc, top)
    found = []
    for first in range(0, n_columns, each):
        group = rows[:, first : first + each].tolist()
        words = tuple(sum((c % (1 << width)) << k * width for k, c in enumerate(row)) for row in group)
        n = len(group[0])
        protection = protection_of_word(width, n, weight_ecc, top)
        found.append(Contents(f"{name}, columns from {first}", width * n, words, sets, protection))
    return found


def contents_to_columns(contents: Sequence[Contents], width: int) -> NDArray[np.int64]:
    """Return the columns that `columns_to_contents` packed, int64 [sets, depth, columns], without a sign."""
    rows = zip(*(memory.words for memory in contents), strict=True)
    widths = [memory.width for memory in contents]
    codes = [
        [
            word >> first & (1 << width) - 1
            for word, end in zip(row, widths, strict=True)
            for first in range(0, end, width)
        ]
        for row in rows
    ]
    return np.array(codes, np.int64).reshape(contents[0].sets, contents[0].depth, -1)


def codes_in_word(width: int, weight_ecc: str = "none", top: int = TOP_BITS) -> int:
    """Return how many codes, at least one, fit into a word with their protection.

    Examples
    --------
    >>> codes_in_word(8), codes_in_word(8, "ecc"), codes_in_word(8, "top3")
    (9, 7, 5)
    """
    counts = range(MAX_WIDTH // width, 1, -1)
    checks = {n: protection_of_word(width, n, weight_ecc, top).check_bits for n in counts}
    return next((n for n in counts if n * width + checks[n] <= MAX_WIDTH), 1)


def protection_of_word(width: int, codes: int, weight_ecc: str, top: int) -> Protection:
    """Return the protection of words of this many codes; wide words have fewer bits in three copies."""
    return protection_of(weight_ecc, width, codes, min(top, (MAX_WIDTH - width) // 2))


def address_bits(depth: int) -> int:
    """Return the bits that address `depth` words; none when there is only one."""
    return (depth - 1).bit_length()


def whole_depth(depth: int) -> int:
    """Return the depth of a memory for this many words, so that no address is outside of it.

    Examples
    --------
    >>> whole_depth(1), whole_depth(12), whole_depth(16)
    (1, 16, 16)
    """
    return 1 << address_bits(depth)


def memory_style(depth: int, *, loadable: bool, protected: bool = False) -> str:
    """Return the kind of a memory with this many words in all banks.

    A table of LUTs that is never written is logic; synthesis would see that no check can fail. So protected
    fixed memories are in blocks.

    Returns
    -------
    str
        "lut", "block" or "ultra". Only a loadable memory can be an UltraRAM, which starts empty.

    Examples
    --------
    >>> memory_style(64, loadable=True), memory_style(512, loadable=True), memory_style(512, loadable=False)
    ('lut', 'block', 'block')
    >>> memory_style(4096, loadable=True), memory_style(4096, loadable=False)
    ('ultra', 'block')
    """
    if depth <= MAX_LUT_DEPTH and (loadable or not protected):
        return "lut"
    return "ultra" if loadable and depth >= MIN_ULTRA_DEPTH else "block"


def starts_empty(contents: Contents) -> bool:
    """Return whether a loadable memory starts empty: an UltraRAM cannot be initialized."""
    return memory_style(total_depth(contents.joined.depth, 2), loadable=True) == "ultra"


def total_depth(depth: int, banks: int) -> int:
    """Return the words of all banks, each of which begins at a power of two."""
    return ((banks - 1) << address_bits(depth)) + depth


def banks_of(contents: Contents, *, loadable: bool) -> int:
    """Return the banks of a memory: one for each set of words; twice a power of two if it is loadable."""
    return 2 * whole_depth(contents.sets) if loadable else contents.sets


def bank_ports(banks: int, number: int | None) -> dict[str, wiring.Member]:
    """Return the ports to select one of several banks, and to load the memory if it has a `number`."""
    choice = {"bank": In(range(banks))} if banks > 1 else {}
    return choice if number is None else {**choice, "load": In(LOAD_BUS)}


#: Values of the attributes by which synthesis tools are told. Yosys looks at ram_style alone, and a memory of
#: LUTs that is never written is logic to it.
_ATTRIBUTES = {"lut": "distributed", "block": "block", "ultra": "ultra"}


#: Attributes of a small memory that is written: never a block, which reads a cycle later.
IN_LUT_RAM = {"ram_style": "distributed", "syn_ramstyle": "distributed"}


#: How all loadable memories of a core are written and read, seen from the loader.
#:
#: memory, address
#:     Which word; memories are numbered as `Graph.memories` lists them.
#: bank
#:     Which of its two contents.
#: write, data
#:     Store `data` in the word, in this cycle.
#: read
#:     The memory's address comes from this bus instead of the network, which then computes nonsense.
#: read_data
#:     The word, `READ_LATENCY` cycles after `read` and the address are set and held.
LOAD_BUS = wiring.Signature(
    {
        "memory": Out(12),
        "address": Out(16),
        "bank": Out(1),
        "write": Out(1),
        "data": Out(MAX_WIDTH),
        "read": Out(1),
        "read_data": In(MAX_WIDTH),
    }
)

#: Words of the deepest memory that its address reaches, for one of its two contents.
MAX_LOADABLE_DEPTH = 1 << 16

#: What is told of words that are read: one was corrected (the low bit), one could not be (the high bit).
ERRORS = {"errors": Out(2)}

#: The wires of the bus that lead from the loader to the memories.
TO_MEMORIES = tuple(name for name, member in LOAD_BUS.members.items() if member.flow is Out)

#: Cycles after which `read_data` is right: registers at node and memory on both ways, and some to spare.
READ_LATENCY = 8


class WeightMemory(wiring.Component):
    """One memory: `data` comes a cycle after `address`, or later by the latency of its protection.

    Parameters
    ----------
    contents
        Its contents, at first in both banks of a loadable memory, unless it is an UltraRAM.
    number
        On the load bus; None: it cannot be written.

    Attributes
    ----------
    address, bank
        The word to read; `bank` only if there are many.
    data
        The word.
    errors
        `ERRORS` of the word, if it is protected.
    load
        The load bus, if it has a number.
    """

    def __init__(self, contents: Contents, number: int | None = None) -> None:
        self._contents, self._number = contents, number
        self._banks = banks_of(contents, loadable=number is not None)
        ports = {"address": In(address_bits(contents.depth)), "data": Out(contents.width)}
        super().__init__(ports | bank_ports(self._banks, number) | (ERRORS if contents.is_protected else {}))

    def elaborate(self, platform: object) -> Module:
        """Build the memory and, if it can be written, its place on the bus."""
        m = Module()
        contents, number = self._contents, self._number
        loadable, joined = number is not None, contents.joined
        depth = total_depth(joined.depth, 2 if loadable else 1)
        # One word that is never written is a constant.
        code = contents.protection if loadable or depth > 1 else PLAIN
        style = memory_style(depth, loadable=loadable, protected=code.check_bits > 0)
        gap = (0,) * (whole_depth(joined.depth) - joined.depth)
        init = () if style == "ultra" else joined.words + gap + joined.words if loadable else joined.words
        rom = _ATTRIBUTES[style]
        ram = "logic" if style == "lut" and number is None else rom
        storage = Memory(
            shape=contents.width + code.check_bits,
            depth=whole_depth(depth),
            init=[code.encode(word) for word in init],
            attrs={"ram_style": ram, "rom_style": rom},
        )
        m.submodules.storage = storage
        address = Cat(self.address, self.bank) if self._banks > 1 else Cat(self.address)
        if number is not None:
            there = Cat(self.load.address[: len(address) - 1], self.load.bank)
            address = Mux(self.load.read, there, address)
        stored = self._read(m, storage, address, style)
        reading = code.decoder(m, stored)
        m.d.comb += self.data.eq(reading.word)
        if contents.is_protected:
            m.d.comb += self.errors.eq(Cat(reading.corrected, reading.uncorrectable))
        if number is None:
            return m
        chosen = Signal()
        write = storage.write_port()
        m.d.comb += [
            chosen.eq(self.load.memory == number),
            write.addr.eq(there),
            write.data.eq(code.encoder(self.load.data)),
            write.en.eq(self.load.write & chosen),
        ]
        m.d.comb += self.load.read_data.eq(Mux(chosen, self.data, 0))
        return m

    @staticmethod
    def _read(m: Module, storage: Memory, address: Value, style: str) -> Value:
        """Return the read data; blocks register the output, LUTs the address, which is narrower."""
        if style != "lut":
            read = storage.read_port()
            m.d.comb += read.addr.eq(address)
            return read.data
        read = storage.read_port(domain="comb")
        register = Signal(len(address), name="address_q", reset_less=True)
        m.d.sync += register.eq(address)
        m.d.comb += read.addr.eq(register)
        return read.data


class ColumnMemory(wiring.Component):
    """Columns of codes that are read together, as `columns_to_contents` packed them.

    Parameters
    ----------
    contents
        The memories, of equal depth and sets.
    width
        Bits of a code.
    number
        Of the first memory on the load bus; None: they cannot be written.

    Attributes
    ----------
    address, bank
        The row to read; `bank` only if there are many.
    data
        Its codes, a cycle later.
    errors
        `ERRORS` of any word of the row, another cycle later, if they are protected.
    load
        The load bus; `read_data` is not registered.
    """

    def __init__(self, contents: Sequence[Contents], width: int, number: int | None = None) -> None:
        self._contents, self._number = contents, number
        self._banks = banks_of(contents[0], loadable=number is not None)
        codes = sum(memory.width for memory in contents) // width
        ports = {
            "address": In(address_bits(contents[0].depth)),
            "data": Out(data.ArrayLayout(unsigned(width), codes)),
        }
        self._tells = contents[0].is_protected
        super().__init__(ports | bank_ports(self._banks, number) | (ERRORS if self._tells else {}))

    def elaborate(self, platform: object) -> Module:
        """Give all memories the same address and bus."""
        m = Module()
        memories = []
        for k, contents in enumerate(self._contents):
            number = None if self._number is None else self._number + k
            m.submodules[f"memory{k}"] = memory = WeightMemory(contents, number)
            m.d.comb += memory.address.eq(self.address)
            if self._banks > 1:
                m.d.comb += memory.bank.eq(self.bank)
            memories.append(memory)
        m.d.comb += self.data.as_value().eq(Cat(memory.data for memory in memories))
        if self._tells:
            m.d.sync += self.errors.eq(any_errors(memories))
        if self._number is not None:
            share_bus(m, self.load, [(memory.load, 0) for memory in memories])
        return m


def any_errors(readers: Sequence[wiring.Component]) -> Value:
    """Return the combined `ERRORS` of all parts that have them."""
    return reduce(operator.or_, (reader.errors for reader in readers))


def share_bus(
    m: Module, bus: wiring.PureInterface, branches: Sequence[tuple[wiring.PureInterface, int]]
) -> None:
    """Connect branches to `bus`, and combine their answers: all but one answer zero.

    Parameters
    ----------
    m
        Where the wires go.
    bus
        The bus.
    branches
        Each branch with the number of its memory 0 on the bus.
    """
    for branch, number in branches:
        for name in TO_MEMORIES:
            value = bus.memory - number if name == "memory" else getattr(bus, name)
            m.d.comb += getattr(branch, name).eq(value)
    m.d.comb += bus.read_data.eq(reduce(operator.or_, [branch.read_data for branch, _ in branches]))
