"""Flips in memories are repaired before a frame; after a file was loaded its checks are learned."""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from support.behind_axi import BehindAxi, Master

from inrhw.core.registers.loader import Loader
from inrhw.core.registers.loader_map import FIELDS, Register, State
from inrhw.core.registers.scrubber import pieces
from inrhw.core.registers.walk import walk_clocks
from inrhw.core.registers.weight_file import weights_file
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import WeightMemory

#: Words of one, two and three pieces.
RIGHT = (Contents("wide", 70, (1 << 69 | 5, 7, 1 << 64)), Contents("a", 40, (1, 2, 1 << 39)))
OTHER = (Contents("wide", 70, (3, 1 << 68, 9)), Contents("a", 40, (1 << 38, 6, 5)))
PIECES = list(pieces(RIGHT))


_STOPPED = FIELDS[Register.STATUS]["stopped"].mask


class Bench:
    """A loader that scrubs, with memories of two clocks' way, and a network that is never busy."""

    def __init__(self, stored: tuple[Contents, ...], *, starts_empty: bool = False) -> None:
        self.module = m = Module()
        self.loader = loader = BehindAxi(Loader(RIGHT, starts_empty, scrubs=True))
        loader.add_to(m)
        read_data: Any = 0
        for number, memory in enumerate(stored):
            m.submodules[f"memory{number}"] = component = WeightMemory(memory, number)
            for name in ("memory", "address", "bank", "write", "data", "read"):
                late = Signal.like(getattr(loader.bus, name), name=f"{name}{number}")
                m.d.sync += late.eq(getattr(loader.bus, name))
                m.d.comb += getattr(component.load, name).eq(late)
            read_data = read_data | component.load.read_data
        m.d.sync += (answer := Signal.like(loader.bus.read_data)).eq(read_data)
        m.d.comb += loader.bus.read_data.eq(answer)
        self.corrected = self.uncorrected = 0

    def run(self, story: Any) -> None:
        simulator = Simulator(self.module)
        simulator.add_clock(1e-6)

        async def bench(ctx: Any) -> None:
            self.ctx, self.bus = ctx, Master(ctx, self.loader, self.clock)
            for name in ("first", "idle", "wanted"):
                ctx.set(getattr(self.loader, name), 1)
            await story(self)

        simulator.add_testbench(bench)
        simulator.run()

    async def clock(self) -> None:
        self.corrected += self.ctx.get(self.loader.corrected)
        self.uncorrected += self.ctx.get(self.loader.uncorrected)
        await self.ctx.tick()

    async def until_free(self) -> int:
        """Wait for the walk, and return how long it took."""
        clocks = 0
        while self.ctx.get(self.loader.hold):
            await self.clock()
            clocks += 1
            assert clocks < 100 * walk_clocks(len(PIECES)), "the walk never ends"
        return clocks

    async def begin(self) -> int:
        """Begin a frame and return its bank; another one may follow at once."""
        ctx, loader = self.ctx, self.loader
        ctx.set(loader.begin, 1)
        bank = int(ctx.get(loader.bank))
        await self.clock()
        ctx.set(loader.begin, 0)
        ctx.set(loader.oldest_bank, bank)
        return bank

    async def load(self, contents: tuple[Contents, ...]) -> None:
        """Load a file by DATA; a walk may be under way."""
        data = weights_file(contents)
        for k in range(0, len(data), 4):
            assert await self.bus.write(Register.DATA, int.from_bytes(data[k : k + 4], "little")) == 0
        for _ in range(12):
            await self.clock()
        assert (await self.bus.read(Register.STATUS))[0] & 3 == State.COMPLETE

    async def contents(self, bank: int) -> tuple[tuple[int, ...], ...]:
        """Read all words back."""
        await self.bus.write(Register.CONTROL, 0)
        self.ctx.set(self.loader.stopped, 1)
        while not (await self.bus.read(Register.STATUS))[0] & _STOPPED:
            pass
        found = []
        for number, memory in enumerate(RIGHT):
            words = []
            for address in range(memory.depth):
                word = 0
                for chunk in range(-(-memory.width // 32)):
                    select = address | number << 16 | chunk << 28 | bank << 30
                    await self.bus.write(Register.READ_SELECT, select)
                    word |= (await self.bus.read(Register.READ_DATA))[0] << 32 * chunk
                words.append(word)
            found.append(tuple(words))
        await self.bus.write(Register.CONTROL, 1)
        self.ctx.set(self.loader.stopped, 0)
        return tuple(found)


def words(contents: tuple[Contents, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(memory.words for memory in contents)


def struck(contents: tuple[Contents, ...], flips: int) -> tuple[Contents, ...]:
    """Return memories in each of whose words these bits flipped, as far as it has them."""
    return tuple(
        replace(each, words=tuple(word ^ flips % (1 << each.width) for word in each.words))
        for each in contents
    )


def test_without_flips_a_frame_waits_for_one_walk_and_nothing_changes() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.until_free() == walk_clocks(len(PIECES))
        assert await bench.begin() == 0
        assert await bench.contents(0) == words(RIGHT)
        assert (bench.corrected, bench.uncorrected) == (0, 0)

    Bench(RIGHT).run(story)


@pytest.mark.parametrize("place", [0, 33, 69])
def test_a_flip_in_every_word_is_repaired_before_the_frame_and_only_then(place: int) -> None:
    async def story(bench: Bench) -> None:
        await bench.until_free()
        hit = sum(memory.depth for memory in RIGHT if memory.width > place)
        assert (bench.corrected, bench.uncorrected) == (hit, 0)
        await bench.begin()
        assert await bench.contents(0) == words(RIGHT)
        # The next walk finds nothing.
        await bench.until_free()
        assert bench.corrected == hit

    Bench(struck(RIGHT, 1 << place)).run(story)


def test_two_flips_of_a_piece_are_told_at_each_walk_and_stay() -> None:
    async def story(bench: Bench) -> None:
        for walks in (1, 2):
            await bench.until_free()
            assert (bench.corrected, bench.uncorrected) == (0, 6 * walks)
            await bench.begin()
        assert await bench.contents(0) == words(struck(RIGHT, 0b1010))

    Bench(struck(RIGHT, 0b1010)).run(story)


@pytest.mark.parametrize("starts_empty", [False, True])
def test_the_checks_of_a_file_are_learned_before_its_first_frame(starts_empty: bool) -> None:
    async def story(bench: Bench) -> None:
        if not starts_empty:
            await bench.until_free()
            await bench.begin()
        await bench.load(OTHER)
        assert await bench.until_free() > 0
        assert await bench.begin() == 1
        await bench.until_free()
        await bench.begin()
        assert await bench.contents(1) == words(OTHER)
        assert (bench.corrected, bench.uncorrected) == (0, 0)

    Bench(RIGHT, starts_empty=starts_empty).run(story)


def test_a_picture_that_was_given_up_leaves_the_checks_of_the_one_that_is_shown() -> None:
    async def story(bench: Bench) -> None:
        await bench.until_free()
        await bench.begin()
        await bench.load(OTHER)
        await bench.until_free()
        await bench.bus.write(Register.CONTROL, 0b11)
        await bench.until_free()
        assert await bench.begin() == 0
        await bench.until_free()
        assert await bench.contents(0) == words(RIGHT)
        assert (bench.corrected, bench.uncorrected) == (0, 0)

    Bench(RIGHT).run(story)


def test_a_file_under_way_does_not_hold_a_frame_up() -> None:
    async def story(bench: Bench) -> None:
        await bench.until_free()
        await bench.begin()
        await bench.bus.write(Register.DATA, int.from_bytes(b"INRW", "little"))
        assert await bench.until_free() == 0

    Bench(RIGHT).run(story)
