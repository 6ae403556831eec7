"""One slow decoder for all memories of a core: it repairs pieces of words one after the other.

A piece is 32 bits with the checks of `SingleError`. If an odd number of checks fails, each bit in turn is
flipped until none fails. A single one that walks through a register selects the bit; a decoder in a read path
would have to find it in one clock, with a LUT for each bit.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.protection.protection import Reading
from inrhw.gateware.protection.single_error import SingleError

#: The code of a piece: as many bits of a word as a bus carries at once.
PIECE = SingleError(32)


@dataclass(frozen=True)
class Pieces:
    """A word of `width` bits in pieces, with their checks in another memory.

    Examples
    --------
    >>> code = Pieces(40)
    >>> code.check_bits, code.decode(code.encode(201 << 32) ^ 1 << 33)
    (14, Reading(word=863288426496, corrected=True, uncorrectable=False))
    """

    width: int

    @property
    def check_bits(self) -> int:
        """Check bits of all pieces."""
        return PIECE.check_bits * -(-self.width // PIECE.width)

    def encode(self, word: int) -> int:
        """Return the word below the checks of its pieces, the lowest first."""
        checks = [PIECE.encode(piece) >> PIECE.width for piece in self._pieces(word)]
        return word | sum(each << self.width + k * PIECE.check_bits for k, each in enumerate(checks))

    def decode(self, stored: int) -> Reading:
        """Return what `PieceRepair` makes of the word."""
        word, checks = stored & ((1 << self.width) - 1), stored >> self.width
        read = [
            PIECE.decode(piece | (checks >> k * PIECE.check_bits) % (1 << PIECE.check_bits) << PIECE.width)
            for k, piece in enumerate(self._pieces(word))
        ]
        repaired = sum(each.word << k * PIECE.width for k, each in enumerate(read))
        return Reading(
            repaired & ((1 << self.width) - 1),
            any(each.corrected for each in read),
            any(each.uncorrectable for each in read),
        )

    def _pieces(self, word: int) -> list[int]:
        return [word >> low & (1 << PIECE.width) - 1 for low in range(0, self.width, PIECE.width)]


class PieceRepair(wiring.Component):
    """Finds the bit of each piece that must be flipped.

    Attributes
    ----------
    word
        The piece as it is read, xor `flip`.
    checks
        Its checks as they are read.
    rest
        Nothing is read, and `flip` is zero.
    step
        `word` and `checks` were stable for two clocks; this clock decides.
    learn
        The piece counts as right, with any checks.
    flip
        Bit to flip, one-hot; zero at first.
    taken
        In a clock of `step`: `word` is the repaired piece. Otherwise `flip` changes after this clock.
    right_checks
        Checks of `word`.
    store_checks
        With `taken`: `right_checks` must be stored. If two bits are wrong the old checks stay, so that the
        error is reported again.
    corrected, uncorrected
        With `taken`: one bit of the piece or of its checks was wrong; two were, and the piece is unchanged.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "word": In(PIECE.width),
                "checks": In(PIECE.check_bits),
                "rest": In(1),
                "step": In(1),
                "learn": In(1),
                "flip": Out(PIECE.width),
                "taken": Out(1),
                "right_checks": Out(PIECE.check_bits),
                "store_checks": Out(1),
                "corrected": Out(1),
                "uncorrected": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Examine the failing checks, and walk.

        A piece with one flip and `flip` fails an even number of checks, as two flips do; the walk continues
        unless that number is zero. Behind the last bit a single flip is left, that of a check.
        """
        m = Module()
        failed = Signal(PIECE.check_bits, reset_less=True)
        walking = Signal()
        good, odd = ~failed.any(), failed.xor()
        m.d.comb += [
            self.right_checks.eq(PIECE.encoder(self.word)[PIECE.width :]),
            self.taken.eq(self.step & (self.learn | good | (odd == walking))),
            self.store_checks.eq(self.taken & (self.learn | walking)),
            self.corrected.eq(self.taken & walking & ~self.learn),
            self.uncorrected.eq(self.taken & ~walking & ~good & ~self.learn),
        ]
        m.d.sync += failed.eq(self.right_checks ^ self.checks)
        with m.If(self.taken | self.rest):
            m.d.sync += [walking.eq(0), self.flip.eq(0)]
        with m.Elif(self.step):
            m.d.sync += [walking.eq(1), self.flip.eq(Cat(~walking, self.flip)[: PIECE.width])]
        return m
