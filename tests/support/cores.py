"""Small cores, and how they run in Amaranth's simulator."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Cat

from inrhw.core.core import Core
from inrhw.core.sources.stream import bits_per_axis
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.linear.folded_dense.fold import Fold
from support.reused import Reused

#: One beat of m_axis: tdata, tuser, tlast.
Beat = tuple[int, int, int]


def core(
    source: str, model: str = "quadinr", width: int = 4, height: int = 3, channels: int = 3, **more: Any
) -> Core:
    return of_signal(source, (width, height), channels, model, **more)


def of_signal(
    source: str, sides: tuple[int, ...], channels: int, model: str = "quadinr", **more: Any
) -> Core:
    """Return a core of a signal of any sides, channels and format of values."""
    architecture = Architecture(model, sides, channels, hidden_features=2, hidden_layers=0, **more)
    return Core(lower(INR(architecture).quantized()), architecture.grid, source)


def folded(
    source: str,
    weights: str,
    model: str = "quadinr",
    channels: int = 3,
    sides: tuple[int, ...] = (4, 3),
    *,
    folds: tuple[Fold, ...] = (),
    packed: bool = False,
    weight_ecc: str = "none",
    **more: Any,
) -> Core:
    architecture = Architecture(model, sides, channels, hidden_features=4, hidden_layers=1, **more)
    folds = folds or (Fold(2, len(sides)), Fold(2, 2), Fold(1, 3))
    folding = Folding(folds, weights, packed, weight_ecc)
    graph = fold(lower(INR(architecture).quantized()), folding, architecture.precision)
    return Core(graph, architecture.grid, source)


def frame(core: Core) -> list[Beat]:
    """Return what AXI4-Stream video says about one signal: green, blue, red from the lowest byte."""
    pixels = core.graph.forward_int(core.grid.codes()).tolist()
    order = [1, 2, 0] if core.channels == 3 else list(range(core.channels))
    bits = core.value.width
    words = [sum(pixel[c] % (1 << bits) << bits * k for k, c in enumerate(order)) for pixel in pixels]
    return [(word, *flags(core, n)) for n, word in enumerate(words)]


def flags(core: Core, sample: int) -> tuple[int, int]:
    """Return tuser and tlast of a sample: the first of a frame, and the last of a line."""
    width = core.grid.width
    return int(sample % (width * core.grid.height) == 0), int(sample % width == width - 1)


def coordinates(core: Core, n: int) -> list[Beat]:
    bits = bits_per_axis(core.grid.element)
    words = [
        sum(code % (1 << bits) << bits * k for k, code in enumerate(codes))
        for codes in core.grid.codes().tolist()
    ]
    beats = [(word, *flags(core, k)) for k, word in enumerate(words)]
    return [beats[k % len(beats)] for k in range(n)]


def put(ctx: Any, inputs: Sequence[tuple[Any, int]]) -> None:
    """Set all inputs at once: whatever is set, Amaranth looks at the whole design."""
    word, width = 0, 0
    for signal, value in inputs:
        word |= value << width
        width += len(signal)
    ctx.set(Cat(signal for signal, _ in inputs), word)


Policy = Callable[[int], bool]


def always(cycle: int) -> bool:
    return True


def sometimes(share: float, seed: int) -> Policy:
    rng = np.random.default_rng(seed)
    return lambda cycle: bool(rng.random() < share)


@functools.lru_cache(maxsize=4)
def circuit_of(core: Core) -> tuple[Any, Reused]:
    """Return a core's ports and its circuit; the same for the same object."""
    top = core.component()
    return top, Reused(top, clocked=False)


class Run:
    """Clocks a core by hand, one cycle at a time, as a master on s_axis and a slave on m_axis."""

    def __init__(self, core: Core, cycles: int, *, ready: Policy = always, offer: Policy = always) -> None:
        self.core, self.cycles, self.ready, self.offer = core, cycles, ready, offer
        self.resets: set[int] = set()
        #: (cycle, beat) of every handshake on m_axis; cycle of every handshake on s_axis.
        self.out: list[tuple[int, Beat]] = []
        self.admitted: list[int] = []
        self.watch: Callable[[Any], None] = lambda ctx: None

    def start(self) -> "Run":
        self.top, circuit = circuit_of(self.core)
        circuit.run(self._bench)
        return self

    async def _bench(self, ctx: Any) -> None:
        top, rng = self.top, np.random.default_rng(9)
        stream = self.core.source == "stream"
        pending = coordinates(self.core, self.cycles)
        sent, offered, held = 0, False, None
        for cycle in range(-2, self.cycles):
            in_reset = cycle < 0 or cycle in self.resets
            ready = not in_reset and self.ready(cycle)
            inputs = [(top.aclk, 0), (top.aresetn, not in_reset), (top.m_axis_tready, ready)]
            if in_reset:
                sent, offered, held = 0, False, None
            if stream:
                # Once offered a beat stays; without one the data is garbage.
                offered = not in_reset and (offered or self.offer(cycle))
                garbage = tuple(rng.integers(0, 2, 3).tolist())
                tdata, tuser, tlast = pending[sent] if offered else garbage
                inputs += [(top.s_axis_tdata, tdata), (top.s_axis_tuser, tuser), (top.s_axis_tlast, tlast)]
                inputs += [(top.s_axis_tvalid, offered)]
            put(ctx, inputs)
            self.watch(ctx)
            beat = (ctx.get(top.m_axis_tdata), ctx.get(top.m_axis_tuser), ctx.get(top.m_axis_tlast))
            valid = ctx.get(top.m_axis_tvalid) and not in_reset
            # The protocol: an offer stays as it is until it is taken.
            assert held is None or (valid and beat == held)
            if valid and ready:
                self.out.append((cycle, beat))
            held = beat if valid and not ready else None
            if stream and offered and ctx.get(top.s_axis_tready):
                self.admitted.append(cycle)
                sent, offered = sent + 1, False
            ctx.set(top.aclk, 1)

    @property
    def beats(self) -> list[Beat]:
        return [beat for _, beat in self.out]


def assert_frames(core: Core, beats: list[Beat], at_least: int) -> None:
    picture = frame(core)
    assert len(beats) >= at_least
    assert beats == [picture[k % len(picture)] for k in range(len(beats))]
