"""Parts of a simulated cell, and access to its pins."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from inrhw.synthesis.netlist import Json

#: Every bit of a netlist by Yosys' number, which starts at 2, in each copy of it: uint8 [bits, copies].
#: 0 and 1 are the constants.
Values = NDArray[np.uint8]

#: Numbers of bits.
Bits = NDArray[np.int64]

#: An output that leads nowhere.
NOWHERE = -1


class Block(Protocol):
    """Cells of one kind, simulated together. A clock edge is `capture` of all, then `commit` of all.

    Made of the parts and the number of copies.
    """

    def evaluate(self, values: Values) -> None:
        """Write the outputs that follow the inputs, or the state at an address, without a clock."""

    def capture(self, values: Values) -> None:
        """Compute the state after the clock edge, from settled values; change none of them."""

    def commit(self, values: Values) -> None:
        """Take that state, and write the outputs that come from registers."""


@runtime_checkable
class Tables(Block, Protocol):
    """A block whose parts have configuration bits, which a particle may flip."""

    def flip(self, part: int, bit: int, copy: int) -> None:
        """Flip one bit of a part in one copy."""


class Stateless:
    """A block without registers."""

    def capture(self, values: Values) -> None:
        """There is no state."""

    def commit(self, values: Values) -> None:
        """There is no state."""


class Stateful:
    """A block whose outputs come from registers alone."""

    def evaluate(self, values: Values) -> None:
        """No output follows an input."""


@dataclass(frozen=True)
class Part:
    """A cell, or a part of it that is simulated by itself.

    Parameters
    ----------
    kind
        Class of its block, and the block's parameters.
    reads
        Bits on which the outputs depend without a clock.
    drives
        Its outputs.
    cell
        As in the netlist.
    detail
        Further data for the block.
    configuration_bits
        Bits of a table, the lowest first in the cell's own order; 0 if it has none.
    """

    kind: tuple[Any, ...]
    reads: tuple[int, ...]
    drives: tuple[int, ...]
    cell: Json
    detail: Any = None
    configuration_bits: int = 0


def pin(cell: Json, name: str, width: int = 1) -> tuple[int, ...]:
    """Return the bits at an input, lowest first, at least `width`; unconnected bits are 0."""
    return _connected(cell, name, width, 0)


def output(cell: Json, name: str, width: int = 1) -> tuple[int, ...]:
    """Return the bits at an output, lowest first, at least `width`; unconnected bits lead nowhere."""
    return _connected(cell, name, width, NOWHERE)


def _connected(cell: Json, name: str, width: int, nothing: int) -> tuple[int, ...]:
    bits = cell["connections"].get(name, [])
    known = [bit if isinstance(bit, int) else int(bit == "1") for bit in bits]
    return (*known, *[nothing] * (width - len(known)))


def pins(cell: Json, names: Sequence[str]) -> tuple[int, ...]:
    """Return the bits at inputs of one bit."""
    return tuple(pin(cell, name)[0] for name in names)


def address(cell: Json, name: str) -> tuple[int, ...]:
    """Return the bits of an address: one pin of several bits, or pins with numbers."""
    if name in cell["connections"]:
        return pin(cell, name)
    numbered = (f"{name}{k}" for k in itertools.count())
    return pins(cell, list(itertools.takewhile(cell["connections"].__contains__, numbered)))


def reads_of(parts: Sequence[Part]) -> Bits:
    """Return the bits that parts read as [bits, parts], padded with constants."""
    return np.array(list(itertools.zip_longest(*(part.reads for part in parts), fillvalue=0)), np.int64)


def drives_of(parts: Sequence[Part]) -> Bits:
    """Return the bits that parts drive as [bits, parts]."""
    return np.array([part.drives for part in parts], np.int64).T


def pins_of(parts: Sequence[Part], name: str, width: int = 1) -> Bits:
    """Return the lowest bits at a pin of every part as [width, parts]."""
    return np.array([pin(part.cell, name, width)[:width] for part in parts], np.int64).T


def number(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the numbers whose bits are given, lowest first, in the first axis."""
    found: NDArray[np.int64] = np.tensordot(_POWERS[: len(rows)], rows, 1)
    return found


_POWERS: NDArray[np.int64] = 1 << np.arange(48, dtype=np.int64)
