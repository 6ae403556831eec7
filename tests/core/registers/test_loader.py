import functools
import random
import struct
import zlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st
from support.behind_axi import BehindAxi
from support.reused import Reused

from inrhw.core.registers.loader import Loader
from inrhw.core.registers.loader_map import FIELDS, READABLE, WRITABLE, Refusal, Register, State
from inrhw.core.registers.weight_file import MAGIC, body_words, shape_digest, weights_file
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import WeightMemory

OKAY, SLVERR = 0, 2

#: Words of one, two and three chunks, and two equal memories in a row.
TOY = (
    Contents("wide", 70, (1 << 69 | 5, 7, 1 << 64)),
    Contents("one", 9, (300,)),
    Contents("a", 40, (1, 2, 3, 4, 1 << 39)),
    Contents("b", 40, (9, 8, 7, 6, 5)),
)


def other(seed: int = 1) -> tuple[Contents, ...]:
    """Return the memories of the toy with other words."""
    rng = random.Random(seed)
    return tuple(
        replace(memory, words=tuple(rng.randrange(1 << memory.width) for _ in memory.words)) for memory in TOY
    )


def words_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def sealed(words: Sequence[int]) -> list[int]:
    """Return the words with a right checksum behind them."""
    return [*words, zlib.crc32(struct.pack(f"<{len(words)}I", *words))]


GOOD = words_of(weights_file(other()))


@dataclass
class Bench:
    """A loader with its memories, and somebody who talks AXI to it."""

    ctx: Any
    loader: BehindAxi
    domain: ClockDomain
    rng: random.Random

    async def idle(self) -> None:
        """Sometimes let some cycles pass."""
        if self.rng.random() < 0.3:
            await self.ctx.tick().repeat(self.rng.randrange(1, 4))

    async def cycle(self, n: int = 1) -> None:
        await self.ctx.tick().repeat(n)

    async def transfer(self, channels: dict[str, dict[str, int]]) -> None:
        """Send one transfer on each channel, each beginning when it likes."""
        ctx, loader = self.ctx, self.loader
        waiting = {name: self.rng.randrange(3) for name in channels}
        while waiting:
            for name, delay in waiting.items():
                if delay == 0:
                    ctx.set(getattr(loader, f"s_axi_{name}valid"), 1)
                    for signal, value in channels[name].items():
                        ctx.set(getattr(loader, f"s_axi_{signal}"), value)
            taken = [
                name
                for name, delay in waiting.items()
                if delay == 0 and ctx.get(getattr(loader, f"s_axi_{name}ready"))
            ]
            await ctx.tick()
            for name in taken:
                ctx.set(getattr(loader, f"s_axi_{name}valid"), 0)
            waiting = {name: max(delay - 1, 0) for name, delay in waiting.items() if name not in taken}

    async def respond(self, channel: str) -> int:
        """Wait for the response, let it wait, take it, and return what it says."""
        ctx, loader = self.ctx, self.loader
        valid, response = (getattr(loader, f"s_axi_{channel}{name}") for name in ("valid", "resp"))
        deadline = 100
        while not ctx.get(valid):
            await ctx.tick()
            deadline -= 1
            assert deadline, "no response"
        first = ctx.get(response)
        await self.idle()
        assert (ctx.get(valid), ctx.get(response)) == (1, first)
        ctx.set(getattr(loader, f"s_axi_{channel}ready"), 1)
        await ctx.tick()
        ctx.set(getattr(loader, f"s_axi_{channel}ready"), 0)
        return int(first)

    async def write(self, address: int, value: int, strobes: int = 15) -> int:
        """Write and return the response."""
        await self.transfer({"aw": {"awaddr": address}, "w": {"wdata": value, "wstrb": strobes}})
        return await self.respond("b")

    async def read(self, address: int) -> tuple[int, int]:
        """Read and return value and response."""
        await self.transfer({"ar": {"araddr": address}})
        response = await self.respond("r")
        return self.ctx.get(self.loader.s_axi_rdata), response

    async def control(self, *, run: bool = True, abort: bool = False) -> None:
        assert await self.write(Register.CONTROL, run | abort << 1) == OKAY

    async def status(self) -> dict[str, int]:
        value, response = await self.read(Register.STATUS)
        assert response == OKAY
        fields = FIELDS[Register.STATUS]
        assert not value & ~sum(field.mask for field in fields.values())
        return {name: (value & field.mask) >> field.low for name, field in fields.items()}

    async def send(self, words: Sequence[int], *, last: bool = True, patience: int = 60) -> int:
        """Send words by the stream, tlast with the last one; return how many were taken in time."""
        ctx, loader = self.ctx, self.loader
        for k, word in enumerate(words):
            await self.idle()
            ctx.set(loader.s_weights_tdata, word)
            ctx.set(loader.s_weights_tlast, last and k == len(words) - 1)
            ctx.set(loader.s_weights_tvalid, 1)
            for _ in range(patience):
                ready = ctx.get(loader.s_weights_tready)
                if ready:
                    break
                await ctx.tick()
            else:
                ctx.set(loader.s_weights_tvalid, 0)
                return k
            await ctx.tick()
            ctx.set(loader.s_weights_tvalid, 0)
            ctx.set(loader.s_weights_tlast, 0)
        return len(words)

    async def store(self, words: Sequence[int]) -> list[int]:
        """Write words to DATA; return the responses."""
        return [await self.write(Register.DATA, word) for word in words]

    async def settle(self) -> None:
        await self.cycle(20)

    async def begin(self) -> int:
        """Begin a frame and return the bank it got; it has left the network a while later."""
        ctx, loader = self.ctx, self.loader
        ctx.set(loader.begin, 1)
        ctx.set(loader.stopped, 0)
        bank = int(ctx.get(loader.bank))
        await ctx.tick()
        ctx.set(loader.begin, 0)
        return bank

    def leaves(self, bank: int) -> None:
        self.ctx.set(self.loader.oldest_bank, bank)

    async def contents(self, bank: int) -> tuple[Contents, ...]:
        """Read all memories back."""
        await self.control(run=False)
        self.ctx.set(self.loader.stopped, 1)
        found = []
        for number, memory in enumerate(TOY):
            values = []
            for address in range(memory.depth):
                value = 0
                for chunk in range(-(-memory.width // 32)):
                    select = address | number << 16 | chunk << 28 | bank << 30
                    assert await self.write(Register.READ_SELECT, select) == OKAY
                    word, response = await self.read(Register.READ_DATA)
                    assert response == OKAY
                    value |= word << 32 * chunk
                values.append(value)
            found.append(replace(memory, words=tuple(values)))
        await self.control(run=True)
        return tuple(found)


def simulate(
    story: Callable[[Bench], Coroutine[Any, Any, None]], *, starts_empty: bool = False, seed: int = 0
) -> None:
    """Run a story with the toy."""
    loader, domain, circuit = toy(starts_empty)

    async def bench(ctx: Any) -> None:
        await story(Bench(ctx, loader, domain, random.Random(seed)))

    circuit.run(bench)


@functools.cache
def toy(starts_empty: bool) -> tuple[BehindAxi, ClockDomain, Reused]:
    """Return a loader and its memories, which are in use by nobody else."""
    m = Module()
    m.domains.sync = domain = ClockDomain()
    loader = BehindAxi(Loader(TOY, starts_empty))
    loader.add_to(m)
    memories = [WeightMemory(memory, number) for number, memory in enumerate(TOY)]
    read_data = 0
    for number, memory in enumerate(memories):
        m.submodules[f"memory{number}"] = memory
        for name in ("memory", "address", "bank", "write", "data", "read"):
            m.d.comb += getattr(memory.load, name).eq(getattr(loader.bus, name))
        read_data = read_data | memory.load.read_data
    m.d.comb += loader.bus.read_data.eq(read_data)
    return loader, domain, Reused(m)


async def loads_well(bench: Bench, shown: int = 0, seed: int = 5) -> None:
    """Send a good file and see it arrive in the bank that is not shown, and be shown next."""
    contents = other(seed)
    data = weights_file(contents)
    assert await bench.send(words_of(data)) == len(data) // 4
    await bench.settle()
    status = await bench.status()
    assert (status["state"], status["error"], status["bank"]) == (State.COMPLETE, Refusal.NONE, shown)
    assert (await bench.read(Register.CHECKSUM))[0] == zlib.crc32(data[:-4])
    assert (await bench.read(Register.WORDS))[0] == len(data) // 4
    assert await bench.contents(1 - shown) == contents
    assert await bench.begin() == 1 - shown


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("by", ["stream", "DATA"])
def test_a_file_reaches_the_other_bank_and_only_that(by: str, seed: int) -> None:
    async def story(bench: Bench) -> None:
        if by == "stream":
            assert await bench.send(GOOD) == len(GOOD)
        else:
            assert await bench.store(GOOD) == [OKAY] * len(GOOD)
        await bench.settle()
        assert (await bench.status())["state"] == State.COMPLETE
        assert await bench.contents(1) == other()
        assert await bench.contents(0) == TOY

    simulate(story, seed=seed)


def test_the_switch_is_in_the_cycle_in_which_a_frame_begins() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        assert await bench.begin() == 0
        assert await bench.send(GOOD) == len(GOOD)
        await bench.settle()
        for _ in range(5):
            assert ctx.get(loader.bank) == 0
            await ctx.tick()
        ctx.set(loader.begin, 1)
        assert ctx.get(loader.bank) == 1
        await ctx.tick()
        ctx.set(loader.begin, 0)
        for _ in range(5):
            assert ctx.get(loader.bank) == 1
            await ctx.tick()
        assert await bench.begin() == 1

    simulate(story)


def test_a_frame_that_begins_while_a_file_comes_shows_the_old_picture() -> None:
    async def story(bench: Bench) -> None:
        for word in GOOD[:-1]:
            assert await bench.send([word], last=False) == 1
            assert await bench.begin() == 0
        assert await bench.send(GOOD[-1:]) == 1
        await bench.settle()
        assert await bench.begin() == 1

    simulate(story)


def test_the_switch_waits_until_the_last_word_is_in_its_memory() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        assert await bench.send(GOOD[:-2], last=False) == len(GOOD) - 2
        for word, last in ((GOOD[-2], 0), (GOOD[-1], 1)):
            ctx.set(loader.s_weights_tdata, word)
            ctx.set(loader.s_weights_tvalid, 1)
            ctx.set(loader.s_weights_tlast, last)
            assert ctx.get(loader.s_weights_tready)
            await ctx.tick()
        ctx.set(loader.s_weights_tvalid, 0)
        ctx.set(loader.begin, 1)
        waited = 0
        while not ctx.get(loader.bank):
            await ctx.tick()
            waited += 1
        assert 8 <= waited < 20

    simulate(story)


FOREIGN = words_of(weights_file([replace(TOY[0], name="of_another_core"), *TOY[1:]]))
REFUSED = {
    "bad magic": ([MAGIC ^ 1, *GOOD[1:]], Refusal.MAGIC),
    "one word of nonsense": ([0], Refusal.MAGIC),
    "other shape": (FOREIGN, Refusal.SHAPE),
    "other length": (sealed([*GOOD[:2], GOOD[2] + 1, *GOOD[3:-1]]), Refusal.LENGTH),
    "cut in the header": (GOOD[:2], Refusal.TRUNCATED),
    "cut in the body": (GOOD[:9], Refusal.TRUNCATED),
    "without checksum": (GOOD[:-1], Refusal.TRUNCATED),
    "a word too many": ([*GOOD, 0], Refusal.TOO_LONG),
    "many words too many": (GOOD * 2, Refusal.TOO_LONG),
    "a bit of the body": ([*GOOD[:7], GOOD[7] ^ 4, *GOOD[8:]], Refusal.CHECKSUM),
    "a bit of the checksum": ([*GOOD[:-1], GOOD[-1] ^ 1 << 31], Refusal.CHECKSUM),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_stream_is_refused_the_picture_stays_and_the_next_file_loads(case: str) -> None:
    words, reason = REFUSED[case]

    async def story(bench: Bench) -> None:
        assert await bench.send(words) == len(words)
        await bench.settle()
        status = await bench.status()
        assert (status["state"], status["error"], status["bank"]) == (State.IDLE, reason, 0)
        assert await bench.begin() == 0
        assert await bench.contents(0) == TOY
        await loads_well(bench)

    simulate(story)


@pytest.mark.parametrize("case", ["bad magic", "other shape", "other length", "a bit of the body"])
def test_a_bad_file_by_register_is_refused_and_the_next_loads_after_an_abort(case: str) -> None:
    words, reason = REFUSED[case]

    async def story(bench: Bench) -> None:
        assert await bench.store(words) == [OKAY] * len(words)
        await bench.settle()
        status = await bench.status()
        ended = case == "a bit of the body"
        assert (status["state"], status["error"]) == (State.IDLE if ended else State.REFUSED, reason)
        assert await bench.begin() == 0
        await bench.control(abort=True)
        status = await bench.status()
        assert (status["state"], status["error"], status["ready"]) == (State.IDLE, Refusal.NONE, 1)
        assert await bench.store(GOOD) == [OKAY] * len(GOOD)
        await bench.settle()
        assert await bench.begin() == 1

    simulate(story)


def test_no_damage_of_a_word_is_accepted() -> None:
    async def story(bench: Bench) -> None:
        for place in range(len(GOOD)):
            flips = bench.rng.choice([1 << bench.rng.randrange(32), bench.rng.randrange(1, 1 << 32)])
            words = [*GOOD[:place], GOOD[place] ^ flips, *GOOD[place + 1 :]]
            assert await bench.send(words) == len(words)
            status = await bench.status()
            assert (status["state"], status["error"] != Refusal.NONE) == (State.IDLE, True)
            assert await bench.begin() == 0
        await loads_well(bench)

    simulate(story)


def test_nothing_is_taken_while_a_picture_waits_or_the_old_one_is_in_use() -> None:
    async def story(bench: Bench) -> None:
        async def takes_nothing() -> None:
            assert (await bench.status())["ready"] == 0
            assert await bench.send(GOOD) == 0
            assert await bench.write(Register.DATA, GOOD[0]) == SLVERR

        assert await bench.begin() == 0
        assert await bench.send(GOOD) == len(GOOD)
        await bench.settle()
        await takes_nothing()
        assert await bench.begin() == 1
        status = await bench.status()
        assert (status["state"], status["bank"]) == (State.IDLE, 1)
        await takes_nothing()
        bench.leaves(1)
        assert (await bench.status())["ready"] == 1
        await loads_well(bench, shown=1)

    simulate(story)


def test_a_core_that_is_stopped_has_no_bank_in_use() -> None:
    async def story(bench: Bench) -> None:
        bench.ctx.set(bench.loader.stopped, 1)
        bench.leaves(1)
        assert (await bench.status())["ready"] == 1
        await loads_well(bench)

    simulate(story)


def test_a_reset_aborts_a_file_and_keeps_what_was_loaded() -> None:
    async def story(bench: Bench) -> None:
        ctx = bench.ctx

        async def reset() -> None:
            ctx.set(bench.domain.rst, 1)
            assert not ctx.get(bench.loader.s_weights_tready)
            assert not ctx.get(
                bench.loader.s_axi_awready | bench.loader.s_axi_wready | bench.loader.s_axi_arready
            )
            await ctx.tick()
            ctx.set(bench.domain.rst, 0)

        assert await bench.send(GOOD) == len(GOOD)
        await bench.settle()
        await reset()
        assert (await bench.status())["state"] == State.COMPLETE
        assert await bench.begin() == 1
        bench.leaves(1)
        assert await bench.send(GOOD[:10], last=False) == 10
        await reset()
        status = await bench.status()
        assert (status["state"], status["bank"], status["ready"]) == (State.IDLE, 1, 1)
        # What is left of the file is no file; the one behind it is.
        assert await bench.send(GOOD[10:]) == len(GOOD) - 10
        assert (await bench.status())["error"] == Refusal.MAGIC
        assert await bench.contents(1) == other()
        await loads_well(bench, shown=1)

    simulate(story)


def test_an_abort_forgets_the_file_under_way_and_the_picture_that_waits() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.send(GOOD[:10], last=False) == 10
        await bench.control(abort=True)
        assert await bench.send(GOOD) == len(GOOD)
        await bench.settle()
        assert (await bench.status())["state"] == State.COMPLETE
        await bench.control(abort=True)
        assert (await bench.status())["state"] == State.IDLE
        assert await bench.begin() == 0
        await loads_well(bench)

    simulate(story)


def test_a_file_belongs_to_the_port_that_began_it() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.send(GOOD[:5], last=False) == 5
        assert await bench.write(Register.DATA, GOOD[5]) == SLVERR
        assert await bench.send(GOOD[5:]) == len(GOOD) - 5
        await bench.settle()
        assert await bench.begin() == 1
        bench.leaves(1)
        assert await bench.store(GOOD[:5]) == [OKAY] * 5
        assert await bench.send([GOOD[5]]) == 0
        assert await bench.store(GOOD[5:]) == [OKAY] * (len(GOOD) - 5)
        await bench.settle()
        assert await bench.begin() == 0

    simulate(story)


def test_without_gaps_the_stream_takes_a_word_a_cycle() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        ctx.set(loader.s_weights_tvalid, 1)
        for k, word in enumerate(GOOD):
            ctx.set(loader.s_weights_tdata, word)
            ctx.set(loader.s_weights_tlast, k == len(GOOD) - 1)
            assert ctx.get(loader.s_weights_tready)
            await ctx.tick()
        ctx.set(loader.s_weights_tvalid, 0)
        await bench.settle()
        assert await bench.contents(1) == other()

    simulate(story)


def test_memories_are_read_only_when_stopped_and_no_frame_begins_meanwhile() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        ctx.set(loader.stopped, 1)
        assert await bench.read(Register.READ_DATA) == (0, SLVERR)
        await bench.control(run=False)
        assert ctx.get(loader.run) == 0
        ctx.set(loader.stopped, 0)
        assert (await bench.status())["stopped"] == 0
        assert await bench.read(Register.READ_DATA) == (0, SLVERR)
        ctx.set(loader.stopped, 1)
        assert (await bench.status())["stopped"] == 1
        await bench.transfer({"ar": {"araddr": Register.READ_DATA}})
        await bench.transfer({"aw": {"awaddr": Register.CONTROL}, "w": {"wdata": 1, "wstrb": 15}})
        quiet, value = 0, -1
        ctx.set(loader.s_axi_rready, 1)
        while not ctx.get(loader.run):
            if ctx.get(loader.s_axi_rvalid):
                value = ctx.get(loader.s_axi_rdata)
            quiet = 0 if ctx.get(loader.bus.read) else quiet + 1
            await ctx.tick()
        assert value == TOY[0].words[0] & 0xFFFFFFFF
        assert quiet >= 8

    simulate(story)


def test_a_file_can_come_while_memories_are_read() -> None:
    async def story(bench: Bench) -> None:
        await bench.control(run=False)
        bench.ctx.set(bench.loader.stopped, 1)
        read = []
        for word in GOOD:
            await bench.transfer({"ar": {"araddr": Register.READ_DATA}})
            assert await bench.send([word], last=word == GOOD[-1]) == 1
            assert await bench.respond("r") == OKAY
            read.append(bench.ctx.get(bench.loader.s_axi_rdata))
        assert set(read) == {TOY[0].words[0] & 0xFFFFFFFF}
        await bench.settle()
        assert await bench.contents(1) == other()

    simulate(story)


def test_a_core_that_starts_empty_waits_for_its_first_picture() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        assert (ctx.get(loader.run), (await bench.status())["showing"]) == (0, 0)
        assert await bench.send(FOREIGN) == len(FOREIGN)
        await bench.settle()
        assert ctx.get(loader.run) == 0
        assert await bench.send(GOOD) == len(GOOD)
        await bench.settle()
        assert ctx.get(loader.run) == 1
        assert await bench.begin() == 1
        assert (ctx.get(loader.run), (await bench.status())["showing"]) == (1, 1)

    simulate(story, starts_empty=True)


def test_no_frame_begins_when_the_first_picture_is_complete_in_the_middle_of_a_read() -> None:
    async def story(bench: Bench) -> None:
        ctx, loader = bench.ctx, bench.loader
        ctx.set(loader.stopped, 1)
        assert await bench.send(GOOD) == len(GOOD)
        await bench.transfer({"ar": {"araddr": Register.READ_DATA}})
        waited, reads = 0, 0
        while not ctx.get(loader.run):
            reads += ctx.get(loader.bus.read)
            waited += 1
            await ctx.tick()
        assert (waited > 10, reads >= 8) == (True, True)
        assert not ctx.get(loader.bus.read)
        assert await bench.respond("r") == OKAY
        assert (await bench.status())["state"] == State.COMPLETE

    simulate(story, starts_empty=True)


def test_every_access_gets_its_own_response_however_late_it_is_taken() -> None:
    async def story(bench: Bench) -> None:
        await bench.transfer({"aw": {"awaddr": Register.CONTROL}, "w": {"wdata": 0, "wstrb": 15}})
        await bench.cycle(5)
        await bench.transfer({"aw": {"awaddr": Register.ID}, "w": {"wdata": 0, "wstrb": 15}})
        await bench.cycle(5)
        assert [await bench.respond("b"), await bench.respond("b")] == [OKAY, SLVERR]
        await bench.transfer({"ar": {"araddr": Register.ID}})
        await bench.cycle(5)
        await bench.transfer({"ar": {"araddr": Register.SHAPE}})
        await bench.cycle(5)
        found = []
        for _ in range(2):
            assert await bench.respond("r") == OKAY
            found.append(bench.ctx.get(bench.loader.s_axi_rdata))
            await bench.cycle(2)
        assert found == [MAGIC, shape_digest(TOY)]

    simulate(story)


def test_registers_say_what_they_should_and_refuse_the_rest() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.read(Register.ID) == (MAGIC, OKAY)
        assert await bench.read(Register.SHAPE) == (shape_digest(TOY), OKAY)
        assert await bench.read(Register.CONTROL) == (1, OKAY)
        assert await bench.read(Register.CHECKSUM) == (0, OKAY)
        for select in (0x7FFFFFFF, 0x2AAAAAAA):
            assert await bench.write(Register.READ_SELECT, select) == OKAY
            assert await bench.read(Register.READ_SELECT) == (select, OKAY)
        for address in range(64):
            if address not in set(READABLE):
                assert await bench.read(address) == (0, SLVERR)
            if address not in set(WRITABLE):
                assert await bench.write(address, 0xFFFFFFFF) == SLVERR
        for strobes in range(15):
            assert await bench.write(Register.CONTROL, 0, strobes) == SLVERR
        assert await bench.read(Register.CONTROL) == (1, OKAY)
        assert await bench.read(Register.WORDS) == (0, OKAY)
        assert await bench.read(Register.READ_SELECT) == (0x2AAAAAAA, OKAY)

    simulate(story)


@pytest.mark.slow
@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 72), st.integers(1, 5)), min_size=1, max_size=9), st.integers(0, 99))
def test_every_word_of_every_shape_goes_to_its_place(shape: list[tuple[int, int]], seed: int) -> None:
    rng = random.Random(seed)
    contents = [
        Contents(f"m{k}", width, tuple(rng.randrange(1 << width) for _ in range(depth)))
        for k, (width, depth) in enumerate(shape)
    ]
    loader = BehindAxi(Loader(contents, starts_empty=False))
    simulator = Simulator(loader.module())
    simulator.add_clock(1e-6)
    written: list[tuple[int, int, int]] = []

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        words = words_of(weights_file(contents))
        assert len(words) == body_words(contents) + 4
        bus = loader.bus
        for word in [*words, None]:
            ctx.set(loader.s_weights_tvalid, word is not None)
            ctx.set(loader.s_weights_tdata, word or 0)
            if ctx.get(bus.write):
                number = ctx.get(bus.memory)
                word_mask = (1 << contents[number].width) - 1
                written.append((number, ctx.get(bus.address), ctx.get(bus.data) & word_mask))
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
    assert written == [
        (number, address, word)
        for number, memory in enumerate(contents)
        for address, word in enumerate(memory.words)
    ]
