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

_RESETS = 8


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


def gaps(rng: np.random.Generator, clocks: int, stall: int) -> Iterator[Bits]:
    """Yield random patterns of so many clocks: bursts of all densities and stalls of `stall` clocks."""
    waiting = np.zeros(0, bool)
    while True:
        while len(waiting) < clocks:
            if rng.random() < 0.1:
                burst = np.zeros(stall, bool)
            else:
                burst = rng.random(rng.integers(1, 64)) < rng.choice([0.1, 0.5, 0.9, 1.0])
            waiting = np.concatenate([waiting, burst])
        yield waiting[:clocks]
        waiting = waiting[clocks:]


async def _reset(link: Link, rng: np.random.Generator, clocks: int) -> None:
    """Reset the core while tready and tvalid do what they like."""
    ready, valid = rng.random((2, clocks)) < 0.5
    await link.reset(ready, valid)


@cocotb.test()
async def whole_frame(dut: Any) -> None:
    """Without backpressure every pixel is right, and one comes every initiation interval."""
    settings = Settings.read()
    artifact, beats = settings.artifact, settings.beats
    # A raster core counts by itself: a second frame shows that it begins like the first.
    rounds = 2 if beats == len(artifact) and not artifact.stream else 1
    link = await Link.connect(dut, artifact, "whole_frame", artifact.frame_flags())
    progress = Progress(settings.output)
    always = np.ones(link.clocks, bool)
    await link.reset(always[:16], always[:16])
    try:
        while link.taken < rounds * beats:
            await link.play(always, always)
            progress.show(min(link.taken // rounds, beats))
    finally:
        if link.received:
            np.save(settings.output / "whole_frame.npy", link.pixels()[:beats])
    assert link.first_valid is not None and link.released is not None
    # Every clock since the first pixel was ready, so the pixels tell the rate.
    interval = (link.clock - link.first_valid) / link.taken
    start = link.first_sent if artifact.stream else link.released
    assert start is not None
    latency = link.first_valid - start
    name = "latency_from_first_input" if artifact.stream else "latency_from_reset"
    settings.measured(
        "whole_frame", **{name: latency}, initiation_interval=interval, beats=link.taken, cycles=link.clock
    )
    allowed = artifact.initiation_interval * (1 + 1 / link.taken)  # the last pixel may be under way
    assert interval <= allowed, (
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
    link = await Link.connect(dut, artifact, "random_gaps", flags)
    progress = Progress(settings.output)
    ready = gaps(rng, link.clocks, 2 * artifact.latency + 64)
    valid = gaps(rng, link.clocks, artifact.latency)
    await _reset(link, rng, 16)
    while link.taken < beats:
        await link.play(next(ready), next(valid))
        progress.show(min(link.taken, beats))
    if artifact.stream:
        await _drain(link)
    settings.measured("random_gaps", beats=link.taken, cycles=link.clock, seed=settings.seed)


async def _drain(link: Link) -> None:
    """No more input: all that was accepted must come out."""
    on, off = np.ones(link.clocks, bool), np.zeros(link.clocks, bool)
    for _ in range(2 + link.artifact.latency * link.artifact.initiation_interval * 4 // link.clocks):
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
    link = await Link.connect(dut, artifact, "reset_mid_frame", artifact.frame_flags())
    progress = Progress(settings.output)
    longest = 2 * artifact.latency + artifact.initiation_interval * max(64, 2 * beats // _RESETS)
    checked = 0
    for _ in range(_RESETS):
        await _reset(link, rng, int(rng.integers(1, 17)))
        ready, valid = (gaps(rng, link.clocks, artifact.latency) for _ in range(2))
        clocks = int(rng.integers(1, longest))
        for start in range(0, clocks, link.clocks):
            length = min(link.clocks, clocks - start)
            await link.play(next(ready)[:length], next(valid)[:length])
        checked += link.taken
        progress.show(min(checked, beats))
    assert checked, f"reset_mid_frame: no pixel between {_RESETS} resets"
    settings.measured("reset_mid_frame", beats=checked, cycles=link.clock, resets=_RESETS, seed=settings.seed)
