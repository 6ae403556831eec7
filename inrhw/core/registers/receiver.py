"""Reads a weight file word by word: checks it, and says what goes where."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.loader_map import Refusal, State
from inrhw.core.registers.weight_file import FRAME_WORDS, MAGIC, body_words, chunks, shape_digest
from inrhw.gateware.memory import MAX_WIDTH, READ_LATENCY, Contents
from inrhw.gateware.selection import lookup


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


@dataclass(frozen=True)
class _Run:
    """Memories in a row that are of equal depth and words."""

    last_memory: int
    last_address: int
    last_chunk: int


def _runs(contents: Sequence[Contents]) -> list[_Run]:
    alike = itertools.groupby(enumerate(contents), key=lambda item: (item[1].depth, chunks(item[1].width)))
    return [_Run(list(group)[-1][0], depth - 1, n_chunks - 1) for (depth, n_chunks), group in alike]


#: Ports of a receiver that walks, for what repairs the words.
WALK = {
    "walk": In(1),
    "walking": Out(1),
    "flip": In(32),
    "word": Out(32),
    "taken": In(1),
    "walked": Out(1),
}


class FileReceiver(wiring.Component):
    """Takes files from a stream, or from a register; a file that was begun by one of them is its alone.

    Parameters
    ----------
    contents
        The memories, in the order of their numbers.
    walks
        Between two files it can also walk over the memories, as if their own words came as a body: for
        that there are the attributes from `walk` on.

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
        Forget the file under way.
    write, memory, address, data
        Where to write, in this cycle; what, in the next one.
    done
        High for one cycle when a whole good file is in the memories.
    ready
        A file may begin.
    state, error, words, checksum
        For the registers of these names; `state` never is `State.COMPLETE`.
    between
        No file is under way; a walk may be.
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
        Take `word`, and go on to the next ones.
    walked
        With `taken`: they are the last ones.
    """

    def __init__(self, contents: Sequence[Contents], *, walks: bool = False) -> None:
        self._contents, self._walks = contents, walks
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
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the choice of a word, the check of its place in the file, and the counters of the body."""
        m = Module()
        self._expect = Signal(_Expect)
        self._word, self._take, self._last = Signal(32), Signal(), Signal()
        self._choose(m)
        body_ends = self._count(m)
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=32).create()
        m.d.comb += [
            crc.data.eq(self._word),
            crc.start.eq(self._expect == _Expect.MAGIC),
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

    def _count(self, m: Module) -> Value:
        """Count through the body; return whether this is its last word."""
        runs = _runs(self._contents)
        run = Signal(range(len(runs)))
        chunk = Signal(range(chunks(MAX_WIDTH)))

        def of_run(name: str, counter: Value) -> Value:
            table = [getattr(each, name) for each in runs]
            return lookup(table + table[-1:] * ((1 << len(run)) - len(table)), run, len(counter))

        word_ends, memory_ends, run_ends = Signal(), Signal(), Signal()
        in_body = self._take & (self._expect == _Expect.BODY)
        rests: ValueLike = self._expect == _Expect.MAGIC
        if self._walks:
            in_body = Mux(self.walking, self.taken, in_body)
            rests = rests & ~self.walking
        m.d.comb += [
            word_ends.eq(chunk == of_run("last_chunk", chunk)),
            memory_ends.eq(word_ends & (self.address == of_run("last_address", self.address))),
            run_ends.eq(memory_ends & (self.memory == of_run("last_memory", self.memory))),
            self.write.eq(in_body & word_ends),
        ]
        with m.If(rests):
            m.d.sync += [counter.eq(0) for counter in (chunk, self.address, self.memory, run)]
        with m.Elif(in_body):
            m.d.sync += [
                chunk.eq(Mux(word_ends, 0, chunk + 1)),
                self.address.eq(Mux(memory_ends, 0, self.address + word_ends)),
                self.memory.eq(self.memory + memory_ends),
                run.eq(run + run_ends),
            ]
        data = Signal(MAX_WIDTH, name="staged", reset_less=True)
        for k in range(chunks(MAX_WIDTH)):
            with m.If(in_body & (chunk == k)):
                m.d.sync += data[32 * k : 32 * k + 32].eq(self._staged)
        m.d.comb += self.data.eq(data)
        body_ends = run_ends & (run == len(runs) - 1)
        if self._walks:
            self._walk(m, rests, chunk, body_ends)
        return body_ends

    def _walk(self, m: Module, rests: Value, chunk: Value, body_ends: Value) -> None:
        """Begin and end a walk; an abort ends it too."""
        m.d.comb += [
            self.between.eq(self._expect == _Expect.MAGIC),
            self.chunk.eq(chunk),
            self.word.eq(self._staged),
            self.walked.eq(self.walking & self.taken & body_ends),
        ]
        with m.If(self.walk & rests & ~self._take):
            m.d.sync += self.walking.eq(1)
        with m.Elif(self.walked | self.abort):
            m.d.sync += self.walking.eq(0)

    def _check(self, m: Module, body_ends: Value, checksum: Value) -> None:
        """Step through the file, or refuse it."""
        expect, word = self._expect, self._word
        header = (
            (_Expect.MAGIC, MAGIC, Refusal.MAGIC),
            (_Expect.SHAPE, shape_digest(self._contents), Refusal.SHAPE),
            (_Expect.COUNT, body_words(self._contents), Refusal.LENGTH),
        )
        with m.If(self._take), m.Switch(expect):
            for place, wanted, reason in header:
                with m.Case(place):
                    m.d.sync += [self.error.eq(Refusal.NONE), expect.eq(place + 1)]
                    with m.If(word != wanted):
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
        m.d.comb += [
            self.done.eq((expect == _Expect.NOTHING) & (on_the_way == 0) & self.open & ~self.abort),
            self.checksum.eq(kept),
        ]
        with m.If(expect != _Expect.NOTHING):
            m.d.sync += on_the_way.eq(READ_LATENCY)
        with m.Elif(on_the_way != 0):
            m.d.sync += on_the_way.eq(on_the_way - 1)
        with m.If(self.done):
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
