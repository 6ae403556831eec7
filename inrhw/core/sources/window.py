"""A window into the picture: a raster scan whose first pixel and step can be set at run time.

What the first layer needs of a window is a few products with its weights. They are made bit by bit, most
significant first (Horner), in the accumulators themselves, between two frames: no multiplier.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Codes, Phase
from inrhw.core.registers.axi_lite import pass_on
from inrhw.core.sources.counter import PixelCounter
from inrhw.core.sources.raster import RasterSource, RasterSourceComponent
from inrhw.lowering.hardware import check_window
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.window import FRAC, Window, WindowNumbers


def window_ports(numbers: WindowNumbers) -> dict[str, wiring.Member]:
    """Return the ports of a window; all three must change in one cycle."""
    position, whole = signed(numbers.position.width), numbers.whole
    return {
        "window_x": In(position, init=whole.x),
        "window_y": In(position, init=whole.y),
        "window_step": In(numbers.step.width, init=whole.step),
    }


@dataclass(frozen=True, eq=False)
class WindowSource(RasterSource):
    """The first layer of a raster scan, with a window that is set at run time.

    The frame has the grid's number of pixels, whatever the window. The accumulators have `FRAC` bits more
    than those of a `RasterSource`, and the three increments of a neuron are registers. All is modulo the
    accumulator's width, and so is the phase: no window can overflow.

    Raises
    ------
    InputError
        If the layer's output is not a phase.
    """

    def __post_init__(self) -> None:
        check_window("raster", folded=False, argument=self.o.element, axes=self.grid.axes)

    @property
    def numbers(self) -> WindowNumbers:
        """What a window's numbers can be."""
        return WindowNumbers(self.grid)

    @property
    def shift(self) -> int:
        """Bits of an accumulator below what is kept."""
        return self.dense.shift + FRAC

    @property
    def pause(self) -> int:
        """Cycles between two frames in which no vector is given, where the window changes."""
        return 2 + 4 * self.acc_width

    @property
    def starts(self) -> list[int]:
        """Each neuron's exact sum at the first pixel of the whole picture."""
        return [start << FRAC for start in super().starts]

    @property
    def factors(self) -> list[tuple[int, ...]]:
        """What each neuron multiplies by: 0, its increments, then 0, the weight of x, that of y, and both."""
        weights = zip(self.increments, self.dense.weight.tolist(), strict=True)
        return [(0, *increments, 0, x, y, x + y) for increments, (x, y) in weights]

    @functools.cached_property
    def moved(self) -> Dense:
        """The first layer for coordinates anywhere in any window."""
        return self.dense.taking(self.numbers.anywhere)

    def forward_int(self, window: Window | None = None) -> Codes:
        """Return the first layer's output for every pixel of a frame, [pixels, o.length].

        Raises
        ------
        InputError
            If the window's numbers do not fit its ports.
        """
        return self.moved.forward_int(self.numbers.codes(window))

    def sums(self, window: Window | None = None) -> Codes:
        """Return the exact sums for every pixel of a frame, modulo the accumulator; errors as above."""
        exact: Codes = self.numbers.codes(window) @ self.moved.weight.T + self.moved.bias
        return exact & ((1 << self.acc_width) - 1)

    @property
    def ports(self) -> dict[str, wiring.Member]:
        """The window's ports; see `window_ports`."""
        return window_ports(self.numbers)

    def component(self) -> "WindowSourceComponent":
        """Return the accumulators, the pixel counter and what moves the window."""
        return WindowSourceComponent(self)

    @classmethod
    def examples(cls) -> Iterator["WindowSource"]:
        """Yield grids of every awkward shape."""
        for source in RasterSource.examples():
            if isinstance(source.o.element, Phase) and source.grid.axes == 2:
                yield cls(source.dense, source.grid)


class WindowSourceComponent(RasterSourceComponent):
    """Puts out one vector for each `advance`, frame after frame, each in one window.

    A window that differs from the one shown when the next vector is the first of a frame is taken then. For
    `WindowSource.pause` cycles `ready` is low, then that frame is given. A reset begins a frame in the window
    that is at the ports.

    Attributes
    ----------
    window_x, window_y, window_step
        See `Window`.
    next_is_first
        The vector that may be asked for now is the first of a frame.
    allow
        A frame may begin, for all that others know; one that waits for them takes every window until then.
    ready
        High where `advance` may be.
    """

    _source: WindowSource

    def __init__(self, source: WindowSource) -> None:
        ports = {"next_is_first": Out(1), "allow": In(1, init=1), "ready": Out(1)}
        super().__init__(source, {**source.ports, **ports})

    def _accumulate(self, m: Module, step: Signal, counter: PixelCounter) -> None:
        """Add an increment, or double and add a factor where the window moves."""
        source, width = self._source, self._source.acc_width
        m.submodules.mover = mover = _Mover(source)
        pass_on(m, self, mover, source.ports)
        m.d.comb += [
            self.next_is_first.eq(Mux(step, counter.end_of_frame, counter.start_of_frame)),
            mover.next_is_first.eq(self.next_is_first),
            mover.advance.eq(self.advance),
            mover.allow.eq(self.allow),
            self.ready.eq(mover.ready),
        ]
        chosen = self._chosen(m, counter, mover.then_moving)
        for k, acc in enumerate(self.accumulators):
            increments = source.increments[k]
            registers = [
                Signal(width, name=f"{name}{k}", init=increment * source.numbers.whole.step % (1 << width))
                for name, increment in zip(("pixel", "line", "frame"), increments, strict=True)
            ]
            parts = [
                register & choice.replicate(width) for register, choice in zip(registers, chosen, strict=True)
            ]
            addend = parts[0] | parts[1] | parts[2] | mover.addend[k]
            with m.If(mover.moving | step):
                m.d.sync += acc.eq(Mux(mover.moving, Cat(mover.bias[k], acc), acc) + addend)
            for register, take in zip(registers, mover.take, strict=True):
                with m.If(take):
                    m.d.sync += register.eq(acc)

    def _chosen(self, m: Module, counter: PixelCounter, then_moving: Value) -> list[Signal]:
        """Return whether each increment is to be added; none while the window moves.

        Registered and decoded, because all accumulators hang on it: as a multiplexer it took four more LUTs
        one behind the other.
        """
        grid = self._source.grid
        first = (grid.width > 1, grid.width == 1 < grid.height, grid.width * grid.height == 1)
        chosen = [
            Signal(init=init, name=f"add_{name}")
            for name, init in zip(("pixel", "line", "frame"), first, strict=True)
        ]
        line, frame = counter.then_end_of_line, counter.then_end_of_frame
        for signal, choice in zip(chosen, (~line, line & ~frame, frame), strict=True):
            m.d.sync += signal.eq(choice & ~then_moving)
        return chosen


class _Mover(wiring.Component):
    """Takes a window between two frames, and serves its bits to all neurons, the highest first.

    There are four turns of as many bits as an accumulator has, whatever it held before: the step by each of
    the three increments, then x and y by the weights, with the bias's bits coming in below.

    Attributes
    ----------
    window_x, window_y, window_step, next_is_first, advance, allow, ready
        Those of a `WindowSourceComponent`.
    then_moving
        `moving` in the next cycle.
    moving
        The accumulators are doubled.
    addend
        What is added then, for each neuron; else 0.
    bias
        What comes in below, for each neuron.
    take
        The increments that are in the accumulators now.
    """

    def __init__(self, source: WindowSource) -> None:
        self._source = source
        super().__init__(
            {
                **source.ports,
                "next_is_first": In(1),
                "advance": In(1),
                "allow": In(1),
                "ready": Out(1),
                "then_moving": Out(1),
                "moving": Out(1),
                "addend": Out(data.ArrayLayout(source.acc_width, source.o.length)),
                "bias": Out(source.o.length),
                "take": Out(3),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Take a window, count down, and register what all accumulators hang on."""
        m = Module()
        width = self._source.acc_width
        busy, turn, place = Signal(), Signal(2), Signal(range(width), init=width - 1)
        shown = self._shown(m, busy)
        with m.If(busy):
            m.d.sync += place.eq(Mux(place == 0, width - 1, place - 1))
            with m.If(place == 0):
                m.d.sync += [turn.eq(turn + 1), busy.eq(turn != 3)]

        x_bit, y_bit, step_bit = (number.bit_select(place, 1) for number in shown)
        last = turn == 3
        biases = [Const(bias % (1 << width), width) for bias in self._source.moved.bias.tolist()]
        #: Of `WindowSource.factors`.
        factor, bias, take = Signal(3), Signal.like(self.bias), Signal.like(self.take)
        m.d.sync += [
            self.then_moving.eq(busy),
            factor.eq(Mux(busy, Mux(last, Cat(x_bit, y_bit, Const(1, 1)), Mux(step_bit, turn + 1, 0)), 0)),
            bias.eq(Cat(last & code.bit_select(place, 1) for code in biases)),
            take.eq(Cat(busy & (place == width - 1) & (turn == k + 1) for k in range(3))),
            self.moving.eq(self.then_moving),
            self.bias.eq(bias),
            self.take.eq(take),
        ]
        self._add(m, factor)
        return m

    def _add(self, m: Module, factor: Signal) -> None:
        """Register the factor of each neuron, a flip-flop for all bits that are alike."""
        alike: dict[int, Signal] = {}
        for k, factors in enumerate(self._source.factors):
            for place in range(self._source.acc_width):
                truth = sum((number >> place & 1) << choice for choice, number in enumerate(factors))
                if truth not in alike:
                    alike[truth] = Signal(name=f"addend{truth:08b}")
                    m.d.sync += alike[truth].eq(Const(truth, 8).bit_select(factor, 1))
                m.d.comb += self.addend[k][place].eq(alike[truth])

    def _shown(self, m: Module, busy: Signal) -> list[Signal]:
        """Return the window that is shown, each number in the bits of an accumulator."""
        members = self._source.ports
        wanted = Cat(getattr(self, name) for name in members)
        whole = Cat(Const(member.init, member.shape) for member in members.values())
        shown = Signal(len(wanted), init=whole)
        # One cycle late, but right in the first one after a reset.
        changed = Signal(reset_less=True)
        m.d.sync += changed.eq(wanted != Mux(ResetSignal(), whole, shown))
        # Not shown for a frame yet: ports that never rest must not hold up a frame that may begin.
        fresh, due = Signal(), Signal()
        still = ~busy & ~self.then_moving
        m.d.comb += [due.eq(self.next_is_first & changed & ~fresh), self.ready.eq(~due & still)]
        with m.If(self.advance):
            m.d.sync += fresh.eq(0)
        with m.If(due & still):
            m.d.sync += [shown.eq(wanted), fresh.eq(self.allow), busy.eq(1)]
        longer, start = [], 0
        for name, member in members.items():
            shape = Shape.cast(member.shape)
            number = shown[start : start + shape.width]
            longer.append(Signal(Shape(self._source.acc_width, shape.signed), name=f"{name}_shown"))
            m.d.comb += longer[-1].eq(number.as_signed() if shape.signed else number)
            start += shape.width
        return longer
