"""Repairs the words of a core's memories before each frame."""

from collections.abc import Iterator, Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.receiving.receiver import WALK
from inrhw.core.registers.walk import STEP
from inrhw.core.registers.weight_file import chunks
from inrhw.gateware.memories.contents import MAX_LUT_DEPTH, Contents, whole_depth
from inrhw.gateware.memories.memory import IN_LUT_RAM
from inrhw.gateware.protection.repair import PIECE, PieceRepair

#: What tells, and holds, the border between two frames.
BORDER = {"first": In(1), "idle": In(1), "hold": Out(1)}

#: Ports between scrubber and core; the loader has them too, and passes them on.
SCRUBBING = {"wanted": In(1), "corrected": Out(1), "uncorrected": Out(1)}


def pieces(contents: Sequence[Contents]) -> Iterator[int]:
    """Yield the 32-bit pieces of all words, as they are in the body of a file."""
    for memory in contents:
        for word in memory.words:
            yield from (word >> 32 * k & 0xFFFFFFFF for k in range(chunks(memory.width)))


class Scrubber(wiring.Component):
    """Holds each frame back until a walk over all words of its bank has repaired those with one flipped bit.

    Beside the memories it keeps seven checks of every 32 bits of them. The first walk after a file was loaded
    learns its checks instead, and repairs nothing. While no frame is wanted it walks all the time.

    Parameters
    ----------
    contents
        The memories, with the words of the first frame.
    starts_empty
        Those words are not there yet: a file comes first.

    Attributes
    ----------
    first
        The next vector is the first of a frame.
    idle
        No vector is in flight.
    wanted
        A frame is to begin, as far as others are concerned.
    hold
        No vector may be admitted.
    corrected, uncorrected
        High for one clock for a piece of which one bit was wrong, or two are.
    begin
        The first vector of a frame is admitted.
    between
        No file is being received.
    may_walk
        The memories are available.
    changed
        The next frame has another bank.
    walk, walking, flip, word, taken, walked
        Of the `FileReceiver`, which knows the way.
    """

    def __init__(self, contents: Sequence[Contents], starts_empty: bool) -> None:
        self._pieces, self._starts_empty = list(pieces(contents)), starts_empty
        walk = {name: member.flip() for name, member in WALK.items()}
        state = {"begin": In(1), "between": In(1), "may_walk": In(1), "changed": In(1)}
        super().__init__({**BORDER, **SCRUBBING, **state, **walk})

    def elaborate(self, platform: object) -> Module:
        """Count pieces and clocks; remember whether a walk is due, and whether it is to learn."""
        m = Module()
        m.submodules.repair = repair = PieceRepair()
        #: Which piece; and a clock of it.
        piece, clock = Signal(range(len(self._pieces))), Signal(range(STEP))
        due, learns = Signal(init=1), Signal(init=self._starts_empty, reset_less=True)
        #: The memories do not have their addresses back in the clock after a walk.
        walked_on = Signal()
        m.d.comb += [
            self.hold.eq(self.first & ((due & self.between) | self.walking | walked_on)),
            self.walk.eq(self.first & self.idle & self.may_walk & (due | ~self.wanted)),
            repair.word.eq(self.word),
            repair.rest.eq(~self.walking),
            repair.step.eq(self.walking & clock.all()),
            repair.learn.eq(learns),
            self.flip.eq(repair.flip),
            self.taken.eq(repair.taken),
            self.corrected.eq(repair.corrected),
            self.uncorrected.eq(repair.uncorrected),
        ]
        m.d.sync += [walked_on.eq(self.walking), clock.eq(clock + 1)]
        with m.If(~self.walking):
            m.d.sync += [clock.eq(0), piece.eq(0)]
        with m.Elif(self.taken):
            m.d.sync += piece.eq(piece + 1)
        with m.If(self.walked):
            m.d.sync += [due.eq(0), learns.eq(0)]
        with m.If(self.begin):
            m.d.sync += due.eq(1)
        with m.If(self.changed):
            m.d.sync += [due.eq(1), learns.eq(1)]
        self._keep_checks(m, repair, piece)
        return m

    def _keep_checks(self, m: Module, repair: PieceRepair, piece: Signal) -> None:
        """Store the checks in a memory of their own, from which they come a clock after `piece`."""
        depth = whole_depth(len(self._pieces))
        right = [] if self._starts_empty else [PIECE.encode(word) >> PIECE.width for word in self._pieces]
        style = IN_LUT_RAM if depth <= MAX_LUT_DEPTH else {"ram_style": "block"}
        m.submodules.kept = kept = Memory(shape=PIECE.check_bits, depth=depth, init=right, attrs=style)
        read, write = kept.read_port(), kept.write_port()
        m.d.comb += [
            read.addr.eq(piece),
            repair.checks.eq(read.data),
            write.addr.eq(piece),
            write.data.eq(repair.right_checks),
            write.en.eq(repair.store_checks),
        ]
