"""The cocotb bench: one core in `harness.v`, every beat compared with the golden vectors.

The harness plays patterns and records all signals at every clock; Python looks in once every few hundred
clocks and checks everything on that record. These are the tests of all cores, whatever registers they have.
"""

from typing import Any

import cocotb
import numpy as np
from link import Link
from traffic import Progress, Settings, any_ids, connect, gaps, reset

_RESETS = 16


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
    link = await connect(dut, artifact, "whole_frame", artifact.frame_flags())
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
    scrubs = artifact.scrub_clocks
    between = (artifact.latency + 1 + scrubs - artifact.initiation_interval) if scrubs else 0
    paused = between * ((link.taken - 1) // len(artifact))
    interval = (link.last_taken - link.first_valid - paused) / (link.taken - 1)
    start = link.first_sent if artifact.stream else link.released
    assert start is not None
    latency = link.first_valid - start - scrubs
    name = "latency_from_first_input" if artifact.stream else "latency_from_reset"
    settings.measured(
        "whole_frame", **{name: latency}, initiation_interval=interval, beats=link.taken, cycles=link.clock
    )
    assert interval <= artifact.clocks_a_beat, (
        f"whole_frame: {interval:.4f} cycles a pixel, but {artifact.clocks_a_beat:g} were promised"
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
    link = await connect(dut, artifact, "random_gaps", flags, any_ids(artifact, rng))
    link.paced = True
    progress = Progress(settings.output)
    interval = artifact.initiation_interval
    stall = 2 * artifact.latency + 64 * min(interval, 8)
    ready = gaps(rng, link.clocks, stall, interval)
    valid = gaps(rng, link.clocks, artifact.latency, interval)
    await reset(link, rng, 16)
    for _ in range(0, stall, link.clocks):  # however short the run is, it has one stall
        await link.play(np.zeros(link.clocks, bool), next(valid))
    while link.taken < beats:
        await link.play(next(ready), next(valid))
        progress.show(min(link.taken, beats))
    every, until = np.ones(link.clocks, bool), link.taken + beats
    while link.taken < until:  # tready changes every clock
        await link.play(np.arange(link.clocks) % 2 == 0, every)
    if artifact.stream:
        await _drain(link)
    settings.measured("random_gaps", beats=link.taken, cycles=link.clock, seed=settings.seed)


@cocotb.test()
async def any_coordinate(dut: Any) -> None:
    """Coordinates need not be those of a frame: whatever fits the port gets its pixel."""
    settings = Settings.read()
    artifact = settings.artifact.anywhere
    assert len(artifact), "any_coordinate: vectors.npz has only those of a frame; run `inrhw emit` again"
    link = await connect(dut, artifact, "any_coordinate", artifact.frame_flags())
    always = np.ones(link.clocks, bool)
    await link.reset(always[:16], always[:16])
    while link.taken < len(artifact):
        await link.play(always, always)
    settings.measured("any_coordinate", beats=link.taken, cycles=link.clock)


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
    flags, ids = artifact.frame_flags(), any_ids(artifact, rng)
    link = await connect(dut, artifact, "reset_mid_frame", flags, ids)
    link.paced = True
    progress = Progress(settings.output)
    interval = artifact.initiation_interval
    longest = 2 * artifact.latency + max(64, interval * max(16, 2 * beats // _RESETS))
    checked = 0
    for number in range(_RESETS):
        await reset(link, rng, int(rng.integers(1, 17)) if number % 2 else 1)
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
