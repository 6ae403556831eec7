"""Reads a weight file word by word: checks it, and says what goes where."""

from collections.abc import Sequence
from enum import IntEnum

from amaranth.hdl import Const, Module, Mux, ResetSignal, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.loader_map import Refusal, State
from inrhw.core.registers.receiving.body_writer import BodyWriter
from inrhw.core.registers.receiving.tile_buffer import TileBuffer
from inrhw.core.registers.weight_file import (
    FRAME_WORDS,
    MAGIC,
    TILE_MAGIC,
    body_words,
    chunks,
    shape_digest,
    tile_body_words,
)
from inrhw.gateware.memories.contents import MAX_WIDTH, Contents
from inrhw.gateware.memories.memory import READ_LATENCY


class _Expect(IntEnum):
    """Which word of a file comes next."""

    MAGIC = 0
    SHAPE = 1
    COUNT = 2
    BODY = 3
    CHECKSUM = 4
    #: None yet: the file is good, and its last words are on their way into the memories.
    NOTHING = 5
    #: The end of a file that was refused; what comes before is dropped.
    END = 6
    #: The number of the tile, of a file with one.
    TILE = 7


#: Ports of a receiver that walks, for what repairs the words.
WALK = {
    "walk": In(1),
    "walking": Out(1),
    "flip": In(32),
    "word": Out(32),
    "taken": In(1),
    "walked": Out(1),
}


#: Ports of a receiver that takes single tiles, for what says when one may go to its place.
PLACE = {"shows": In(1), "done_tile": Out(1), "place": In(1), "placed": Out(1)}


class FileReceiver(wiring.Component):
    """Takes files from a stream, or from a register; a file that was begun by one of them is its alone.

    A file with a single tile goes into a buffer, and from there into the memories when it is told to.

    Parameters
    ----------
    contents
        The memories, in the order of their numbers. Where they have parts, which are tiles, there are the
        attributes from `shows` on.
    walks
        Between two files it can also walk over the memories, as if their own words came as a body: for
        that there are the attributes from `between` to `walked`.

    Attributes
    ----------
    tdata, tvalid, tready, tlast
        The stream.
    register_valid, register_data, register_ready
        A word in every cycle in which both are high. It does not wait: without ready it is not taken.
    open
        A file may begin, and one that is complete may be reported.
    hold
        Nothing may be written: the stream waits.
    abort
        Discard the current file.
    write, memory, address, data
        Where to write, in this cycle; what, in the next one.
    done
        High for one cycle when a whole good file is in the memories.
    ready
        A file may begin.
    state, error, words, checksum
        For the registers of these names; `state` never is `State.COMPLETE`.
    between
        No file is being received; a walk may run.
    walk
        Begin, unless a file does; until the end of the walk files wait.
    walking
        It is under way.
    chunk
        Which 32 bits of the word at `memory` and `address` come next.
    read, flip
        They as they are in memory, and which of them are to be others.
    word
        What they are to be.
    taken
        Take `word`, and step to the next one.
    walked
        With `taken`: they are the last ones.
    shows
        There is a picture of which a tile may be replaced.
    done_tile
        High for one cycle when a whole good file with a tile is in the buffer.
    place
        No file is being received; while this is high the tile is copied to its place, from its beginning.
    placed
        High for one cycle when it is there.
    """

    def __init__(self, contents: Sequence[Contents], *, walks: bool = False) -> None:
        self._contents, self._walks = contents, walks
        self._tiles = max(memory.parts for memory in contents)
        super().__init__(
            {
                "tdata": In(32),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "register_valid": In(1),
                "register_data": In(32),
                "register_ready": Out(1),
                "open": In(1),
                "hold": In(1),
                "abort": In(1),
                "write": Out(1),
                "memory": Out(range(len(contents))),
                "address": Out(range(max(memory.depth for memory in contents))),
                "data": Out(MAX_WIDTH),
                "done": Out(1),
                "ready": Out(1),
                "state": Out(State),
                "error": Out(Refusal),
                "words": Out(range(body_words(contents) + FRAME_WORDS + 1)),
                "checksum": Out(32),
                **(
                    WALK | {"between": Out(1), "chunk": Out(range(chunks(MAX_WIDTH))), "read": In(32)}
                    if walks
                    else {}
                ),
                **(PLACE if self._tiles else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the choice of a word, the check of its place in the file, and the way of the body."""
        m = Module()
        self._expect = Signal(_Expect)
        self._word, self._take, self._last = Signal(32), Signal(), Signal()
        #: No file is under way.
        self._between = self._expect == _Expect.MAGIC
        self._choose(m)
        m.submodules.body = body = BodyWriter(self._contents)
        body_ends = self._write(m, body)
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=32).create()
        m.d.comb += [
            crc.data.eq(self._word),
            crc.start.eq(self._between),
            crc.valid.eq(self._take & (self._expect != _Expect.CHECKSUM)),
        ]
        self._check(m, body_ends, crc.crc)
        self._finish(m, crc.crc)
        return m

    def _choose(self, m: Module) -> None:
        """Take a word from the one source whose turn it is; the register goes first."""
        by_register, from_register = Signal(), Signal()
        begins, continues = Signal(), Signal()
        expect, take = self._expect, self._take
        hold, word = self.hold, Mux(from_register, self.register_data, self.tdata)
        self._staged: Value = self._word
        if self._walks:  # in which the register is not written
            hold = hold | self.walking
            self._staged = Mux(self.walking, self.read ^ self.flip, self._word)
        m.d.comb += [
            begins.eq(self.open & (expect == _Expect.MAGIC)),
            continues.eq((expect != _Expect.MAGIC) & (expect != _Expect.NOTHING)),
            self.ready.eq(begins),
            self.register_ready.eq(begins | (continues & by_register)),
            from_register.eq(self.register_valid & self.register_ready),
            # Nothing is taken in reset: it would be lost.
            self.tready.eq(
                ((begins & ~self.register_valid) | (continues & ~by_register)) & ~hold & ~ResetSignal()
            ),
            take.eq(from_register | (self.tvalid & self.tready)),
            self._word.eq(word),
            # The register has no tlast, so its files end where they should.
            self._last.eq(Mux(from_register, expect == _Expect.CHECKSUM, self.tlast)),
        ]
        with m.If(take & begins):
            m.d.sync += [by_register.eq(from_register), self.words.eq(1)]
        with m.Elif(take & (expect != _Expect.END)):
            m.d.sync += self.words.eq(self.words + 1)

    def _write(self, m: Module, body: BodyWriter) -> Value:
        """Say where the pieces of the body go; return whether this is its last word."""
        step: Value = self._take & (self._expect == _Expect.BODY)
        rest, piece, ends = self._between, self._staged, body.ends
        if self._tiles:
            m.submodules.buffer = buffer = TileBuffer(tile_body_words(self._contents))
            self._of_tile, self._tile = Signal(name="of_tile"), Signal.like(body.tile, reset_less=True)
            places = Signal(name="places")  # since a clock: the buffer's first word takes two
            m.d.sync += places.eq(self.place)
            m.d.comb += [
                buffer.rest.eq(rest & ~self.place),
                buffer.store.eq(step & self._of_tile),
                buffer.word.eq(self._word),
                buffer.give.eq(self.place),
                buffer.hold.eq(self.hold),
                self.placed.eq(buffer.given),
                body.of_tile.eq(self.place),
                body.tile.eq(self._tile),
            ]
            rest = rest & ~(self.place & places)
            step = Mux(self.place, buffer.step, step & ~self._of_tile)
            piece = Mux(self.place, buffer.piece, piece)
            ends = Mux(self._of_tile, buffer.full, ends)
        if self._walks:
            step = Mux(self.walking, self.taken, step)
            rest = rest & ~self.walking
        m.d.comb += [
            body.rest.eq(rest),
            body.step.eq(step),
            body.piece.eq(piece),
            self.write.eq(body.write),
            self.memory.eq(body.memory),
            self.address.eq(body.address),
            self.data.eq(body.data),
        ]
        if self._walks:
            self._walk(m, rest, body)
        return ends

    def _walk(self, m: Module, rests: Value, body: BodyWriter) -> None:
        """Begin and end a walk; an abort ends it too."""
        m.d.comb += [
            self.between.eq(self._between),
            self.chunk.eq(body.chunk),
            self.word.eq(self._staged),
            self.walked.eq(self.walking & self.taken & body.ends),
        ]
        with m.If(self.walk & rests & ~self._take):
            m.d.sync += self.walking.eq(1)
        with m.Elif(self.walked | self.abort):
            m.d.sync += self.walking.eq(0)

    def _check(self, m: Module, body_ends: Value, checksum: Value) -> None:
        """Step through the file, or refuse it."""
        expect, word = self._expect, self._word
        magic, count, behind_count = word == MAGIC, Const(body_words(self._contents)), Const(_Expect.BODY)
        if self._tiles:
            of_tile = self._of_tile
            magic |= word == TILE_MAGIC
            count = Mux(of_tile, tile_body_words(self._contents), count)
            behind_count = Mux(of_tile, _Expect.TILE, behind_count)
            with m.If(self._take & self._between):
                m.d.sync += of_tile.eq(word == TILE_MAGIC)
        header: Sequence[tuple[_Expect, Value, Refusal, ValueLike]] = (
            (_Expect.MAGIC, magic, Refusal.MAGIC, _Expect.SHAPE),
            (_Expect.SHAPE, word == shape_digest(self._contents), Refusal.SHAPE, _Expect.COUNT),
            (_Expect.COUNT, word == count, Refusal.LENGTH, behind_count),
        )
        if self._tiles:
            known = (word < self._tiles) & self.shows
            header = (*header, (_Expect.TILE, known, Refusal.TILE, _Expect.BODY))
            with m.If(self._take & (expect == _Expect.TILE)):
                m.d.sync += self._tile.eq(word)
        with m.If(self._take), m.Switch(expect):
            for place, right, reason, following in header:
                with m.Case(place):
                    m.d.sync += [self.error.eq(Refusal.NONE), expect.eq(following)]
                    with m.If(~right):
                        self._refuse(m, reason)
                    with m.Elif(self._last):
                        self._refuse(m, Refusal.TRUNCATED)
            with m.Case(_Expect.BODY):
                with m.If(self._last):
                    self._refuse(m, Refusal.TRUNCATED)
                with m.Elif(body_ends):
                    m.d.sync += expect.eq(_Expect.CHECKSUM)
            with m.Case(_Expect.CHECKSUM):
                m.d.sync += expect.eq(_Expect.NOTHING)
                with m.If(~self._last):
                    self._refuse(m, Refusal.TOO_LONG)
                with m.Elif(word != checksum):
                    self._refuse(m, Refusal.CHECKSUM)
            with m.Case(_Expect.END), m.If(self._last):
                m.d.sync += expect.eq(_Expect.MAGIC)

    def _refuse(self, m: Module, reason: Refusal) -> None:
        m.d.sync += [
            self.error.eq(reason),
            self._expect.eq(Mux(self._last, _Expect.MAGIC, _Expect.END)),
        ]

    def _finish(self, m: Module, computed: Value) -> None:
        """Wait until the last word is written, then report; or forget everything."""
        expect = self._expect
        on_the_way = Signal(range(READ_LATENCY + 1))
        kept = Signal(32, name="checksum_kept", reset_less=True)
        done = (expect == _Expect.NOTHING) & (on_the_way == 0) & self.open & ~self.abort
        is_picture: Value = Const(1)
        if self._tiles:
            is_picture = ~self._of_tile
            m.d.comb += self.done_tile.eq(done & self._of_tile)
        m.d.comb += [self.done.eq(done & is_picture), self.checksum.eq(kept)]
        with m.If(expect != _Expect.NOTHING):
            m.d.sync += on_the_way.eq(READ_LATENCY)
        with m.Elif(on_the_way != 0):
            m.d.sync += on_the_way.eq(on_the_way - 1)
        with m.If(done):
            m.d.sync += [expect.eq(_Expect.MAGIC), kept.eq(computed)]
        with m.If(self.abort):
            m.d.sync += [expect.eq(_Expect.MAGIC), self.error.eq(Refusal.NONE), self.words.eq(0)]
        with m.Switch(expect):
            with m.Case(_Expect.MAGIC):
                m.d.comb += self.state.eq(State.IDLE)
            with m.Case(_Expect.END):
                m.d.comb += self.state.eq(State.REFUSED)
            with m.Default():
                m.d.comb += self.state.eq(State.LOADING)
