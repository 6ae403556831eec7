"""A code that corrects one flipped bit of a word, wherever it is, and detects two (SECDED).

Hsiao's form (1970) of Hamming's code, with columns of weight three only: each bit of the data is in three
checks, and no two bits are in the same three. A flip of data fails its three checks, and a flip of a check
fails that check; two flips fail an even number of checks, and at least two. A bit is wrong if its three
checks fail and the total number of failing checks is odd: with the bit itself this is one LUT of five inputs.
A code with columns of weight five would need two LUTs.
"""

import functools
import itertools
import math
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal, Value

from inrhw.gateware.protection.protection import Protection, Reading, ReadingCircuit, parity_luts


@dataclass(frozen=True)
class SingleError(Protection):
    """The code over words of `width` bits.

    A register is between the checks and the correction, because both together take too long for one clock.

    Examples
    --------
    >>> code = SingleError(8)
    >>> code.check_bits, code.decode(code.encode(201) ^ 0b100)
    (5, Reading(word=201, corrected=True, uncorrectable=False))
    """

    width: int
    latency = 1

    @functools.cached_property
    def check_bits(self) -> int:
        """The smallest number of checks with a set of three for each bit."""
        return next(n for n in itertools.count(3) if math.comb(n, 3) >= self.width)

    @functools.cached_property
    def triples(self) -> list[tuple[int, int, int]]:
        """The three checks of each bit of the data; those of a wider word begin with these."""
        every = itertools.combinations(range(self.check_bits), 3)
        return sorted(every, key=lambda triple: triple[::-1])[: self.width]

    @functools.cached_property
    def covered(self) -> list[list[int]]:
        """The bits of the data in each check, which is their parity."""
        return [
            [bit for bit, triple in enumerate(self.triples) if check in triple]
            for check in range(self.check_bits)
        ]

    def encode(self, word: int) -> int:
        """Return the word below its checks."""
        return word | self._checks(word) << self.width

    def decode(self, stored: int) -> Reading:
        """Return the word, with a single flip corrected."""
        word = stored & ((1 << self.width) - 1)
        failed = self._checks(word) ^ stored >> self.width
        odd = failed.bit_count() % 2 == 1
        for bit, triple in enumerate(self.triples):
            if odd and all(failed >> check & 1 for check in triple):
                word ^= 1 << bit
        return Reading(word, corrected=odd, uncorrectable=failed > 0 and not odd)

    def encoder(self, word: Value) -> Value:
        """Return the word below its checks, as logic."""
        return Cat(word[: self.width], self._parities(word))

    def decoder(self, m: Module, stored: Value) -> ReadingCircuit:
        """Register the word and the failing checks; correct behind the register."""
        word = Signal(self.width, name="word_q", reset_less=True)
        failed = Signal(self.check_bits, name="failed", reset_less=True)
        m.d.sync += [
            word.eq(stored),
            failed.eq(self._parities(stored) ^ stored[self.width :]),
        ]
        odd = failed.xor()
        wrong = Cat(Cat(failed[check] for check in triple).all() & odd for triple in self.triples)
        return ReadingCircuit(word ^ wrong, odd, failed.any() & ~odd)

    @property
    def encoder_luts(self) -> int:
        """Those of the parities."""
        return sum(parity_luts(len(bits)) for bits in self.covered)

    @property
    def decoder_luts(self) -> int:
        """LUTs of the checks, one for each bit of the data, and the parity of the failing checks."""
        checks = sum(parity_luts(len(bits) + 1) for bits in self.covered)
        return checks + self.width + parity_luts(self.check_bits)

    @property
    def decoder_ffs(self) -> int:
        """The register."""
        return self.width + self.check_bits

    def _checks(self, word: int) -> int:
        parities = [sum(word >> bit for bit in bits) & 1 for bits in self.covered]
        return sum(parity << check for check, parity in enumerate(parities))

    def _parities(self, word: Value) -> Value:
        return Cat(Cat(word[bit] for bit in bits).xor() for bits in self.covered)
