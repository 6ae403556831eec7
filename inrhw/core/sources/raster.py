"""Where coordinates come from: a raster scan inside the core, or an AXI4-Stream."""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Codes, Vector
from inrhw.core.sources.counter import PixelCounter
from inrhw.gateware.edge import flow
from inrhw.gateware.memories.contents import Contents
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.grid import Grid


@dataclass(frozen=True, eq=False)
class RasterSource:
    """The first layer of a raster scan, as a bank of accumulators: no multiplier, one adder a neuron.

    Along a line the layer's sum grows by a constant, twice the neuron's weight in x; from the end of a line
    to the start of the next, and from the end of the frame to its start, by two other constants. All of it
    is modulo the width of the accumulator, so nothing drifts.

    Parameters
    ----------
    dense
        The network's first layer.
    grid
        The signal.
    """

    dense: Dense
    grid: Grid

    @property
    def o(self) -> Vector:
        """What the first layer puts out."""
        return self.dense.o

    @property
    def latency(self) -> int:
        """Cycles from `advance` to the vector."""
        return 1

    @property
    def memories(self) -> tuple[Contents, ...]:
        """None: the weights are constants."""
        return ()

    @property
    def shift(self) -> int:
        """Bits of an accumulator below what is kept."""
        return self.dense.shift

    @property
    def acc_width(self) -> int:
        """Bits of an accumulator: what is kept of the sum, and the bits below it."""
        return self.shift + self.o.element.width

    @property
    def increments(self) -> list[tuple[int, ...]]:
        """What each neuron's sum grows by for each unit of the step between two pixels.

        From a pixel to the next, from the end of a line to the start of the next, of three axes from the end
        of a frame to the start of the next, and from the end of the scan to its start.
        """
        back = np.array([1 - side for side in self.grid.sides])
        found = []
        for weight in self.dense.weight:
            returns = [0, *np.cumsum(back * weight).tolist()]
            found.append(tuple(map(operator.add, returns, [*weight.tolist(), 0])))
        return found

    @property
    def starts(self) -> list[int]:
        """Each neuron's exact sum at the frame's first pixel."""
        first = np.array([1 - side for side in self.grid.sides])
        sums: list[int] = (self.dense.weight @ first + self.dense.bias).tolist()
        return sums

    def forward_int(self) -> Codes:
        """Return the first layer's output for every pixel of one frame, [pixels, o.length]."""
        return self.dense.forward_int(self.grid.codes())

    def sums(self) -> Codes:
        """Return the first layer's exact sums for every pixel of one frame, modulo the accumulator."""
        exact: Codes = self.grid.codes() @ self.dense.weight.T + self.dense.bias
        return exact & ((1 << self.acc_width) - 1)

    def component(self) -> "RasterSourceComponent":
        """Return the accumulators and the pixel counter."""
        return RasterSourceComponent(self)

    @classmethod
    def examples(cls) -> Iterator["RasterSource"]:
        """Yield grids of every awkward shape, in front of phases and of numbers."""
        rng = np.random.default_rng(0)
        pictures = [(1, 1), (1, 4), (5, 1), (3, 4), (8, 8), (7, 3)]
        for sides in [*pictures, (1,), (7,), (3, 2, 4), (1, 5, 2), (4, 1, 1)]:
            grid = Grid(*sides)
            weight, bias = rng.integers(-99, 100, (3, grid.axes)), rng.integers(-99, 100, 3)
            for wrap in (True, False):
                yield cls(Dense(grid.vector, weight, 5, bias, 4, wrap), grid)


class RasterSourceComponent(wiring.Component):
    """Puts out one vector a cycle while `advance` is high, frame after frame.

    Attributes
    ----------
    advance
        Request for one vector, which comes out (`o.valid`) in the next cycle.
    start_of_frame, end_of_line
        About the vector at `o`.
    """

    def __init__(
        self, source: RasterSource, ports: Mapping[str, wiring.Member] = MappingProxyType({})
    ) -> None:
        self._source = source
        #: One a neuron: its exact sum at the pixel at `o`.
        self.accumulators = [
            Signal(source.acc_width, name=f"acc{k}", init=start % (1 << source.acc_width))
            for k, start in enumerate(source.starts)
        ]
        super().__init__(
            {
                "advance": In(1),
                "o": Out(flow(source.o)),
                "start_of_frame": Out(1),
                "end_of_line": Out(1),
                **ports,
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the pixel counter and one accumulator a neuron."""
        m = Module()
        # Registered, because every accumulator hangs on it.
        step = Signal()
        m.d.sync += step.eq(self.advance)

        m.submodules.counter = counter = PixelCounter([self._source.grid])
        m.d.comb += [
            counter.step.eq(step),
            self.o.valid.eq(step),
            self.start_of_frame.eq(counter.start_of_frame),
            self.end_of_line.eq(counter.end_of_line),
        ]

        self._accumulate(m, step, counter)
        for k, acc in enumerate(self.accumulators):
            m.d.comb += self.o.payload[k].eq(acc[self._source.shift :])
        return m

    def _accumulate(self, m: Module, step: Signal, counter: "PixelCounter") -> None:
        """Go on to the next pixel's sums when `step` is high."""
        width = self._source.acc_width
        for acc, increments in zip(self.accumulators, self._source.increments, strict=True):
            steps = [Const(2 * increment % (1 << width), width) for increment in increments]
            increment: Value = steps.pop()
            for end, ordinary in zip(reversed(counter.ends), reversed(steps), strict=True):
                increment = Mux(end, increment, ordinary)
            with m.If(step):
                m.d.sync += acc.eq(acc + increment)
