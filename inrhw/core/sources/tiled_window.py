"""A window into a picture in tiles: a walk that says of each pixel in which tile it is, and where in it.

The first layer then multiplies, as it does behind a stream: where a window's line enters a tile may be any
place of it, so that no accumulator could begin there with a constant.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from numpy.typing import NDArray

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.core.sources.counter import PixelCounter, scan_ports
from inrhw.core.sources.tile_division import TileDivision
from inrhw.core.sources.window import window_ports
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import FRAC, Window, WindowNumbers


@dataclass(frozen=True)
class TiledWindow:
    """The source of a raster core in tiles whose window is set at run time.

    Parameters
    ----------
    tiling
        The picture's tiles.
    banks
        One for each tile, or of loadable weights for those of two pictures.
    """

    tiling: Tiling
    banks: int

    @property
    def numbers(self) -> WindowNumbers:
        """What a window's numbers can be."""
        return WindowNumbers(self.tiling.whole)

    @property
    def ports(self) -> dict[str, wiring.Member]:
        """The window's ports; see `window_ports`."""
        return window_ports(self.numbers)

    @property
    def coordinate(self) -> Fixed:
        """Format of a coordinate in a tile, and beyond it, if the tile is at the border."""
        return self.numbers.anywhere_in(self.tiling)

    @property
    def o(self) -> Vector:
        """Coordinates in a tile, and its bank."""
        return Vector(self.coordinate, 2, banks=self.banks)

    @property
    def division(self) -> TileDivision:
        """What splits coordinates."""
        return TileDivision(self.tiling, FRAC)

    @property
    def latency(self) -> int:
        """Cycles from `advance` to the vector."""
        return 1 + self.division.latency

    @property
    def pause(self) -> int:
        """Cycles that a change of the window takes."""
        return 0

    @property
    def pixels(self) -> int:
        """Pixels of a frame."""
        return self.tiling.whole.pixels

    @property
    def told_banks(self) -> int:
        """The walk knows the tile, but of loadable weights not which of two pictures is shown."""
        return 2 if self.banks > self.tiling.tiles else 1

    @property
    def memories(self) -> tuple[Contents, ...]:
        """None: the first layer is behind the source."""
        return ()

    def located(self, window: Window | None = None) -> tuple[NDArray[np.int64], Codes]:
        """Return the tile of every pixel of a frame, [pixels], and its coordinates in it, [pixels, 2].

        Raises
        ------
        InputError
            If the window's numbers do not fit its ports.
        """
        return self.tiling.located(self.numbers.codes(window), FRAC)

    def frames(self, vectors: int) -> Iterator[tuple[int, Codes]]:
        """Yield 0 and vectors of frame after frame of the whole picture, until so many vectors."""
        _, frame = self.located()
        for left in range(vectors, 0, -len(frame)):
            yield 0, frame[:left]

    def component(self) -> "TiledWindowComponent":
        """Return the pixel counter, the walk and the division."""
        return TiledWindowComponent(self)


class TiledWindowComponent(wiring.Component):
    """Puts out a vector for each cycle in which `advance` is high, frame after frame, each in one window.

    The window is that which is at the ports when the first vector of the frame is requested.

    Attributes
    ----------
    window_x, window_y, window_step
        See `Window`.
    advance
        Request for a vector.
    bank
        With loadable weights, which of two pictures it is meant for.
    next_is_first
        The next vector requested is the first of a frame.
    start_of_frame, end_of_line
        About the vector at `o`.
    """

    def __init__(self, source: TiledWindow) -> None:
        self._source = source
        super().__init__({**source.ports, **scan_ports(source.o, source.told_banks)})

    def elaborate(self, platform: object) -> Module:
        """Walk, and split where the walk is."""
        m = Module()
        source = self._source
        m.submodules.counter = counter = PixelCounter([source.tiling.whole])
        m.d.comb += [counter.step.eq(self.advance), self.next_is_first.eq(counter.start_of_frame)]
        place = self._walk(m, counter)
        sides = source.tiling.sides
        beyond = [at >= side << FRAC for at, side in zip(place, sides, strict=True)]
        rests, tile = source.division.divide(m, place, beyond)
        m.d.comb += [self.o.payload[axis].eq(rest) for axis, rest in enumerate(rests)]
        m.d.comb += self.o.valid.eq(delay_valid(m, self.advance, source.latency))
        if source.told_banks > 1:
            tile = Cat(tile, delay(m, self.bank, source.latency, "picture"))
        if source.o.banks > 1:
            m.d.comb += self.o.bank.eq(tile)
        flags = Cat(counter.start_of_frame, counter.end_of_line)
        m.d.comb += Cat(self.start_of_frame, self.end_of_line).eq(delay(m, flags, source.latency, "flags"))
        return m

    def _walk(self, m: Module, counter: PixelCounter) -> list[Value]:
        """Return where the vector is that was requested last."""
        width = self._source.numbers.anywhere.width
        x, y = (Signal(signed(width), name=name, reset_less=True) for name in "xy")
        origin = Signal.like(self.window_x, name="shown_x", reset_less=True)
        step = Signal.like(self.window_step, name="shown_step", reset_less=True)
        first, starts_line = counter.start_of_frame, counter.start_of_line
        with m.If(self.advance):
            m.d.sync += x.eq(Mux(starts_line, Mux(first, self.window_x, origin), x + step))
            with m.If(starts_line):
                m.d.sync += y.eq(Mux(first, self.window_y, y + step))
            with m.If(first):
                m.d.sync += [origin.eq(self.window_x), step.eq(self.window_step)]
        return [x, y]
