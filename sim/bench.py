"""The cocotb bench: one core in `harness.v`, every beat compared with the golden vectors.

The harness plays patterns and records all signals at every clock; Python looks in once every few hundred
clocks and checks everything on that record. Settings come as environment variables:

INRHW_ARTIFACT  folder with manifest.json and vectors.npz
INRHW_OUTPUT    folder for measurements (<test>.json), pixels (whole_frame.npy) and progress
INRHW_BEATS     pixels that each test checks; default: a whole frame (whole_frame of a raster core: two)
INRHW_SEED      of the random tests; default: 0
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from link import Artifact, Bits, Link
from loading import RUN, Refusal, Registers, as_beats, damaged
from numpy.typing import NDArray

_RESETS = 8

#: Words of a file up to which it is loaded by writing registers, which takes some 16 clocks a word.
_MOST_BY_REGISTER = 2000

#: Words of each bank that are read back.
_READ_BACK = 16


class Progress:
    """Tells the caller how many beats were checked, at most ten times a second."""

    done = 0  # by the tests before this one

    def __init__(self, output: Path) -> None:
        self._file = output / "progress"
        self._next = 0.0

    def show(self, beats: int) -> None:
        """Write the number of beats checked so far."""
        if time.monotonic() >= self._next:
            part = self._file.with_suffix(".part")
            part.write_text(str(Progress.done + beats))
            part.replace(self._file)
            self._next = time.monotonic() + 0.1


@dataclass(frozen=True)
class Settings:
    """The environment variables of this module, read."""

    artifact: Artifact
    output: Path
    beats: int
    seed: int

    @classmethod
    def read(cls) -> "Settings":
        """Read the environment."""
        artifact = Artifact.read(Path(os.environ["INRHW_ARTIFACT"]))
        beats = int(os.environ.get("INRHW_BEATS", len(artifact)))
        return cls(artifact, Path(os.environ["INRHW_OUTPUT"]), beats, int(os.environ.get("INRHW_SEED", "0")))

    def measured(self, test: str, **numbers: float | int) -> None:
        """Leave the measurements of a finished test."""
        (self.output / f"{test}.json").write_text(json.dumps(numbers))
        Progress.done += self.beats


def gaps(rng: np.random.Generator, clocks: int, stall: int, interval: int) -> Iterator[Bits]:
    """Yield random patterns of so many clocks: bursts of all densities and stalls of `stall` clocks.

    A burst lasts up to 64 pixels, one every `interval` clocks; its density is a share of clocks or of pixels.
    """
    waiting = np.zeros(0, bool)
    while True:
        while len(waiting) < clocks:
            if rng.random() < 0.1:
                burst = np.zeros(stall, bool)
            else:
                density = rng.choice([0.1, 0.5, 0.9, 1.0]) / rng.choice([1, interval])
                burst = rng.random(rng.integers(1, 64 * interval)) < density
            waiting = np.concatenate([waiting, burst])
        yield waiting[:clocks]
        waiting = waiting[clocks:]


class Traffic:
    """Random tready and tvalid on all streams of the core."""

    def __init__(self, link: Link, rng: np.random.Generator) -> None:
        self.link = link
        latency, interval = link.artifact.latency, link.artifact.initiation_interval
        pixels = (gaps(rng, link.clocks, stall, interval) for stall in (2 * latency, latency))
        self._patterns = (*pixels, gaps(rng, link.clocks, 16, 1))

    async def play(self, clocks: int) -> None:
        """Play up to `link.clocks` clocks."""
        await self.link.play(*(next(pattern)[:clocks] for pattern in self._patterns))

    async def send(self, beats: NDArray[np.uint8]) -> None:
        """Send words to s_weights, see `as_beats`, until the core has taken all."""
        link = self.link
        link.words = beats
        waited = 0
        while len(link.words):
            before = len(link.words)
            await self.play(link.clocks if before > 1 else 16)
            waited = 0 if len(link.words) < before else waited + 1
            assert waited < self.patience, (
                f"load_weights: s_weights_tready is low for ever, with {before} words to come"
            )

    async def load(self, words: NDArray[np.uint32], picture: int) -> None:
        """Load a file by s_weights and wait until its picture is shown."""
        beats = as_beats(words)
        await self.send(beats[:-1])
        self.link.pictures.allow(picture)
        await self.send(beats[-1:])
        await self.switched(picture)

    async def switched(self, picture: int) -> None:
        """Wait until the picture is shown, which must be from the next frame on."""
        link = self.link
        under_way = 32 + link.artifact.latency // link.artifact.initiation_interval
        link.pictures.demand(link.taken + under_way)
        while not link.pictures.shows(picture):
            await self.play(link.clocks)

    @property
    def patience(self) -> int:
        """Plays in which two frames must have passed, whatever the patterns."""
        artifact = self.link.artifact
        cycles = artifact.initiation_interval * len(artifact) + artifact.latency
        return 100 + 40 * cycles // self.link.clocks


async def _connect(
    dut: Any, artifact: Artifact, test: str, flags: Bits, ids: NDArray[np.int64] | None = None
) -> Link:
    """Return a link to a core that has weights."""
    if artifact.files:
        link = await Link.connect(dut, artifact, test, flags)
        traffic = Traffic(link, np.random.default_rng(0))
        registers = Registers(dut, artifact.registers, traffic.play)
        always = np.ones(16, bool)
        await link.reset(always, always)
        link.pixels_due = False
        if not await registers.status("showing"):
            await traffic.send(as_beats(artifact.files[0]))
    return await Link.connect(dut, artifact, test, flags, ids)


def _any_ids(artifact: Artifact, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return random numbers for tid, also such that are no picture."""
    return rng.integers(1 << artifact.id_bits, size=4 * len(artifact) + 1)


async def _reset(link: Link, rng: np.random.Generator, clocks: int) -> None:
    """Reset the core while tready and tvalid do what they like."""
    ready, valid = rng.random((2, clocks)) < 0.5
    await link.reset(ready, valid)


@cocotb.test()
async def whole_frame(dut: Any) -> None:
    """Without backpressure every pixel is right, and one comes every initiation interval."""
    settings = Settings.read()
    artifact, beats = settings.artifact, settings.beats
    # A raster core counts by itself: a second frame shows that it begins like the first. With tid on a stream
    # there is a frame of each picture.
    interleaved = artifact.stream and artifact.id_bits > 0
    frames = len(artifact.pictures) if interleaved else 1 if artifact.stream else 2
    rounds = frames if beats == len(artifact) else 1
    link = await _connect(dut, artifact, "whole_frame", artifact.frame_flags())
    progress = Progress(settings.output)
    always = np.ones(link.clocks, bool)
    await link.reset(always[:16], always[:16])
    try:
        while link.taken < max(2, rounds * beats):  # two tell the rate
            await link.play(always, always)
            progress.show(min(link.taken // rounds, beats))
    finally:
        if link.received:
            np.save(settings.output / "whole_frame.npy", link.pixels()[:beats])
    if interleaved and rounds == frames:
        shape = (frames, beats, len(artifact.order))
        np.save(settings.output / "pictures.npy", link.pixels()[: frames * beats].reshape(shape))
    assert link.first_valid is not None and link.last_taken is not None and link.released is not None
    # Every clock was ready: the first pixel left when it came.
    interval = (link.last_taken - link.first_valid) / (link.taken - 1)
    start = link.first_sent if artifact.stream else link.released
    assert start is not None
    latency = link.first_valid - start
    name = "latency_from_first_input" if artifact.stream else "latency_from_reset"
    settings.measured(
        "whole_frame", **{name: latency}, initiation_interval=interval, beats=link.taken, cycles=link.clock
    )
    assert interval <= artifact.initiation_interval, (
        f"whole_frame: {interval:.4f} cycles a pixel, but {artifact.initiation_interval} were promised"
    )


@cocotb.test()
async def random_gaps(dut: Any) -> None:
    """Whatever tready and tvalid do, nothing is lost, doubled, reordered or changed while it waits."""
    settings = Settings.read()
    artifact, beats = settings.artifact, settings.beats
    rng = np.random.default_rng(settings.seed)
    flags = artifact.frame_flags()
    if artifact.stream:  # tuser and tlast belong to the beat, not to a count
        flags = rng.random(flags.shape) < 0.5
    link = await _connect(dut, artifact, "random_gaps", flags, _any_ids(artifact, rng))
    progress = Progress(settings.output)
    interval = artifact.initiation_interval
    stall = 2 * artifact.latency + 64 * min(interval, 8)
    ready = gaps(rng, link.clocks, stall, interval)
    valid = gaps(rng, link.clocks, artifact.latency, interval)
    await _reset(link, rng, 16)
    for _ in range(0, stall, link.clocks):  # however short the run is, it has one stall
        await link.play(np.zeros(link.clocks, bool), next(valid))
    while link.taken < beats:
        await link.play(next(ready), next(valid))
        progress.show(min(link.taken, beats))
    if artifact.stream:
        await _drain(link)
    settings.measured("random_gaps", beats=link.taken, cycles=link.clock, seed=settings.seed)


async def _drain(link: Link) -> None:
    """No more input: all that was accepted must come out."""
    on, off = np.ones(link.clocks, bool), np.zeros(link.clocks, bool)
    for _ in range(2 + (4 * link.artifact.latency + 8 * link.artifact.initiation_interval) // link.clocks):
        await link.play(on, off)
    assert link.taken == link.sent, (
        f"random_gaps: {link.sent} coordinates went in, {link.taken} pixels came out"
    )


@cocotb.test()
async def reset_mid_frame(dut: Any) -> None:
    """After a reset at any time the next pixel is the first of the frame."""
    settings = Settings.read()
    artifact, beats = settings.artifact, settings.beats
    rng = np.random.default_rng(settings.seed + 1)
    flags, ids = artifact.frame_flags(), _any_ids(artifact, rng)
    link = await _connect(dut, artifact, "reset_mid_frame", flags, ids)
    progress = Progress(settings.output)
    interval = artifact.initiation_interval
    longest = 2 * artifact.latency + max(64, interval * max(16, 2 * beats // _RESETS))
    checked = 0
    for _ in range(_RESETS):
        await _reset(link, rng, int(rng.integers(1, 17)))
        ready, valid = (gaps(rng, link.clocks, artifact.latency, interval) for _ in range(2))
        clocks = int(rng.integers(1, longest))
        for start in range(0, clocks, link.clocks):
            length = min(link.clocks, clocks - start)
            await link.play(next(ready)[:length], next(valid)[:length])
        checked += link.taken
        progress.show(min(checked, beats))
    while not checked:
        await link.play(next(ready), next(valid))
        checked = link.taken
    settings.measured("reset_mid_frame", beats=checked, cycles=link.clock, resets=_RESETS, seed=settings.seed)


@cocotb.test()
async def load_weights(dut: Any) -> None:
    """Another file shows another picture, from a frame's first pixel on; a damaged one changes nothing."""
    settings = Settings.read()
    artifact = settings.artifact
    rng = np.random.default_rng(settings.seed + 2)
    link = await _connect(dut, artifact, "load_weights", artifact.frame_flags())
    traffic = Traffic(link, rng)
    registers = Registers(dut, artifact.registers, traffic.play)
    first, second = artifact.files
    await _reset(link, rng, 16)
    await traffic.load(second, 1)
    assert await registers.read("CHECKSUM") == second[-1], "load_weights: CHECKSUM is not that of the file"
    await _refuse(traffic, registers, first, rng)
    await traffic.send(as_beats(first)[: len(first) // 2])
    await _reset(link, rng, 16)  # forgets half a file, not the picture
    if len(first) < _MOST_BY_REGISTER:
        await _load_by_register(traffic, registers, first)
    else:
        await traffic.load(first, 0)
    await _stop(traffic, registers)
    await _read_back(registers, artifact, rng)
    assert await registers.write("CONTROL", RUN), "load_weights: CONTROL cannot be written"
    link.pixels_due = True
    for _ in range(2 + 2 * artifact.latency // link.clocks):
        await traffic.play(link.clocks)
    settings.measured(
        "load_weights", beats=link.checked, cycles=link.clock, words=len(first), seed=settings.seed
    )


@cocotb.test()
async def choose_pictures(dut: Any) -> None:
    """Every picture is shown from the frame after it was chosen, as a whole; one that is none is refused."""
    settings = Settings.read()
    artifact = settings.artifact
    rng = np.random.default_rng(settings.seed + 3)
    link = await _connect(dut, artifact, "choose_pictures", artifact.frame_flags())
    traffic = Traffic(link, rng)
    registers = Registers(dut, artifact.registers, traffic.play)
    await _reset(link, rng, 16)
    pictures = len(artifact.pictures)
    assert await registers.read("PICTURES") == pictures, "choose_pictures: PICTURES is wrong"
    frames = np.zeros_like(artifact.pictures)
    for picture in [*rng.permutation(np.arange(1, pictures)).tolist(), 0]:
        link.pictures.allow(picture)
        assert await registers.write("PICTURE", picture), f"choose_pictures: {picture} is refused"
        none = pictures + int(rng.integers(100))
        assert not await registers.write("PICTURE", none), f"choose_pictures: picture {none} is accepted"
        await traffic.switched(picture)
        frame = 1 + link.taken // len(artifact)  # a whole one; that under way began before
        while link.taken < (frame + 1) * len(artifact):
            await traffic.play(link.clocks)
        frames[picture] = link.pixels()[frame * len(artifact) :][: len(artifact)]
        assert await registers.read("SHOWN") == picture, "choose_pictures: SHOWN is wrong"
    np.save(settings.output / "pictures.npy", frames)
    settings.measured("choose_pictures", beats=link.checked, cycles=link.clock, seed=settings.seed)


@cocotb.test()
async def move_window(dut: Any) -> None:
    """Every window is shown from the frame after it was set, as a whole, and after a reset at once."""
    settings = Settings.read()
    artifact = settings.artifact
    rng = np.random.default_rng(settings.seed + 4)
    link = await _connect(dut, artifact, "move_window", artifact.frame_flags())
    traffic = Traffic(link, rng)
    await _reset(link, rng, 16)
    for picture in [*rng.permutation(np.arange(1, len(artifact.windows))).tolist(), 0]:
        await traffic.play(int(rng.integers(1, link.clocks)))  # in mid-frame, perhaps
        link.pictures.allow(picture)
        _set_window(dut, artifact.windows[picture].tolist())
        await traffic.switched(picture)
        frame = 1 + link.taken // len(artifact)  # a whole one; that under way began before
        while link.taken < (frame + 1) * len(artifact):
            await traffic.play(link.clocks)
        await _reset(link, rng, int(rng.integers(1, 17)))
    settings.measured("move_window", beats=link.checked, cycles=link.clock, seed=settings.seed)


def _set_window(dut: Any, window: list[int]) -> None:
    """Put a window at the ports, all of it in one clock."""
    for port, value in zip((dut.window_x, dut.window_y, dut.window_step), window, strict=True):
        port.value = value % (1 << len(port))


async def _refuse(
    traffic: Traffic, registers: Registers, words: NDArray[np.uint32], rng: np.random.Generator
) -> None:
    """Damaged files are refused, each for its reason, and the picture stays for at least a frame."""
    link = traffic.link
    for reason in Refusal:
        await traffic.send(as_beats(damaged(words, reason, rng)))
        told = await registers.status("error")
        assert told == reason, f"load_weights: STATUS.error is {told} after a file with wrong {reason.name}"
    until = link.taken + len(link.artifact) + 32 + link.artifact.latency
    while link.taken < until:
        await traffic.play(link.clocks)


async def _load_by_register(traffic: Traffic, registers: Registers, words: NDArray[np.uint32]) -> None:
    """Load the first picture's file by writing DATA; while the core is busy that is an error."""
    for number, word in enumerate(words.tolist()):
        if number == len(words) - 1:
            traffic.link.pictures.allow(0)
        for _ in range(traffic.patience):
            if await registers.write("DATA", word):
                break
        else:
            raise AssertionError(f"load_weights: DATA cannot be written, at word {number}")
    await traffic.switched(0)


async def _stop(traffic: Traffic, registers: Registers) -> None:
    """Stop, in mid-frame perhaps: memories cannot be read before."""
    link = traffic.link
    assert not await registers.is_readable("READ_DATA"), (
        "load_weights: READ_DATA can be read while the core runs"
    )
    assert await registers.write("CONTROL", 0), "load_weights: CONTROL cannot be written"
    link.pixels_due = False
    for _ in range(traffic.patience):
        await traffic.play(link.clocks)
        if await registers.status("stopped"):
            break
    else:
        raise AssertionError("load_weights: the core never stops")


async def _read_back(registers: Registers, artifact: Artifact, rng: np.random.Generator) -> None:
    """Words of both banks are those of the files."""
    shown = await registers.status("bank")
    for file, bank in zip(artifact.files, (shown, 1 - shown), strict=True):
        for _ in range(_READ_BACK):
            memory = int(rng.integers(len(artifact.memories)))
            address = int(rng.integers(artifact.memories[memory].depth))
            chunk = int(rng.integers(artifact.memories[memory].chunks))
            await registers.select(memory, address, chunk, bank)
            got, want = await registers.read("READ_DATA"), file[artifact.position(memory, address, chunk)]
            assert got == want, (
                f"load_weights: bank {bank}, memory {memory}, address {address}, chunk {chunk}: "
                f"expected {want:#x}, read {got:#x}"
            )
