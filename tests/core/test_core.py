import dataclasses
from typing import Any

import numpy as np
import pytest
from support.cores import Run, assert_frames, coordinates, core, folded, of_signal, sometimes

import inrhw.core.circuit
from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.core.core import Core
from inrhw.gateware.fifo import Fifo
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Graph
from inrhw.signals.grid import Grid

CORES = [
    core(source, *shape)
    for source in ("raster", "stream")
    for shape in (
        ("quadinr", 4, 3, 3),
        ("siren", 3, 2, 1),
        ("quadinr", 1, 1, 3),
        ("quadinr", 1, 4, 1),
        ("siren", 5, 1, 3),
    )
]


CORES += [
    folded("raster", "rom"),
    folded("stream", "rom", "siren", 1),
    folded("raster", "loadable", "siren"),
    dataclasses.replace(core("raster"), control=True),
    dataclasses.replace(folded("raster", "loadable"), control=True),
    folded("stream", "loadable"),
    of_signal("raster", (7,), 2, value=Fixed(16, 0)),
    of_signal("raster", (3, 2, 2), 1, value=Fixed(16, 0, signed=False)),
    of_signal("stream", (3, 2, 2), 3, value=Fixed(8, 0)),
    folded("raster", "loadable", channels=4, sides=(3, 1, 2)),
    folded("raster", "rom", channels=1, sides=(5,), value=Fixed(16, 0)),
    dataclasses.replace(core("stream"), pad=True),
]


def names(core: Core) -> str:
    size = f"{core.grid}x{core.channels}-{core.value}"
    extras = "-loadable" * bool(core.memories) + "-control" * core.control + "-pad" * core.pad
    return f"{core.source}-{size}-{core.initiation_interval}{extras}"


@pytest.mark.parametrize("core", CORES, ids=names)
def test_a_correct_pixel_every_interval_after_the_declared_latency(core: Core) -> None:
    interval = core.initiation_interval
    n = 2 * core.grid.pixels + 5
    cycles = core.latency + n * interval
    run = Run(core, cycles).start()
    assert_frames(core, run.beats, n)
    # The first pixel is admitted in cycle 0, the first after reset.
    assert [cycle for cycle, _ in run.out] == list(range(core.latency, cycles, interval))
    if core.source == "stream":
        assert run.admitted == list(range(0, cycles, interval))


@pytest.mark.parametrize("core", CORES[:10:5] + CORES[1:10:5] + CORES[10:], ids=names)
def test_backpressure_and_gaps_lose_nothing(core: Core) -> None:
    for ready in (0.1, 0.5, 0.9):
        cycles = core.latency + int(25 * max(core.initiation_interval, 1 / ready))
        run = Run(core, cycles, ready=sometimes(ready, 1), offer=sometimes(0.7, 2)).start()
        assert_frames(core, run.beats, 15)


@pytest.mark.parametrize("source", ["raster", "stream"])
def test_a_long_stall_fills_the_fifo_and_nothing_more(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fifos: list[Any] = []

    class Watched(Fifo):
        def __init__(self, width: int, depth: int) -> None:
            super().__init__(width, depth)
            fifos.append((self, depth))

    monkeypatch.setattr(inrhw.core.circuit, "Fifo", Watched)
    made = core(source)
    levels: list[int] = []

    def watch(ctx: Any) -> None:
        fifo, depth = fifos[0]
        assert not (ctx.get(fifo.write) and ctx.get(fifo.stored) == depth)
        levels.append(ctx.get(fifo.stored) + ctx.get(fifo.o_valid))

    stall = 3 * made.credits
    rng = np.random.default_rng(5)

    def ready(cycle: int) -> bool:
        return cycle % (2 * stall) >= stall and bool(rng.random() < 0.8)

    run = Run(made, 8 * stall, ready=ready)
    run.watch = watch
    run.start()
    assert len(fifos) == 1
    assert max(levels) == made.credits == fifos[0][1]
    assert_frames(made, run.beats, 4 * made.credits)


def test_fewer_credits_would_not_sustain_a_pixel_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = core("raster")
    full = made.latency + 20
    assert len(Run(made, full).start().out) == 20
    monkeypatch.setattr(Core, "credits", property(lambda self: self.latency))
    assert len(Run(dataclasses.replace(made), full).start().out) < 20


@pytest.mark.parametrize("source", ["raster", "stream"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_reset_in_mid_frame_starts_at_the_first_pixel(source: str, share: float) -> None:
    made = core(source)
    for at in (1, made.latency - 1, made.latency, made.latency + 7, made.latency + 12):
        run = Run(made, at + 120, ready=sometimes(share, 3))
        run.resets = {at}
        run.start()
        assert_frames(made, [beat for cycle, beat in run.out if cycle < at], 0)
        after = [(cycle, beat) for cycle, beat in run.out if cycle > at]
        assert_frames(made, [beat for _, beat in after], 20)
        if share == 1.0:
            assert after[0][0] == at + 1 + made.latency


def test_tuser_and_tlast_of_the_stream_pass_through() -> None:
    """They are the master's, whatever the picture's size."""
    made = core("stream", "quadinr", 4, 3, 1)
    marks = [(k % 5 == 0, k % 3 == 0) for k in range(60)]
    made_coordinates = coordinates(made, 60)
    run = Run(made, 60, ready=sometimes(0.7, 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "support.cores.coordinates",
            lambda core, n: [
                (c[0], int(u), int(e)) for c, (u, e) in zip(made_coordinates, marks, strict=True)
            ],
        )
        run.start()
    assert [(bool(u), bool(e)) for _, u, e in run.beats] == marks[: len(run.beats)]
    assert len(run.beats) > 20


@pytest.mark.parametrize("source", ["raster", "stream"])
def test_a_planted_error_in_the_network_is_found(source: str) -> None:
    made = core(source)
    dense = made.graph.nodes["layer0_dense"]
    assert isinstance(dense, Dense)
    late = dataclasses.replace(dense, bias=dense.bias + (64 << dense.shift))
    planted = Core(Graph({**made.graph.nodes, "layer0_dense": late}), made.grid, source)
    with pytest.raises(AssertionError):
        assert_frames(made, Run(planted, made.latency + 20).start().beats, 1)


def test_sources_are_checked() -> None:
    made = core("raster")
    with pytest.raises(InputError, match="source must be one of raster, stream, not 'disk'"):
        Core(made.graph, made.grid, "disk")
    with pytest.raises(InputError, match=r"the graph takes .* but the grid gives"):
        Core(made.graph, Grid(64, 64))
