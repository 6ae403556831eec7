"""Ports of a block of memory, which answer a clock later: the common part of all families."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.cells.rom import add_memory
from inrhw.verification.equivalence.circuit import ONE, ZERO, Circuit, Net, Register, Write
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.loading import Cell

#: What a port shows of a word that is written in the same clock: the word before, the word after, what it
#: showed before, or anything, where the manual of the part promises nothing.
OLD, NEW, KEPT, ANYTHING = "old", "new", "kept", "anything"

#: Of nine bits of a wide word eight are data and one is what a parity could be.
CHUNK, BYTE = 9, 8


@dataclass(frozen=True)
class Port:
    """A port of a block; it acts at the clock if `enable`.

    Attributes
    ----------
    name
        In the cell.
    clock, enable, address
        Its nets; the address is that of a word, lowest bit first.
    outputs
        For each column its output nets, none if unconnected; () if the port does not read.
    starts
        For each column its initial output, None if not specified.
    data, writes
        For each column the data and the enable of a write; () if the port does not write.
    own, others
        The port's own output for a word that it writes, and that of other ports.
    """

    name: str
    clock: Net
    enable: Net
    address: Sequence[Net]
    outputs: Sequence[Sequence[Net]] = ()
    starts: Sequence[int | None] = ()
    data: Sequence[Net] = ()
    writes: Sequence[Net] = ()
    own: str = OLD
    others: str = ANYTHING


def add_block(circuit: Circuit, cell: Cell, columns: Sequence[str], ports: Sequence[Port]) -> None:
    """Add a memory and the registers behind its reads.

    Parameters
    ----------
    circuit
        Gets them.
    cell
        Whose they are.
    columns
        Initial bits of each column, the first word first.
    ports
        At most one of them writes: no part specifies the result when two write the same word.

    Raises
    ------
    UnknownCircuit
        More than one of them writes.
    """
    writers = [port for port in ports if port.enable and any(port.writes)]
    if len(writers) > 1:
        raise cell.refusal("two ports that write")
    stores = [[conjunction(circuit, port.enable, net) for net in port.writes] for port in writers]
    written = [
        Write(port.clock, tuple(port.address), tuple(enables), tuple(port.data))
        for port, enables in zip(writers, stores, strict=True)
    ]
    readers = [port for port in ports if any(port.outputs)]
    looked_up = [circuit.fresh(len(columns)) for _ in readers]
    reads = [(port.address, found) for port, found in zip(readers, looked_up, strict=True)]
    add_memory(circuit, cell.name, columns, written, reads)
    for port, stored in zip(readers, looked_up, strict=True):
        enable, shown = port.enable, stored
        for writer, write in zip(writers, written, strict=True):
            how = writer.own if port is writer else writer.others
            if how == KEPT:
                enable = conjunction(circuit, enable, _one(circuit, _none, *dict.fromkeys(write.enable)))
            elif how != OLD:
                shown = _met(circuit, port, write, shown, how)
        for number, (outputs, bit, start) in enumerate(zip(port.outputs, shown, port.starts, strict=True)):
            for net in outputs:
                name = f"{cell.name} {port.name}[{number}]"
                circuit.registers.append(Register(name, net, bit, port.clock, start, enable=enable))


def conjunction(circuit: Circuit, a: Net, b: Net) -> Net:
    """Return a and b; constants stay constants, so that models can recognize impossible cases."""
    if ZERO in (a, b):
        return ZERO
    if ONE in (a, b) or a == b:
        return max(a, b)
    return _one(circuit, lambda graph, bits: [graph.and_(*bits)], a, b)


def column_of(width: int, number: int, data: str, parity: str) -> str:
    """Return a bit of all words of a block, the first word first.

    Parameters
    ----------
    width
        Bits of a word; 9 and its multiples have a parity bit above each byte.
    number
        Of the bit.
    data, parity
        All of each, the lowest first.

    Examples
    --------
    >>> column_of(2, 1, "00011011", ""), column_of(18, 17, "0" * 32, "0110")
    ('0101', '10')
    """
    if width < CHUNK:
        return data[number::width]
    chunks = width // CHUNK
    chunk, bit = divmod(number, CHUNK)
    return parity[chunk::chunks] if bit == BYTE else data[BYTE * chunk + bit :: BYTE * chunks]


def address_of_word(width: int, address: Sequence[Net]) -> Sequence[Net]:
    """Return the word address of a bit address, whose lowest bits are the place in the word."""
    data_bits = width if width < CHUNK else width // CHUNK * BYTE
    return address[(data_bits - 1).bit_length() :]


def _met(circuit: Circuit, port: Port, write: Write, stored: Sequence[Net], how: str) -> list[Net]:
    """Return a port's output when it reads a word being written: the new word, or any value."""
    hit = _one(circuit, _same_word, *port.address, *write.address)
    if how == NEW:
        hits = [conjunction(circuit, hit, net) for net in write.enable]
        instead = list(write.data)
    else:
        hits = [conjunction(circuit, hit, _one(circuit, _some, *dict.fromkeys(write.enable)))] * len(stored)
        instead = circuit.fresh(len(stored))
        circuit.unknown.update(instead)
    return [_one(circuit, _mux, *bit) for bit in zip(hits, instead, stored, strict=True)]


def _one(
    circuit: Circuit, function: Callable[[Graph, list[Literal]], Sequence[Literal]], *inputs: Net
) -> Net:
    return circuit.logic(function, inputs, 1)[0]


def _mux(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.mux(*bits)]


def _some(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.any(bits)]


def _none(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    return [graph.any(bits) ^ 1]


def _same_word(graph: Graph, bits: list[Literal]) -> Sequence[Literal]:
    half = len(bits) // 2
    return [words.equal(graph, bits[:half], bits[half:])]
