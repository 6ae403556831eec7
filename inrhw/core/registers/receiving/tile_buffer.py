"""Keeps the words of one tile until they may go to their place."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.gateware.memories.contents import MAX_LUT_DEPTH
from inrhw.gateware.memories.memory import IN_LUT_RAM, READ_LATENCY


class TileBuffer(wiring.Component):
    """Stores the body of a file, and gives it back from its beginning as often as it is asked to.

    A word takes two clocks, of which its memory takes one; see `place_clocks`.

    Parameters
    ----------
    words
        Of 32 bits.

    Attributes
    ----------
    rest
        The next word, in or out, is the first.
    store, word
        Store it.
    full
        With `store`: it is the last one.
    give, hold
        Give word after word, but not in this cycle.
    step, piece
        Here is one.
    given
        All were given, long enough ago to be where they should.
    """

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__(
            {
                "rest": In(1),
                "store": In(1),
                "word": In(32),
                "full": Out(1),
                "give": In(1),
                "hold": In(1),
                "step": Out(1),
                "piece": Out(32),
                "given": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count words in, or words and then some clocks out."""
        m = Module()
        words = self._words
        at, there = Signal(range(words + READ_LATENCY)), Signal()
        style = IN_LUT_RAM if words <= MAX_LUT_DEPTH else {"ram_style": "block"}
        m.submodules.kept = kept = Memory(shape=32, depth=1 << (words - 1).bit_length(), init=[], attrs=style)
        write, read = kept.write_port(), kept.read_port()
        out = Signal()
        m.d.comb += [
            write.addr.eq(at),
            write.data.eq(self.word),
            write.en.eq(self.store),
            read.addr.eq(at),
            out.eq(self.give & there & ~self.hold),
            self.full.eq(at == words - 1),
            self.step.eq(out & (at < words)),
            self.piece.eq(read.data),
            self.given.eq(out & (at == words + READ_LATENCY - 1)),
        ]
        m.d.sync += there.eq(self.give & ~out)
        with m.If(self.rest):
            m.d.sync += [at.eq(0), there.eq(0)]
        with m.Elif(self.store | out):
            m.d.sync += at.eq(at + 1)
        return m
