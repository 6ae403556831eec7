import functools
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reused import Reused

from inrhw.base.errors import InputError
from inrhw.core.sources.raster import RasterSource
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.grid import Grid
from inrhw.signals.window import FRAC, Window


def trained(model: str, width: int, height: int) -> WindowSource:
    net = INR(Architecture(model, (width, height), 1, hidden_features=5, hidden_layers=0)).quantized()
    first = next(iter(lower(net).nodes.values()))
    assert isinstance(first, Dense)
    return WindowSource(first, Grid(width, height))


SOURCES = [*WindowSource.examples(), trained("quadinr", 9, 7), trained("siren", 6, 5)]
each_source = pytest.mark.parametrize(
    "source", SOURCES, ids=lambda s: f"{s.grid.width}x{s.grid.height}-{s.o}"
)


def windows(source: WindowSource) -> st.SearchStrategy[Window]:
    place = st.integers(source.numbers.position.lo, source.numbers.position.hi)
    return st.builds(Window, place, place, st.integers(source.numbers.step.lo, source.numbers.step.hi))


def some_windows(source: WindowSource, n: int, seed: int = 0) -> list[Window]:
    rng = np.random.default_rng(seed)
    corners = [
        Window(source.numbers.position.lo, source.numbers.position.hi, source.numbers.step.hi),
        Window(source.numbers.position.hi, source.numbers.position.lo, 0),
    ]
    spans = [
        (form.lo, form.hi + 1)
        for form in (source.numbers.position, source.numbers.position, source.numbers.step)
    ]
    drawn = (Window(*(int(rng.integers(*span)) for span in spans)) for _ in itertools.count())
    return list(itertools.islice(itertools.chain(corners, drawn), n))


@functools.cache
def circuit_of(source: WindowSource) -> tuple[ClockDomain, Any, Reused]:
    top = Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.source = raster = source.component()
    return sync, raster, Reused(top)


class Run:
    """Clocks a source; `plan` yields what is at the ports, reset and `advance` wished for, cycle by cycle."""

    def __init__(
        self, source: WindowSource, plan: Callable[["Run"], Iterator[tuple[Window, bool, bool]]]
    ) -> None:
        self.source = source
        #: Codes, start of frame and end of line of every vector since the last reset.
        self.beats: list[tuple[list[int], int, int]] = []
        self.asked = 0
        self.busy: list[bool] = []
        sync, raster, circuit = circuit_of(source)

        async def bench(ctx: Any) -> None:
            for window, reset, wished in plan(self):
                ctx.set(raster.window_x, window.x)
                ctx.set(raster.window_y, window.y)
                ctx.set(raster.window_step, window.step)
                ctx.set(sync.rst, reset)
                ready = bool(ctx.get(raster.ready))
                advance = wished and ready and not reset
                assert ctx.get(raster.next_is_first) == (self.asked % self.pixels == 0) or reset
                ctx.set(raster.advance, advance)
                self.busy.append(not ready)
                await ctx.tick()
                self.asked = 0 if reset else self.asked + advance
                assert ctx.get(raster.o.valid) == advance
                if reset:
                    self.beats.clear()
                if advance:
                    codes = [ctx.get(raster.o.payload[k]) for k in range(source.o.length)]
                    self.beats.append((codes, ctx.get(raster.start_of_frame), ctx.get(raster.end_of_line)))

        circuit.run(bench)

    @property
    def pixels(self) -> int:
        return self.source.grid.width * self.source.grid.height

    @property
    def frames(self) -> list[list[tuple[list[int], int, int]]]:
        return [self.beats[k : k + self.pixels] for k in range(0, len(self.beats), self.pixels)]


def frame(source: WindowSource, window: Window) -> list[tuple[list[int], int, int]]:
    width = source.grid.width
    codes = source.forward_int(window).tolist()
    return [(row, int(k == 0), int(k % width == width - 1)) for k, row in enumerate(codes)]


@each_source
def test_the_whole_window_is_the_ordinary_raster_frame_after_frame(source: WindowSource) -> None:
    plain = RasterSource(source.dense, source.grid)
    assert (source.forward_int() == plain.forward_int()).all()
    assert (source.forward_int(Window.whole(source.grid)) == plain.forward_int()).all()
    rng = np.random.default_rng(0)

    def plan(run: Run) -> Iterator[tuple[Window, bool, bool]]:
        while run.asked < 3 * run.pixels + 1:
            yield source.numbers.whole, False, bool(rng.random() < 0.7)

    run = Run(source, plan)
    assert not any(run.busy)
    got = [codes for codes, _, _ in run.beats]
    assert got == (plain.forward_int().tolist() * 4)[: len(got)]


@each_source
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_forward_int_is_the_exact_sum_of_any_window(source: WindowSource, data: st.DataObject) -> None:
    window = data.draw(windows(source))
    dense, turn = source.dense, 1 << source.o.element.width
    got = source.forward_int(window)
    source.o.check(got)
    assert ((source.sums(window) >> source.shift) == got).all()
    for number in {0, len(got) // 2, len(got) - 1}:
        row, column = divmod(number, source.grid.width)
        x = Fraction(window.x + column * window.step, 1 << FRAC)
        y = Fraction(window.y + row * window.step, 1 << FRAC)
        for k, (weight_x, weight_y) in enumerate(dense.weight.tolist()):
            exact = (x * weight_x + y * weight_y + int(dense.bias[k])) / (1 << dense.shift)
            assert got[number, k] == floor(exact) % turn


@each_source
@pytest.mark.parametrize("gaps", [False, True])
def test_a_window_changed_in_mid_frame_is_that_of_the_next_frame_as_a_whole(
    source: WindowSource, gaps: bool
) -> None:
    rng = np.random.default_rng(1)
    chosen = [source.numbers.whole, *some_windows(source, 5), source.numbers.whole, source.numbers.whole]

    def plan(run: Run) -> Iterator[tuple[Window, bool, bool]]:
        window = 0
        change = int(rng.integers(1, run.pixels + 1))
        while run.asked < len(chosen) * run.pixels:
            if run.asked == window * run.pixels + change and window + 1 < len(chosen):
                window += 1
                change = int(rng.integers(1, run.pixels + 1))
                # It is seen from the next cycle on.
                yield chosen[window], False, False
            yield chosen[window], False, not gaps or bool(rng.random() < 0.6)

    run = Run(source, plan)
    assert run.frames == [frame(source, window) for window in chosen]
    # One is for each window that differs from the one before.
    pauses = [len(list(group)) for busy, group in itertools.groupby(run.busy) if busy]
    assert pauses == [source.pause] * 6


def test_a_window_changed_while_another_is_prepared_waits_for_the_frame_after() -> None:
    source = trained("quadinr", 3, 2)
    first, second = some_windows(source, 4)[2:]

    def plan(run: Run) -> Iterator[tuple[Window, bool, bool]]:
        while run.asked < 3 * run.pixels:
            yield second if sum(run.busy) > source.pause // 2 else first, False, True

    # That of the first frame is at the ports from the start, but only seen a cycle later.
    assert [Run(source, plan).frames[k] for k in (1, 2)] == [frame(source, w) for w in (first, second)]


def test_a_window_that_never_rests_still_gives_frames_each_of_one_window() -> None:
    source = trained("quadinr", 3, 2)
    first, second = some_windows(source, 4)[2:]
    seen = itertools.cycle([first, second])

    def plan(run: Run) -> Iterator[tuple[Window, bool, bool]]:
        while run.asked < 5 * run.pixels and len(run.busy) < 8 * source.pause:
            yield next(seen), False, True

    run = Run(source, plan)
    assert len(run.frames) == 5
    assert all(got in (frame(source, first), frame(source, second)) for got in run.frames[1:])


SMALL = trained("siren", 3, 2)
RESET_AT = (0, 1, 2, 5, 40, *(SMALL.pause + late for late in (0, 1, 4, 9)))


@pytest.mark.parametrize("at", RESET_AT)
@pytest.mark.parametrize("cycles", [1, 3])
@pytest.mark.parametrize("after", [1, 2, 0])
def test_a_reset_at_any_time_begins_with_the_window_at_the_ports(at: int, cycles: int, after: int) -> None:
    source = SMALL
    chosen = [source.numbers.whole, *some_windows(source, 4)[2:]]

    def plan(run: Run) -> Iterator[tuple[Window, bool, bool]]:
        for _ in range(at):
            yield chosen[1], False, True
        for _ in range(cycles):
            yield chosen[after], True, True
        while run.asked < 2 * run.pixels:
            yield chosen[after], False, True

    assert Run(source, plan).frames == 2 * [frame(source, chosen[after])]


def test_around_puts_its_point_in_the_middle() -> None:
    grid = Grid(8, 5)
    codes = Window.around(grid, 1.5, -0.25, zoom=2).codes(grid)
    assert ((codes[0] + codes[-1]) / 2 / (2 << FRAC)).tolist() == [1.5, -0.25]
    assert (codes[1] - codes[0]).tolist() == [1 << FRAC, 0]
    assert (Window.around(grid, zoom=1).codes(grid) == grid.codes() << FRAC).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (64, 64), (5, 640), (4096, 2160)])
def test_every_zoom_down_to_a_quarter_can_be_centred(width: int, height: int) -> None:
    dense = Dense(Grid(width, height).vector, np.array([[1, 1]]), 4, np.array([0]), 4, wrap=True)
    source = WindowSource(dense, Grid(width, height))
    window = Window.around(source.grid, zoom=0.25 + 1 / 512)
    assert source.numbers.step.hi >= window.step > 7 << FRAC
    assert source.numbers.position.lo <= min(window.x, window.y)


@pytest.mark.parametrize("zoom", [0.0, -1.0, float("nan")])
def test_a_zoom_that_is_none_is_refused(zoom: float) -> None:
    with pytest.raises(InputError, match="zoom must be over 0"):
        Window.around(Grid(4, 3), zoom=zoom)


def test_windows_beyond_the_ports_are_refused() -> None:
    source = trained("quadinr", 4, 3)
    too_far = Window(source.numbers.position.hi + 1, 0, 1)
    with pytest.raises(InputError, match="x of the window must be from -4096 to 4095, not 4096"):
        source.forward_int(too_far)
    with pytest.raises(InputError, match="step of the window must be from 0 to 2047, not -1"):
        source.sums(Window(0, 0, -1))


@pytest.mark.parametrize("model", ["gauss", "wire", "sinc"])
def test_an_activation_that_does_not_repeat_is_refused(model: str) -> None:
    with pytest.raises(InputError, match="a window needs a periodic activation such as quadinr or siren"):
        trained(model, 4, 3)
