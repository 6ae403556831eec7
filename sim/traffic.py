"""What all tests of the bench begin with: settings, progress, a link to the core, random traffic.

Settings come as environment variables:

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

import numpy as np
from artifact import Artifact, Bits
from bus import Registers
from link import Link
from loading import as_beats
from numpy.typing import NDArray


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

    async def offer(self, words: NDArray[np.uint32], picture: int) -> None:
        """Load a file by s_weights: from its last word on frames may show its picture."""
        beats = as_beats(words)
        await self.send(beats[:-1])
        self.link.pictures.allow(picture)
        await self.send(beats[-1:])

    async def load(self, words: NDArray[np.uint32], picture: int) -> None:
        """Load a file by s_weights and wait until its picture is shown."""
        await self.offer(words, picture)
        await self.switched(picture)

    async def switched(self, picture: int) -> None:
        """Wait until the picture is shown, which must be from the next frame on."""
        link = self.link
        link.pictures.demand(link.taken + 32 + link.artifact.under_way)
        while not link.pictures.shows(picture):
            await self.play(link.clocks)

    @property
    def patience(self) -> int:
        """Plays in which two frames must have passed, whatever the patterns."""
        artifact = self.link.artifact
        cycles = artifact.initiation_interval * len(artifact) + 2 * artifact.latency + artifact.scrub_clocks
        cycles += artifact.place_clocks
        return 100 + 40 * cycles // self.link.clocks


async def connect(
    dut: Any, artifact: Artifact, test: str, flags: Bits, ids: NDArray[np.int64] | None = None
) -> Link:
    """Return a link to a core that has weights."""
    if artifact.files:
        link = await Link.connect(dut, artifact, test, flags)
        traffic = Traffic(link, np.random.default_rng(0))
        registers = Registers(link.bus, artifact.registers, traffic.play)
        always = np.ones(16, bool)
        await link.reset(always, always)
        link.pixels_due = False
        if not await registers.status("showing"):
            await traffic.send(as_beats(artifact.files[0]))
    return await Link.connect(dut, artifact, test, flags, ids)


def any_ids(artifact: Artifact, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return random numbers for tid, also such that are no picture."""
    return rng.integers(1 << artifact.id_bits, size=4 * len(artifact) + 1)


async def reset(link: Link, rng: np.random.Generator, clocks: int) -> None:
    """Reset the core while tready and tvalid do what they like."""
    ready, valid = rng.random((2, clocks)) < 0.5
    await link.reset(ready, valid)


#: Added to the seed, so that every test has numbers of its own.
_SEEDS = {
    "load_weights": 2,
    "choose_pictures": 3,
    "move_window": 4,
    "control_frames": 5,
    "use_bus": 6,
    "count_frames": 7,
    "refuse_files": 8,
    "give_up_files": 9,
    "repair_words": 10,
    "count_errors": 12,
    "load_tiles": 11,
}


async def begin(dut: Any, test: str) -> tuple[Settings, Traffic, np.random.Generator]:
    """Connect to the core and reset it: what every test of registers begins with."""
    settings = Settings.read()
    rng = np.random.default_rng(settings.seed + _SEEDS[test])
    traffic = Traffic(await connect(dut, settings.artifact, test, settings.artifact.frame_flags()), rng)
    await reset(traffic.link, rng, 16)
    return settings, traffic, rng


def end(settings: Settings, traffic: Traffic, test: str, **numbers: int) -> None:
    """Leave what every test of registers measures."""
    link = traffic.link
    settings.measured(test, beats=link.checked, cycles=link.clock, seed=settings.seed, **numbers)
