"""Tests of loading: after anything that goes wrong, at whatever word, the next good file is shown whole."""

from typing import Any

import cocotb
import numpy as np
from bus import Registers
from loading import (
    ABORT,
    COMPLETE,
    HEADER_WORDS,
    IDLE,
    LOADING,
    OF_PICTURES,
    REFUSED,
    RUN,
    Refusal,
    as_beats,
    damaged,
    tile_words,
)
from numpy.typing import NDArray
from traffic import Traffic, begin, end, reset

#: Words of a file up to which it is cut, or its checksum damaged, in every place; else in so many.
_SHORT = 64
_SOME = 12

Words = NDArray[np.uint32]


class Files:
    """The files of a core, which are shown in turn, one `step` after the other: 1 or -1."""

    def __init__(self, traffic: Traffic, words: list[Words], registers: Registers, step: int) -> None:
        self.traffic, self.registers, self.words, self.step = traffic, registers, words, step
        self.picture = 0
        self.page = traffic.link.artifact.registers

    @property
    def coming(self) -> int:
        """Number of the file that comes next."""
        return (self.picture + self.step) % len(self.words)

    @property
    def next(self) -> Words:
        """The file that comes next."""
        return self.words[self.coming]

    async def show_next(self) -> None:
        """Load it, and take a whole frame of it."""
        await self._show(self.coming)

    async def _show(self, picture: int) -> None:
        self.picture = picture
        before = await self.registers.status("bank")
        await self.traffic.load(self.words[picture], picture)
        await self.expect(bank=1 - before)
        await self.registers_say(self.words[picture])
        await self.frame()

    async def show_first(self) -> None:
        """Show what other tests begin with: it outlives a reset."""
        if self.picture:
            await self._show(0)

    async def frame(self) -> None:
        """Take a frame and what is under way."""
        link = self.traffic.link
        until = link.taken + len(link.artifact) + 32 + link.artifact.latency
        while link.taken < until:
            await self.traffic.play(link.clocks)

    async def registers_say(self, words: Words, magic: np.uint32 | None = None) -> None:
        """Compare what the registers hold after a file that was good."""
        wanted = {
            "ID": words[0] if magic is None else magic,
            "SHAPE": words[1],
            "CHECKSUM": words[-1],
            "WORDS": len(words),
        }
        for name, want in wanted.items():
            got = await self.registers.read(name)
            assert got == want, f"{name} is {got:#x} after a good file, not {want:#x}"
        assert await self.registers.status("error") == 0, "STATUS.error is not 0 after a good file"
        assert await self.registers.status("showing"), "STATUS.showing is 0 after a good file"
        if control := self.traffic.link.artifact.control:  # its twin compares it, after many frames too
            await Registers(self.traffic.link.bus, control, self.traffic.play).read("STATUS")

    async def refuse(self, words: Words, reason: Refusal) -> None:
        """Send a file that must be refused."""
        await self.traffic.send(as_beats(words))
        await self.expect(error=reason, state=IDLE)

    async def expect(self, **fields: int) -> None:
        """Compare fields of STATUS."""
        for field, want in fields.items():
            got = await self.registers.status(field)
            assert got == want, f"STATUS.{field} is {got}, not {want}"

    async def complete(self, words: Words, **fields: int) -> None:
        """Send a file that waits for a frame; what STATUS says comes some clocks after its last word."""
        await self.traffic.send(as_beats(words))
        await self.traffic.play(16)
        await self.expect(state=COMPLETE, **fields)

    async def stop(self) -> None:
        """Let no frame begin, and what is under way come out."""
        link = self.traffic.link
        link.pixels_due = False
        await self.registers.write("CONTROL", 0)
        for _ in range(self.traffic.patience):
            await self.traffic.play(link.clocks)
            if await self.registers.status("stopped"):
                return
        raise AssertionError("the core never stops")

    async def go(self) -> None:
        """Go on after a stop."""
        await self.registers.write("CONTROL", RUN)
        self.traffic.link.pixels_due = True


async def _files(dut: Any, test: str, step: int = 1) -> tuple[Any, Files, np.random.Generator]:
    settings, traffic, rng = await begin(dut, test)
    artifact = settings.artifact
    registers = Registers(traffic.link.bus, artifact.registers, traffic.play)
    return settings, Files(traffic, artifact.files, registers, step), rng


def _places(rng: np.random.Generator, count: int) -> list[int]:
    """Return all numbers below `count`, or the first, the last and some between if there are too many."""
    if count <= _SHORT:
        return list(range(count))
    some = rng.integers(4, count - 4, _SOME).tolist()
    return sorted({*range(4), *some, *range(count - 4, count)})


@cocotb.test()
async def refuse_files(dut: Any) -> None:
    """Whatever bit of a file is wrong, wherever it is cut, it is refused, and the next good one is shown."""
    settings, files, rng = await _files(dut, "refuse_files")
    await files.show_next()
    for reason in OF_PICTURES:
        await files.refuse(damaged(files.next, reason, rng), reason)
        await files.show_next()
    for place, reason in enumerate((Refusal.MAGIC, Refusal.SHAPE, Refusal.LENGTH)):
        for bit in range(32):
            words = files.next.copy()
            words[place] ^= np.uint32(1 << bit)
            await files.refuse(words[: place + 1 + bit % 3], reason)
    await files.show_next()
    for length in _places(rng, len(files.next) - 1):
        await files.refuse(files.next[: length + 1], Refusal.TRUNCATED)
    await files.show_next()
    for bit in range(32 if len(files.next) <= _SHORT else 2):
        words = files.next.copy()
        words[-1] ^= np.uint32(1 << bit)
        await files.refuse(words, Refusal.CHECKSUM)
    for place in _places(rng, len(files.next) - HEADER_WORDS - 1):
        words = files.next.copy()
        words[HEADER_WORDS + place] ^= np.uint32(1 << int(rng.integers(32)))
        await files.refuse(words, Refusal.CHECKSUM)
    await files.frame()
    await files.show_next()
    await _two_in_a_row(files)
    await files.show_first()
    end(settings, files.traffic, "refuse_files", words=len(files.next))


async def _two_in_a_row(files: Files) -> None:
    """Send one file right behind another: it waits until the first is shown."""
    for _ in range(2):
        files.picture = files.coming
        await files.traffic.offer(files.words[files.picture], files.picture)
    await files.traffic.switched(files.picture)
    await files.frame()


@cocotb.test()
async def give_up_files(dut: Any) -> None:
    """Half a file is forgotten by a reset or an abort; a picture that waits outlives a reset."""
    # The other way round: pictures that the test before has no time for.
    settings, files, rng = await _files(dut, "give_up_files", -1)
    link = files.traffic.link
    for number, place in enumerate(_places(rng, len(files.next) - 1)):
        begun = files.next[: place + 1]
        await files.traffic.send(as_beats(files.next)[: place + 1])
        await files.expect(state=LOADING, ready=0)
        got = await files.registers.read("WORDS")
        assert got == len(begun), f"WORDS is {got} after {len(begun)} words"
        if number % 2:
            await reset(link, rng, 1)
        else:
            await files.registers.write("CONTROL", RUN | ABORT)
        assert await files.registers.read("WORDS") == 0, "WORDS is not 0 after half a file was given up"
        await files.expect(state=IDLE, error=0)
        if number % 4 < 2:
            await files.refuse(files.next[place + 1 :], Refusal.MAGIC)
        if number % 8 == 3:
            await files.show_next()
    await files.show_next()
    # One that waits for a frame.
    await files.stop()
    await files.complete(files.next, ready=0, stopped=1)
    assert not await files.registers.write("DATA", int(files.next[0])), "DATA is taken while a picture waits"
    await files.registers.write("CONTROL", ABORT)
    await files.expect(state=IDLE, ready=1, stopped=1, error=0)
    await files.go()
    await files.frame()
    await files.stop()
    await files.complete(files.next)
    files.picture = files.coming
    link.pictures.allow(files.picture)
    await reset(link, rng, 1)
    link.pictures.demand(0)
    link.pixels_due = True
    await files.frame()
    await files.expect(state=IDLE)
    await _by_register(files, rng)
    await files.show_first()
    end(settings, files.traffic, "give_up_files")


async def _by_register(files: Files, rng: np.random.Generator) -> None:
    """Begin files by each port while the other has words: they wait, and a refused one is dropped."""
    registers, words = files.registers, files.next
    assert await _data(files, words[0]), "DATA is refused although no file is under way"
    await files.expect(state=LOADING)
    files.traffic.link.words = as_beats(words)
    for _ in range(4):
        await files.traffic.play(files.traffic.link.clocks)
    assert len(files.traffic.link.words) == len(words), (
        "a word of the stream is taken within a file by register"
    )
    await registers.write("CONTROL", RUN | ABORT)
    await files.traffic.send(as_beats(words)[-len(files.traffic.link.words) :][:-1])
    assert not await registers.write("DATA", int(words[-1])), (
        "a word by register is taken within a file by stream"
    )
    files.picture = files.coming
    files.traffic.link.pictures.allow(files.picture)
    await files.traffic.send(as_beats(words)[-1:])
    await files.traffic.switched(files.picture)
    await files.frame()
    for word in files.next[:3] ^ np.uint32(1):
        assert await _data(files, word), "DATA is refused"
    await files.expect(state=REFUSED, error=Refusal.MAGIC)
    await registers.write("CONTROL", RUN | ABORT)
    await files.expect(state=IDLE, error=0)
    await files.show_next()


async def _data(files: Files, word: np.uint32) -> bool:
    """Write DATA; it may have to wait until the picture before is gone."""
    for _ in range(files.traffic.patience):
        if await files.registers.write("DATA", int(word)):
            return True
    return False


@cocotb.test()
async def load_tiles(dut: Any) -> None:
    """Load single tiles: each is shown whole from a frame's start on, whatever was refused or reset."""
    settings, files, rng = await _files(dut, "load_tiles")
    traffic, artifact = files.traffic, settings.artifact
    link, count = traffic.link, int(artifact.tiles.max()) + 1
    tiles = sorted({0, count - 1, *rng.integers(count, size=2).tolist()})
    shown, other = 0, len(files.words) - 1

    def of_other(tile: int) -> Words:
        return tile_words(files.words[other], artifact.memories, tile)

    for number, tile in enumerate(tiles):
        words = of_other(tile)
        for reason in Refusal:
            await files.refuse(damaged(words, reason, rng, count), reason)
        await files.frame()
        shown = link.pictures.mix(shown, other, artifact.tiles == tile)
        await traffic.offer(words, shown)
        if number % 2:
            await traffic.play(16)  # until then a reset forgets it
            for clocks in rng.integers(1, 2 * artifact.place_clocks + 16, 2).tolist():
                for start in range(0, clocks, link.clocks):
                    await traffic.play(min(link.clocks, clocks - start))
                await reset(link, rng, 1)
                link.pictures.demand(0)
        else:
            await traffic.switched(shown)
            await files.registers_say(words, magic=files.words[0][0])
        await traffic.switched(shown)
        await files.frame()
    await _give_up_a_tile(files, of_other(tiles[0]))
    await traffic.load(files.words[other], other)
    first = tile_words(files.words[0], artifact.memories, tiles[-1])
    await traffic.load(first, link.pictures.mix(other, 0, artifact.tiles == tiles[-1]))
    await files.frame()
    await traffic.load(files.words[0], 0)
    await files.frame()
    end(settings, traffic, "load_tiles", words=len(first))


async def _give_up_a_tile(files: Files, words: Words) -> None:
    """Abort one that waits for a frame: none comes, and the next file is taken."""
    link = files.traffic.link
    await files.stop()

    def is_mid_frame() -> bool:
        return (link.sent if link.artifact.stream else link.taken) % len(link.artifact) > 0

    for clocks in range(1, 17):  # few: a short frame is over soon, and the core then repairs its words
        if is_mid_frame():
            break
        await files.go()
        await files.traffic.play(clocks)
        await files.stop()
    if is_mid_frame():  # never where a frame is as short as a write of CONTROL
        await files.complete(words, ready=0)
        assert not await files.registers.write("DATA", int(words[0])), "DATA is taken while a tile waits"
        await files.registers.write("CONTROL", ABORT)
        await files.expect(state=IDLE, ready=1, error=0)
    await files.go()
    await files.frame()
