"""How a memory stores a word so that a flipped bit does not matter."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from amaranth.hdl import Const, Module, Value


class Reading(NamedTuple):
    """The result of reading a stored word.

    Attributes
    ----------
    word
        The data.
    corrected
        A bit was wrong and is corrected.
    uncorrectable
        Bits are wrong and stay wrong.
    """

    word: int
    corrected: bool
    uncorrectable: bool


class ReadingCircuit(NamedTuple):
    """The same for a circuit, all signals at the same time."""

    word: Value
    corrected: Value
    uncorrectable: Value


def parity_luts(inputs: int) -> int:
    """Return the LUTs of a parity: each takes five more inputs.

    Examples
    --------
    >>> parity_luts(1), parity_luts(6), parity_luts(7)
    (0, 1, 2)
    """
    return -(-(inputs - 1) // 5)


class Protection(ABC):
    """A code over the words of one memory, with its meaning written twice, as for a node.

    A stored word is the data in the low bits, and `check_bits` above it.
    """

    #: Cycles that a circuit needs to read a stored word.
    latency: int = 0

    @property
    @abstractmethod
    def check_bits(self) -> int:
        """Bits of a stored word in addition to the data."""

    @property
    def encoder_luts(self) -> int:
        """LUTs of `encoder`, predicted."""
        return 0

    @property
    def decoder_luts(self) -> int:
        """LUTs of `decoder`, predicted."""
        return 0

    @property
    def decoder_ffs(self) -> int:
        """Flip-flops of `decoder`, predicted."""
        return 0

    @abstractmethod
    def encode(self, word: int) -> int:
        """Return a word as it is stored."""

    @abstractmethod
    def decode(self, stored: int) -> Reading:
        """Return the result of reading a stored word, with any of its bits flipped."""

    @abstractmethod
    def encoder(self, word: Value) -> Value:
        """Return the circuit's stored word; high bits beyond the data are ignored."""

    @abstractmethod
    def decoder(self, m: Module, stored: Value) -> ReadingCircuit:
        """Return the result of reading a stored word, `latency` cycles later."""


@dataclass(frozen=True)
class Plain(Protection):
    """Words are stored as they are."""

    @property
    def check_bits(self) -> int:
        """None."""
        return 0

    def encode(self, word: int) -> int:
        """Return the word."""
        return word

    def decode(self, stored: int) -> Reading:
        """Return the stored word; errors are never detected."""
        return Reading(stored, corrected=False, uncorrectable=False)

    def encoder(self, word: Value) -> Value:
        """Return the word."""
        return word

    def decoder(self, m: Module, stored: Value) -> ReadingCircuit:
        """Return the stored word."""
        return ReadingCircuit(stored, Const(0, 1), Const(0, 1))


PLAIN = Plain()
