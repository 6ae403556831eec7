"""One tile of a picture by a file of its own: what it writes, and when; what is refused."""

import functools
import random
import struct
import zlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.behind_axi import BehindAxi, Master
from support.reused import Reused

from inrhw.core.registers.loader import Loader
from inrhw.core.registers.loader_map import FIELDS, Refusal, Register, State
from inrhw.core.registers.walk import place_clocks
from inrhw.core.registers.weight_file import TILE_MAGIC, chunks, shape_digest, tile_file, weights_file
from inrhw.gateware.memories.contents import Contents, address_bits

#: Words of a tile that are a power of two and not, of one chunk and of many; and what tiles share.
SHAPE = ((70, 3, 3), (9, 4, 3), (9, 4, 3), (40, 5, 1), (33, 1, 3), (8, 2, 1))


def memories(shape: Sequence[tuple[int, int, int]] = SHAPE, seed: int = 0) -> list[Contents]:
    """Return memories of words of so many bits, so many a tile, and of so many tiles."""
    rng = random.Random(seed)
    return [
        Contents(
            f"m{k}", width, tuple(rng.randrange(1 << width) for _ in range(depth * tiles)), sets=tiles
        ).joined
        for k, (width, depth, tiles) in enumerate(shape)
    ]


OLD, NEW = memories(), memories(seed=1)


def words_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def place_of(contents: Sequence[Contents], tile: int) -> dict[tuple[int, int], int]:
    """Return the words of a tile by memory and address."""
    return {
        (number, (tile << address_bits(memory.part)) + k): word
        for number, memory in enumerate(contents)
        if memory.part
        for k, word in enumerate(memory.words_of_part(tile))
    }


class Story:
    """A loader, and all that it writes: by bank, memory and address."""

    def __init__(
        self, ctx: Any, loader: BehindAxi, domain: ClockDomain, contents: Sequence[Contents]
    ) -> None:
        self.ctx, self.loader, self.domain, self.contents = ctx, loader, domain, contents
        self.master = Master(ctx, loader, self.cycle)
        self.written: dict[int, dict[tuple[int, int], int]] = {0: {}, 1: {}}

    async def cycle(self, count: int = 1) -> None:
        """Let clocks pass, and note what is written in each."""
        ctx, bus = self.ctx, self.loader.bus
        for _ in range(count):
            if ctx.get(bus.write):
                at_border = ctx.get(self.loader.idle) and ctx.get(self.loader.first)
                assert at_border or ctx.get(bus.bank) != ctx.get(self.loader.bank)
                number = int(ctx.get(bus.memory))
                word = int(ctx.get(bus.data)) & ((1 << self.contents[number].width) - 1)
                self.written[int(ctx.get(bus.bank))][number, int(ctx.get(bus.address))] = word
            await ctx.tick()

    def set(self, **signals: int) -> None:
        for name, value in signals.items():
            self.ctx.set(getattr(self.loader, name), value)

    async def send(self, words: Sequence[int]) -> None:
        for k, word in enumerate(words):
            self.set(s_weights_tdata=word, s_weights_tvalid=1, s_weights_tlast=k == len(words) - 1)
            for _ in range(60):
                if self.ctx.get(self.loader.s_weights_tready):
                    break
                await self.cycle()
            else:
                raise AssertionError("nothing is taken")
            await self.cycle()
        self.set(s_weights_tvalid=0)
        await self.cycle(12)

    async def status(self) -> dict[str, int]:
        value, _ = await self.master.read(Register.STATUS)
        return {name: field.of(value) for name, field in FIELDS[Register.STATUS].items()}

    async def border(self) -> int:
        """Come to a border between two frames; return how long the next one may not begin."""
        self.set(first=1, idle=1)
        waited = 0
        while self.ctx.get(self.loader.hold):
            await self.cycle()
            waited += 1
            assert waited < 1000, "no frame may begin any more"
        return waited

    async def reset(self) -> None:
        self.ctx.set(self.domain.rst, 1)
        await self.cycle()
        self.ctx.set(self.domain.rst, 0)


def tell(story: Callable[[Story], Coroutine[Any, Any, None]], *, starts_empty: bool = False) -> None:
    """Run a story of the loader of OLD."""
    run(story, OLD, *toy(starts_empty))


@functools.cache
def toy(starts_empty: bool) -> tuple[BehindAxi, ClockDomain, Reused]:
    return circuit(OLD, starts_empty)


def circuit(contents: Sequence[Contents], starts_empty: bool) -> tuple[BehindAxi, ClockDomain, Reused]:
    m = Module()
    m.domains.sync = domain = ClockDomain()
    loader = BehindAxi(Loader(contents, starts_empty))
    loader.add_to(m)
    return loader, domain, Reused(m)


def run(
    story: Callable[[Story], Coroutine[Any, Any, None]],
    contents: Sequence[Contents],
    loader: BehindAxi,
    domain: ClockDomain,
    reused: Reused,
) -> None:
    async def bench(ctx: Any) -> None:
        await story(Story(ctx, loader, domain, contents))

    reused.run(bench)


shapes = st.lists(st.tuples(st.integers(1, 72), st.integers(1, 5), st.booleans()), max_size=3)


@settings(max_examples=5, deadline=None)
@given(shapes, shapes, st.integers(2, 5), st.integers(0, 99))
@example([(8, 3, False)], [(40, 3, False)], 3, 0)
def test_every_word_of_a_tile_goes_to_its_place_and_no_other(
    before: list[tuple[int, int, bool]], behind: list[tuple[int, int, bool]], tiles: int, seed: int
) -> None:
    shape = [*before, (9, 2, True), *behind]
    contents = memories([(width, depth, tiles if own else 1) for width, depth, own in shape], seed)

    async def story(story: Story) -> None:
        for tile in range(tiles):
            story.written = {0: {}, 1: {}}
            await story.send(words_of(tile_file(contents, tile)))
            assert story.written == {0: {}, 1: {}}
            waited = await story.border()
            assert story.written == {0: place_of(contents, tile), 1: {}}
            assert waited <= place_clocks(sum(each.part * chunks(each.width) for each in contents))
            story.set(first=0, idle=0)

    run(story, contents, *circuit(contents, False))


def test_a_tile_waits_for_the_border_and_the_frame_for_the_tile() -> None:
    async def story(story: Story) -> None:
        await story.send(words_of(tile_file(NEW, 1)))
        status = await story.status()
        assert (status["state"], status["ready"], status["error"]) == (State.COMPLETE, 0, Refusal.NONE)
        assert not story.ctx.get(story.loader.hold)
        story.set(first=1)
        await story.cycle(50)
        assert story.ctx.get(story.loader.hold) and story.written == {0: {}, 1: {}}
        await story.border()
        assert story.written[0] == place_of(NEW, 1)
        status = await story.status()
        assert (status["state"], status["bank"]) == (State.IDLE, 0)

    tell(story)


def test_a_tile_goes_into_the_picture_that_is_shown() -> None:
    async def story(story: Story) -> None:
        await story.send(words_of(weights_file(NEW)))
        await story.cycle(20)
        story.set(begin=1, oldest_bank=1)
        await story.cycle()
        story.set(begin=0)
        story.written = {0: {}, 1: {}}
        await story.send(words_of(tile_file(OLD, 2)))
        await story.border()
        assert story.written == {0: {}, 1: place_of(OLD, 2)}

    tell(story)


def test_a_reset_at_any_time_leaves_a_whole_tile() -> None:
    async def story(story: Story) -> None:
        for clocks in range(0, 70, 3):
            await story.send(words_of(tile_file(NEW, clocks % 3)))
            story.written = {0: {}, 1: {}}
            story.set(first=1, idle=1)
            await story.cycle(clocks)
            await story.reset()
            await story.border()
            assert story.written[0] == place_of(NEW, clocks % 3)
            assert (await story.status())["state"] == State.IDLE
            story.set(first=0, idle=0)

    tell(story)


def test_an_abort_forgets_a_tile_that_waits_but_not_half_of_it() -> None:
    async def story(story: Story) -> None:
        await story.send(words_of(tile_file(NEW, 0)))
        await story.master.write(Register.CONTROL, 3)
        assert (await story.status())["state"] == State.IDLE
        await story.border()
        assert story.written[0] == {}
        story.set(first=0, idle=0)
        await story.send(words_of(tile_file(NEW, 1)))
        story.set(first=1, idle=1)
        await story.cycle(5)
        await story.master.write(Register.CONTROL, 3)
        await story.border()
        assert story.written[0] == place_of(NEW, 1)

    tell(story)


def sealed(words: Sequence[int]) -> list[int]:
    return [*words, zlib.crc32(struct.pack(f"<{len(words)}I", *words))]


GOOD = words_of(tile_file(NEW, 1))
FOREIGN = memories(((8, 2, 3), *SHAPE[1:]))
REFUSED = {
    "no such tile": (sealed([*GOOD[:3], 3, *GOOD[4:-1]]), Refusal.TILE),
    "a number of 32 bits": (sealed([*GOOD[:3], 1 << 31 | 1, *GOOD[4:-1]]), Refusal.TILE),
    "other magic": (sealed([TILE_MAGIC ^ 1 << 20, *GOOD[1:-1]]), Refusal.MAGIC),
    "another core": (words_of(tile_file(FOREIGN, 1)), Refusal.SHAPE),
    "length of a picture": (sealed([*GOOD[:2], words_of(weights_file(NEW))[2], *GOOD[3:-1]]), Refusal.LENGTH),
    "cut at the tile": (GOOD[:4], Refusal.TRUNCATED),
    "cut in the body": (GOOD[:9], Refusal.TRUNCATED),
    "a word too many": ([*GOOD, 0], Refusal.TOO_LONG),
    "a bit of the tile": ([*GOOD[:3], 2, *GOOD[4:]], Refusal.CHECKSUM),
    "a bit of the body": ([*GOOD[:7], GOOD[7] ^ 4, *GOOD[8:]], Refusal.CHECKSUM),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_tile_is_refused_and_the_next_one_is_taken(case: str) -> None:
    words, reason = REFUSED[case]

    async def story(story: Story) -> None:
        await story.send(words)
        status = await story.status()
        assert (status["state"], status["error"]) == (State.IDLE, reason)
        await story.border()
        assert story.written == {0: {}, 1: {}}
        story.set(first=0)
        await story.send(GOOD)
        await story.border()
        assert story.written[0] == place_of(NEW, 1)

    tell(story)


def test_before_the_first_picture_there_is_none_to_change() -> None:
    async def story(story: Story) -> None:
        await story.send(GOOD)
        assert (await story.status())["error"] == Refusal.TILE
        await story.send(words_of(weights_file(NEW)))
        assert (await story.status())["state"] == State.COMPLETE

    tell(story, starts_empty=True)


def test_a_file_of_a_tile_is_that_of_its_words() -> None:
    words = words_of(tile_file(NEW, 2))
    assert words[:4] == [TILE_MAGIC, shape_digest(NEW), len(words) - 5, 2]
    assert words == sealed(words[:-1])
    assert words_of(tile_file(OLD, 2))[:4] == words[:4]
