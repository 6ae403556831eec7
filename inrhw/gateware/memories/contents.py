"""What memories hold: words of codes, their protection, and the kind of memory for this many of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
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
    def without_gaps(self) -> tuple[int, ...]:
        """All banks, each from a power of two on, where an address that is never read gives a word of others.

        abc9 makes a column of such a table one LUT. Of zeros in the gaps it makes a LUT of their own where
        there is time to spare, and so takes half as many LUTs again.
        """
        rows = [nearest(row, self.depth) for row in range(whole_depth(self.depth))]
        banks = [nearest(bank, self.sets) for bank in range(whole_depth(self.sets))]
        return tuple(self.words[bank * self.depth + row] for bank in banks for row in rows)

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


def nearest(place: int, depth: int) -> int:
    """Return an address of one of `depth` words: that of `place` without as many of its upper bits as needed.

    Examples
    --------
    >>> [nearest(place, 5) for place in range(8)]
    [0, 1, 2, 3, 4, 4, 4, 4]
    >>> nearest(15, 12), nearest(15, 10), nearest(7, 8)
    (11, 9, 7)
    """
    bit = whole_depth(depth) >> 2
    while place >= depth:
        place, bit = place & ~bit, bit >> 1
    return place


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
