"""Three copies of the top bits of every code, and a vote: cheaper and weaker than a code over all bits."""

import functools
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Value

from inrhw.gateware.protection.protection import Protection, Reading, ReadingCircuit


@dataclass(frozen=True)
class TopVotes(Protection):
    """Two more copies of the `top` highest bits of each code, stored with the word.

    Parameters
    ----------
    code_width
        Bits of a code.
    codes
        Codes in a word.
    top
        Bits of each that are stored three times.

    Examples
    --------
    >>> votes = TopVotes(8, 1, 3)
    >>> stored = votes.encode(0b101_00000)
    >>> bin(stored), bin(votes.decode(stored ^ 0b100_00001).word)
    ('0b10110110100000', '0b10100001')
    """

    code_width: int
    codes: int
    top: int

    @functools.cached_property
    def check_bits(self) -> int:
        """Two copies."""
        return 2 * len(self.places)

    @functools.cached_property
    def places(self) -> list[int]:
        """The bits of a word that are stored three times."""
        first = max(0, self.code_width - self.top)
        return [
            code * self.code_width + bit
            for code in range(self.codes)
            for bit in range(first, self.code_width)
        ]

    @property
    def decoder_luts(self) -> int:
        """One for each vote."""
        return len(self.places)

    @property
    def width(self) -> int:
        """Bits of the data."""
        return self.code_width * self.codes

    def encode(self, word: int) -> int:
        """Return the word below two copies of its top bits."""
        tops = sum((word >> place & 1) << k for k, place in enumerate(self.places))
        return word | tops << self.width | tops << self.width + len(self.places)

    def decode(self, stored: int) -> Reading:
        """Return the word by majority of three; a vote that is not unanimous counts as a correction."""
        word, corrected = stored & ((1 << self.width) - 1), False
        for k, place in enumerate(self.places):
            copies = [stored >> at & 1 for at in (place, self.width + k, self.width + len(self.places) + k)]
            most = sum(copies) // 2
            word = word & ~(1 << place) | most << place
            corrected |= sum(copies) % 3 > 0
        return Reading(word, corrected, uncorrectable=False)

    def encoder(self, word: Value) -> Value:
        """Return the word below two copies of its top bits: wires."""
        tops = Cat(word[place] for place in self.places)
        return Cat(word[: self.width], tops, tops)

    def decoder(self, m: Module, stored: Value) -> ReadingCircuit:
        """Vote, in the same cycle."""
        bits, votes = list(stored[: self.width]), []
        second, third = stored[self.width :], stored[self.width + len(self.places) :]
        for k, place in enumerate(self.places):
            a, b, c = bits[place], second[k], third[k]
            bits[place] = (a & b) | (a & c) | (b & c)
            votes.append((a ^ b) | (a ^ c))
        return ReadingCircuit(Cat(bits), Cat(votes).any(), Const(0, 1))
