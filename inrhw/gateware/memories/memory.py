"""Memories of constants: weights that are fixed, or that can be replaced and read back at run time."""

import operator
from collections.abc import Sequence
from functools import reduce

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.gateware.memories.contents import (
    MAX_WIDTH,
    Contents,
    address_bits,
    banks_of,
    memory_style,
    total_depth,
    whole_depth,
)
from inrhw.gateware.protection.protection import PLAIN


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
        rom = ram = _ATTRIBUTES[style]
        if style == "ultra":
            init: tuple[int, ...] = ()
        elif loadable:
            init = joined.words + gap + joined.words
        elif style == "lut":
            ram, init = "logic", contents.without_gaps
        else:
            init = joined.words
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
