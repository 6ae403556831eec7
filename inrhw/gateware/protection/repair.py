"""One decoder for all memories of a core: repairs pieces of words one after the other, and takes its time.

A piece is 32 bits with the checks of `SingleError`. If an odd number of checks fails, each bit in turn is
flipped until none does: a register that a single one walks through says which, where a decoder in a read path
has to know it in a clock, with a LUT for each bit.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.protection.single_error import SingleError

#: The code of a piece: as many bits of a word as a bus carries at once.
PIECE = SingleError(32)


class PieceRepair(wiring.Component):
    """Says of each piece which bit must be flipped.

    Attributes
    ----------
    word
        The piece as it is read, xor `flip`.
    checks
        Its checks as they are read.
    rest
        Nothing is read: `flip` is none.
    step
        `word` and `checks` have been there for two clocks; something is decided in this one.
    learn
        The piece is right, whatever its checks are.
    flip
        Bit to flip; none at first.
    taken
        In a clock of `step`: `word` is what the piece is to be. If not, `flip` has another value after it.
    right_checks
        Checks of `word`.
    store_checks
        With `taken`: `right_checks` are to be stored. Where two bits are wrong the old ones stay, so that it
        is told again.
    corrected, uncorrected
        With `taken`: a bit of the piece or of its checks was wrong; two were, and the piece stays as it is.
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
        """Look at the checks that fail, and walk.

        A piece with one flip and `flip` fails an even number of checks, as two flips do: unless that is
        none, the walk goes on. Behind the last bit it is one flip again, that of a check.
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
