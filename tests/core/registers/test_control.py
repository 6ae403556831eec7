import functools
import random
import re
from collections.abc import Callable, Coroutine
from dataclasses import astuple, replace
from typing import Any

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st
from support.behind_axi import BehindAxi, Master
from support.cores import core, folded, frame
from support.driven import Driven
from support.places import DOCS
from support.reused import Reused

import inrhw
from inrhw.base.errors import InputError
from inrhw.core.core import Core
from inrhw.core.registers.axi_lite import OKAY, SLVERR
from inrhw.core.registers.control import Control
from inrhw.core.registers.control_map import (
    CONTROL_FIELDS,
    CONTROL_ID,
    CONTROL_WRITABLE,
    WINDOW_REGISTERS,
    ControlRegister,
    control_fields,
    control_registers,
)
from inrhw.core.registers.loader_map import Register
from inrhw.core.registers.weight_file import MAGIC
from inrhw.core.sources.window import WindowSource
from inrhw.signals.grid import Grid
from inrhw.signals.window import Window

PIXELS, CREDITS = 6, 4
GRID = Grid(3, 2)
FIELDS = CONTROL_FIELDS[ControlRegister.STATUS]
RUN, CONTINUOUS, INTERRUPT, START, CLEAR = (
    field.mask for field in CONTROL_FIELDS[ControlRegister.CONTROL].values()
)


class Bench(Master):
    """A control page beside a core of which only the number of pixels under way is modelled."""

    def __init__(self, ctx: Any, control: BehindAxi, seed: int, pixels: int) -> None:
        super().__init__(ctx, control, self.cycle)
        self.pixels = pixels
        self.control, self.rng = control, random.Random(seed)
        self.admitted = self.taken = self.cycles = 0
        #: Chance that m_axis_tready is high, and pixels that have been ready to leave at once so far.
        self.share, self.delay = 1.0, 2
        self.under_way: list[int] = []
        #: Cycles in which a register was written, a frame began and a frame was done.
        self.writes: list[int] = []
        self.begun: list[int] = []
        self.done: list[int] = []

    async def cycle(self) -> None:
        ctx, control = self.ctx, self.control
        admit = ctx.get(control.allow) and len(self.under_way) < CREDITS
        valid = bool(self.under_way) and self.under_way[0] <= self.cycles
        ready = self.rng.random() < self.share
        for port, value in (
            ("admit", admit),
            ("valid", valid),
            ("ready", ready),
            ("idle", not self.under_way),
        ):
            ctx.set(getattr(control, port), value)
        if ctx.get(control.registers.write):
            self.writes.append(self.cycles)
        if valid and ready:
            self.under_way.pop(0)
            self.taken += 1
            if self.taken % self.pixels == 0:
                self.done.append(self.cycles)
        if admit:
            if self.admitted % self.pixels == 0:
                self.begun.append(self.cycles)
            self.under_way.append(self.cycles + self.delay)
            self.admitted += 1
        self.cycles += 1
        await ctx.tick()

    async def idle(self, cycles: int = 40) -> None:
        for _ in range(cycles):
            await self.cycle()

    async def get(self, register: ControlRegister) -> int:
        value, response = await self.read(register)
        assert response == OKAY
        return int(value)

    async def put(self, register: ControlRegister, value: int) -> None:
        assert await self.write(register, value) == OKAY

    async def status(self, name: str) -> bool:
        return bool(await self.get(ControlRegister.STATUS) & FIELDS[name].mask)


def simulate(
    story: Callable[[Bench], Coroutine[Any, Any, None]],
    seed: int = 0,
    window: WindowSource | None = None,
    grid: Grid = GRID,
) -> None:
    control, circuit = page(grid, window)

    async def bench(ctx: Any) -> None:
        await story(Bench(ctx, control, seed, grid.pixels))

    circuit.run(bench)


@functools.cache
def page(grid: Grid, window: WindowSource | None) -> tuple[BehindAxi, Reused]:
    control = BehindAxi(Control([grid], CREDITS, window))
    return control, Reused(control.module())


def test_registers_say_what_the_core_is() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.get(ControlRegister.ID) == CONTROL_ID
        version = await bench.get(ControlRegister.VERSION)
        assert ".".join(str(version >> k & 255) for k in (16, 8, 0)) == inrhw.__version__
        assert await bench.get(ControlRegister.SIZE) == 3 | 2 << 16

    simulate(story)


def test_without_a_program_frame_follows_frame() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.get(ControlRegister.CONTROL) == RUN | CONTINUOUS
        await bench.idle(100)
        assert bench.taken > 90
        assert not bench.ctx.get(bench.control.interrupt)

    simulate(story)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_one_start_gives_one_frame_and_no_pixel_of_another(share: float) -> None:
    async def story(bench: Bench) -> None:
        bench.share = share
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle(300)
        frames = bench.admitted // PIXELS
        assert bench.admitted == bench.taken == frames * PIXELS
        assert await bench.status("waiting")
        assert not await bench.status("busy")
        await bench.idle()
        for _ in range(3):
            await bench.put(ControlRegister.CONTROL, RUN | START)
            await bench.idle(300)
            frames += 1
            assert bench.admitted == bench.taken == frames * PIXELS
        assert await bench.get(ControlRegister.FRAMES) == frames

    simulate(story)


def test_a_start_in_a_frame_asks_for_the_next_one() -> None:
    async def story(bench: Bench) -> None:
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle()
        before = bench.taken
        bench.share = 0.0
        await bench.put(ControlRegister.CONTROL, RUN | START)
        await bench.idle()
        assert before < bench.admitted < before + PIXELS
        await bench.put(ControlRegister.CONTROL, RUN | START)
        bench.share = 1.0
        await bench.idle()
        assert bench.taken == before + 2 * PIXELS

    simulate(story)


def test_a_start_in_the_cycle_in_which_a_frame_begins_asks_for_the_next_one() -> None:
    seen = set()

    async def story(bench: Bench, offset: int) -> None:
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle()
        bench.share = 0.0
        await bench.put(ControlRegister.CONTROL, RUN | START)
        await bench.idle()
        await bench.put(ControlRegister.CONTROL, RUN | START)
        bench.share = 1.0
        await bench.idle(offset)
        await bench.put(ControlRegister.CONTROL, RUN | START)
        start = bench.writes[-1]
        await bench.idle()
        assert len(bench.begun) == len(bench.done) == (4 if start >= bench.begun[2] else 3)
        seen.add(start - bench.begun[2])

    for offset in range(12):
        simulate(functools.partial(story, offset=offset))
    assert {-1, 0, 1} <= seen


@given(
    st.sampled_from([Grid(1, 1), Grid(2, 1), Grid(3, 1), GRID]),
    st.sampled_from([RUN, RUN | CONTINUOUS]),
    st.sampled_from([1.0, 0.5, 0.1]),
    st.integers(1, 9),
    st.lists(st.integers(0, 20), min_size=1, max_size=5),
)
@settings(max_examples=30)
def test_asked_lasts_until_a_frame_is_done_that_began_after_the_start(
    grid: Grid, mode: int, share: float, delay: int, pauses: list[int]
) -> None:
    """Several frames may be under way before it."""

    async def story(bench: Bench) -> None:
        bench.share, bench.delay = share, delay
        for pause in pauses:
            await bench.idle(pause)
            await bench.put(ControlRegister.CONTROL, mode | START)
            last = start = bench.writes[-1]
            while await bench.status("asked"):
                last = bench.cycles
            first = next(k for k, cycle in enumerate(bench.begun) if cycle > start)
            assert last - 4 < bench.done[first] < bench.cycles

    simulate(story, grid=grid)


def test_a_flag_set_in_the_cycle_in_which_it_is_cleared_stays() -> None:
    seen = set()

    async def story(bench: Bench, offset: int) -> None:
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle()
        await bench.put(ControlRegister.STATUS, FIELDS["frame_done"].mask)
        await bench.put(ControlRegister.CONTROL, RUN | START)
        await bench.idle(offset)
        await bench.put(ControlRegister.STATUS, FIELDS["frame_done"].mask)
        cleared = bench.writes[-1]
        await bench.idle()
        assert await bench.status("frame_done") == (cleared <= bench.done[-1])
        seen.add(cleared - bench.done[-1])

    for offset in range(12):
        simulate(functools.partial(story, offset=offset))
    assert {-1, 0, 1} <= seen


def test_run_pauses_after_any_pixel_and_goes_on_with_the_next() -> None:
    async def story(bench: Bench) -> None:
        stops = set()
        for pause in range(12):
            await bench.put(ControlRegister.CONTROL, CONTINUOUS)
            await bench.idle(20)
            at = bench.admitted
            stops.add(at % PIXELS)
            await bench.idle(20)
            assert bench.admitted == bench.taken == at
            await bench.put(ControlRegister.CONTROL, RUN | CONTINUOUS)
            await bench.idle(pause)
        assert len(stops) > 3
        assert await bench.get(ControlRegister.PIXELS) <= bench.taken

    simulate(story)


@pytest.mark.parametrize("seed", range(4))
def test_counters_count_what_was_handed_over_since_they_were_cleared(seed: int) -> None:
    async def story(bench: Bench) -> None:
        bench.share = 0.6
        await bench.idle(bench.rng.randrange(50))
        await bench.put(ControlRegister.CONTROL, CLEAR)
        await bench.idle()
        taken = bench.taken
        start = bench.cycles, await bench.get(ControlRegister.CYCLES)
        assert (await bench.get(ControlRegister.PIXELS), await bench.get(ControlRegister.FRAMES)) <= (5, 1)
        before = await bench.get(ControlRegister.PIXELS), await bench.get(ControlRegister.FRAMES)
        await bench.put(ControlRegister.CONTROL, RUN | CONTINUOUS)
        await bench.idle(200)
        await bench.put(ControlRegister.CONTROL, 0)
        await bench.idle()
        assert await bench.get(ControlRegister.PIXELS) - before[0] == bench.taken - taken
        assert await bench.get(ControlRegister.FRAMES) - before[1] == bench.taken // PIXELS - taken // PIXELS
        end = bench.cycles, await bench.get(ControlRegister.CYCLES)
        assert end[1] - start[1] == end[0] - start[0]

    simulate(story, seed)


def test_the_interrupt_lasts_from_the_end_of_a_frame_until_it_is_cleared() -> None:
    async def story(bench: Bench) -> None:
        line = bench.control.interrupt
        await bench.put(ControlRegister.CONTROL, RUN | INTERRUPT)
        await bench.idle()
        assert bench.ctx.get(line)
        await bench.put(ControlRegister.STATUS, FIELDS["frame_done"].mask)
        assert not bench.ctx.get(line)
        bench.share = 0.0
        await bench.put(ControlRegister.CONTROL, RUN | INTERRUPT | START)
        await bench.idle()
        assert not bench.ctx.get(line)
        bench.share = 1.0
        while bench.taken % PIXELS != 0 or bench.under_way:
            assert not bench.ctx.get(line)
            await bench.cycle()
        assert bench.ctx.get(line)
        await bench.put(ControlRegister.CONTROL, RUN)
        assert not bench.ctx.get(line)
        assert await bench.status("frame_done")

    simulate(story)


def test_flags_stay_until_a_one_is_written_to_them_and_to_no_other() -> None:
    async def story(bench: Bench) -> None:
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle()
        bench.share = 0.0
        await bench.put(ControlRegister.CONTROL, RUN | START)
        await bench.idle()
        bench.share = 1.0
        await bench.idle()
        assert await bench.status("stalled")
        bench.delay = 9
        await bench.put(ControlRegister.CONTROL, RUN | START)
        await bench.idle()
        held = {name for name in ("frame_done", "starved", "stalled") if await bench.status(name)}
        assert held == {"frame_done", "starved", "stalled"}
        for name in ("starved", "stalled", "frame_done"):
            await bench.put(ControlRegister.STATUS, FIELDS[name].mask)
            held -= {name}
            assert {other for other in FIELDS if await bench.status(other)} - {
                "busy",
                "waiting",
                "asked",
            } == held

    simulate(story)


def test_a_reader_that_waits_between_frames_does_not_count_as_starved() -> None:
    async def story(bench: Bench) -> None:
        bench.delay = 0
        await bench.put(ControlRegister.CONTROL, RUN)
        await bench.idle()
        await bench.put(ControlRegister.STATUS, FIELDS["starved"].mask)
        await bench.idle()
        assert not await bench.status("starved")

    simulate(story)


def test_all_other_accesses_are_errors_and_change_nothing() -> None:
    async def story(bench: Bench) -> None:
        await bench.put(ControlRegister.CONTROL, RUN)
        there = control_registers(window=False)
        for address in range(128):
            if address not in CONTROL_WRITABLE or address not in there:
                assert await bench.write(address, 0xFFFFFFFF) == SLVERR
            assert (await bench.read(address))[1] == (OKAY if address in there else SLVERR)
        for strobes in range(15):
            assert await bench.write(ControlRegister.CONTROL, 0xFFFFFFFF, strobes) == SLVERR
        assert await bench.get(ControlRegister.CONTROL) == RUN
        assert bench.taken % PIXELS == 0

    simulate(story)


WINDOW = next(WindowSource.examples())


@given(st.data())
@settings(max_examples=10, deadline=None)
def test_a_window_counts_when_its_step_is_written_and_what_does_not_fit_is_refused(
    data: st.DataObject,
) -> None:
    whole, half = WINDOW.numbers.whole, 1 << WINDOW.numbers.position.width - 1
    numbers = st.one_of(st.integers(-half, half - 1), st.sampled_from([-half - 1, half, -(1 << 31), 5]))
    steps = st.one_of(
        st.integers(0, WINDOW.numbers.step.hi), st.sampled_from([WINDOW.numbers.step.hi + 1, 1 << 31])
    )
    wanted = data.draw(st.lists(st.tuples(numbers, numbers, steps), min_size=1, max_size=4))

    async def story(bench: Bench) -> None:
        ports = [getattr(bench.control, name) for name in WINDOW.ports]
        held, shown = list(astuple(whole)), list(astuple(whole))
        for window in wanted:
            limits = ((-half, half - 1), (-half, half - 1), (0, WINDOW.numbers.step.hi))
            for k, (register, value, (lo, hi)) in enumerate(
                zip(WINDOW_REGISTERS, window, limits, strict=True)
            ):
                fits = lo <= value <= hi
                response = await bench.write(register, value % (1 << 32))
                assert response == (OKAY if fits else SLVERR)
                held[k] = value if fits else held[k]
                shown = list(held) if fits and k == 2 else shown
                assert [bench.ctx.get(port) for port in ports] == shown
                assert await bench.get(register) == held[k] % (1 << 32)

    simulate(story, window=WINDOW)


def drive(made: Core, story: Callable[[Driven, Master], Coroutine[Any, Any, None]]) -> None:
    top = made.component()
    simulator = Simulator(top)

    async def bench(ctx: Any) -> None:
        driven = Driven(ctx, top)
        await story(driven, Master(ctx, top, driven.tick))

    simulator.add_testbench(bench)
    simulator.run()


def test_a_core_gives_one_right_frame_for_each_start() -> None:
    made = replace(core("raster"), control=True)
    picture = frame(made)

    async def story(driven: Driven, master: Master) -> None:
        assert await master.write(ControlRegister.CONTROL, RUN | INTERRUPT) == OKAY
        for _ in range(3):
            for _ in range(60):
                await driven.tick()
            assert driven.ctx.get(driven.top.interrupt)
            assert await master.write(ControlRegister.STATUS, FIELDS["frame_done"].mask) == OKAY
            assert not driven.ctx.get(driven.top.interrupt)
            assert driven.beats == picture * (len(driven.beats) // len(picture))
            before = len(driven.beats)
            assert await master.write(ControlRegister.CONTROL, RUN | INTERRUPT | START) == OKAY
            for _ in range(60):
                await driven.tick()
            assert len(driven.beats) == before + len(picture)
        assert await master.read(ControlRegister.FRAMES) == (len(driven.beats) // len(picture), OKAY)

    drive(made, story)


@pytest.mark.parametrize("between", [0, 20, 200])
def test_of_two_windows_set_while_a_frame_waits_the_last_one_counts(between: int) -> None:
    made = replace(core("raster"), control=True, window=True)
    source = made.window_source
    assert source is not None
    windows = [Window.around(made.grid, zoom=zoom) for zoom in (2, 3)]
    pixels = made.in_window(windows[-1]).tolist()

    async def story(driven: Driven, master: Master) -> None:
        assert await master.write(ControlRegister.CONTROL, RUN) == OKAY
        for _ in range(60):
            await driven.tick()
        for window in windows:
            for register, value in zip(WINDOW_REGISTERS, astuple(window), strict=True):
                assert await master.write(register, value % (1 << 32)) == OKAY
            for _ in range(between):
                await driven.tick()
        before = len(driven.beats)
        assert await master.write(ControlRegister.CONTROL, RUN | START) == OKAY
        for _ in range(60 + 2 * source.pause):
            await driven.tick()
        shown = [[data >> 8 * k & 255 for k in (2, 0, 1)] for data, _, _ in driven.beats[before:]]
        assert shown == pixels

    drive(made, story)


@pytest.mark.parametrize("cycles", [1, 5])
def test_a_reset_sets_the_window_back(cycles: int) -> None:
    """A chip's registers hold anything before it, so nothing may depend on what they held."""
    made = replace(core("raster"), control=True, window=True)
    source = made.window_source
    assert source is not None
    picture = frame(made)

    async def story(driven: Driven, master: Master) -> None:
        for register, value in zip(WINDOW_REGISTERS, astuple(Window.around(made.grid, zoom=2)), strict=True):
            assert await master.write(register, value % (1 << 32)) == OKAY
        for _ in range(60 + source.pause):
            await driven.tick()
        assert driven.beats[-12:] != picture
        driven.ctx.set(driven.top.aresetn, 0)
        for _ in range(cycles):
            await driven.tick()
        driven.ctx.set(driven.top.aresetn, 1)
        driven.beats.clear()
        for _ in range(60 + source.pause):
            await driven.tick()
        for register, value in zip(WINDOW_REGISTERS, astuple(source.numbers.whole), strict=True):
            assert await master.read(register) == (value % (1 << 32), OKAY)
        assert len(driven.beats) > 12
        assert driven.beats == [picture[k % 12] for k in range(len(driven.beats))]

    drive(made, story)


def test_both_pages_are_on_one_bus() -> None:
    made = replace(folded("raster", "loadable"), control=True)

    async def story(driven: Driven, master: Master) -> None:
        assert await master.read(Register.ID) == (MAGIC, OKAY)
        assert await master.read(ControlRegister.ID) == (CONTROL_ID, OKAY)
        # CONTROL of either page pauses the core; neither writes the other's.
        assert await master.write(Register.CONTROL, 0) == OKAY
        assert await master.read(ControlRegister.CONTROL) == (RUN | CONTINUOUS, OKAY)
        for register, run in ((Register.CONTROL, 1), (ControlRegister.CONTROL, RUN | CONTINUOUS)):
            assert await master.write(register, 0) == OKAY
            for _ in range(2 * made.latency):
                await driven.tick()
            count = len(driven.beats)
            for _ in range(2 * made.latency):
                await driven.tick()
            assert len(driven.beats) == count
            assert await master.write(register, run) == OKAY
        for _ in range(4 * made.latency):
            await driven.tick()
        assert len(driven.beats) > count
        assert driven.beats == [frame(made)[k % 12] for k in range(len(driven.beats))]

    drive(made, story)


def test_a_stream_core_is_refused() -> None:
    made = core("stream")
    with pytest.raises(InputError, match="no frames to control"):
        Core(made.graph, made.grid, "stream", control=True)


def test_the_documented_registers_are_those_of_the_hardware() -> None:
    text = (DOCS / "control.md").read_text()
    rows = re.findall(r"^\| ([A-Z_]+) \| (0x\w+) \| (rw?) ", text, re.M)
    assert rows == [(r.name, f"0x{r:02X}", "rw" if r in CONTROL_WRITABLE else "r") for r in ControlRegister]
    bits = dict(re.findall(r"^\| ([a-z_]+) \| (\d+) \|", text, re.M))
    registers = (ControlRegister.CONTROL, ControlRegister.STATUS)
    fields = {
        name: field for each in registers for name, field in control_fields(each, counts_errors=True).items()
    }
    assert bits == {name: str(field.low) for name, field in fields.items()}
    assert f"0x{CONTROL_ID:X}" in text
