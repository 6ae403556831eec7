"""Fields of registers, and the sizes of an address page."""

from dataclasses import dataclass

#: Bits of a byte address on the bus: of a page of registers, and one that says which of two pages it is.
PAGE_BITS = 6


ADDRESS_BITS = PAGE_BITS + 1


@dataclass(frozen=True)
class Field:
    """Some bits of a register: `width` of them, from bit `low` up."""

    low: int
    width: int

    @property
    def mask(self) -> int:
        """Its bits in the register."""
        return (1 << self.width) - 1 << self.low

    def of(self, word: int) -> int:
        """Return its value in what the register holds."""
        return (word & self.mask) >> self.low
