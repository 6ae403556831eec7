"""A code that corrects one flipped bit of a word, wherever it is, and detects two (SECDED).

Hsiao's form (1970) of Hamming's code, with columns of weight three alone: each bit of the data is in three
checks, and no two bits are in the same three. One flip of data fails its three checks, one of a check fails
that one; two flips fail an even number, and never none. A bit is wrong when its three checks fail and an odd
number in all does: with the bit itself that is one LUT of five inputs, where a code with columns of weight
five would need two.
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

    Between the checks and the correction is a register: both together take longer than a multiplier waits.

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
        """As few checks as have a set of three for each bit."""
        return next(n for n in itertools.count(3) if math.comb(n, 3) >= self.width)

    @functools.cached_property
    def triples(self) -> list[tuple[int, int, int]]:
        """The checks that each bit of the data is in; those of a wider word begin with these."""
        every = itertools.combinations(range(self.check_bits), 3)
        return sorted(every, key=lambda triple: triple[::-1])[: self.width]

    @functools.cached_property
    def covered(self) -> list[list[int]]:
        """The bits of the data that each check is the parity of."""
        return [
            [bit for bit, triple in enumerate(self.triples) if check in triple]
            for check in range(self.check_bits)
        ]

    def encode(self, word: int) -> int:
        """Return the word below its checks."""
        return word | self._checks(word) << self.width

    def decode(self, stored: int) -> Reading:
        """Return the word, less one flip if there is one."""
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
        """Register the word and the checks that fail; correct behind that."""
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
        """Those of the checks, one for each bit of the data, and whether an odd number of checks fails."""
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
