"""The counters that walk over the pixels of a frame."""

import functools
import operator
from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.selection import of_bank
from inrhw.signals.grid import Grid
from inrhw.signals.tiling import Tiling


class PixelCounter(wiring.Component):
    """Where in the signal the scan is.

    A scan goes over all samples, a frame over those of the first two axes: of a picture the scan is a frame,
    of a video it is all frames, of a sound all of it is one line.

    Parameters
    ----------
    grids
        The signal; or one for each bank, if their sizes differ.

    Attributes
    ----------
    step
        High to go on to the next pixel.
    bank
        Bank of the present pixel, if there are many grids: the same from the first of a frame to the last.
        What is said of the ends depends on it, and it matters with `step` only.
    start_of_line, start_of_frame, end_of_line, end_of_frame
        About the present pixel.
    start_of_scan, end_of_scan
        The same, of a grid of three axes only: of others the scan is a frame.
    then_end_of_line, then_end_of_frame
        About the pixel that is there in the next cycle, for those who register it; of one grid only.
    """

    def __init__(self, grids: Sequence[Grid]) -> None:
        self._grids = grids
        ports = {
            "step": In(1),
            "start_of_line": Out(1),
            "start_of_frame": Out(1),
            "end_of_line": Out(1),
            "end_of_frame": Out(1),
        }
        if self._axes > 2:
            ports |= {"start_of_scan": Out(1), "end_of_scan": Out(1)}
        if len(grids) == 1:
            ports |= {"then_end_of_line": Out(1), "then_end_of_frame": Out(1)}
        else:
            ports["bank"] = In(range(len(grids)))
        super().__init__(ports)

    @property
    def _axes(self) -> int:
        return self._grids[0].axes

    @property
    def starts(self) -> list[Signal]:
        """For each axis, whether the pixel is the first on it and on all before it."""
        return self._levels("start")

    @property
    def ends(self) -> list[Signal]:
        """For each axis, whether the pixel is the last on it and on all before it."""
        return self._levels("end")

    def _levels(self, what: str) -> list[Signal]:
        return [getattr(self, f"{what}_of_{level}") for level in ("line", "frame", "scan")[: self._axes]]

    def elaborate(self, platform: object) -> Module:
        """Build counters, and flags that are known before the pixel is, or of many grids with its bank."""
        m = Module()
        grids = self._grids
        sides = list(zip(*(grid.sides for grid in grids), strict=True))
        at = [Signal(range(max(2, *along)), name=name) for along, name in zip(sides, "xyz", strict=False)]
        last = [
            Signal(name=f"last_{name}", init=along[0] == 1) for along, name in zip(sides, "xyz", strict=False)
        ]
        then: list[Value] = []
        for axis, (position, is_last) in enumerate(zip(at, last, strict=True)):
            counted = Mux(is_last, 0, position + 1)
            then.append(Mux(_all(last[:axis]), counted, position) if axis else counted)
        step = [position.eq(value) for position, value in zip(at, then, strict=True)]
        if len(grids) == 1:
            then_last = [value == side - 1 for value, side in zip(then, grids[0].sides, strict=True)]
            step += [is_last.eq(value) for is_last, value in zip(last, then_last, strict=True)]
            ends = [
                self.then_end_of_line.eq(Mux(self.step, then_last[0], last[0])),
                self.then_end_of_frame.eq(Mux(self.step, _all(then_last[:2]), _all(last[:2]))),
            ]
        else:
            ends = [
                is_last.eq(position == of_bank([side - 1 for side in along], self.bank))
                for is_last, position, along in zip(last, at, sides, strict=True)
            ]
        with m.If(self.step):
            m.d.sync += step
        m.d.comb += ends
        for count, (start, end) in enumerate(zip(self.starts, self.ends, strict=True), 1):
            m.d.comb += [
                start.eq(_all([position == 0 for position in at[:count]])),
                end.eq(_all(last[:count])),
            ]
        if self._axes == 1:
            m.d.comb += [self.start_of_frame.eq(self.start_of_line), self.end_of_frame.eq(self.end_of_line)]
        return m


def _all(flags: Sequence[Value]) -> Value:
    return functools.reduce(operator.and_, flags)


class TileCounter(wiring.Component):
    """Where in which tile the scan is, that goes over the whole picture line by line.

    Parameters
    ----------
    tiling
        The picture's tiles.

    Attributes
    ----------
    step
        High to go on to the next pixel.
    tile, column
        Number of the present pixel's tile, and of its column of tiles.
    start_of_tile_line, start_of_tile
        The pixel is the first of a line of its tile, or of all of it.
    start_of_frame, end_of_line
        The pixel is the first of the frame, or the last of a line of the picture.
    """

    def __init__(self, tiling: Tiling) -> None:
        self._tiling = tiling
        super().__init__(
            {
                "step": In(1),
                "tile": Out(range(tiling.tiles)),
                "column": Out(range(tiling.columns)),
                "start_of_tile_line": Out(1),
                "start_of_tile": Out(1),
                "start_of_frame": Out(1),
                "end_of_line": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count pixels and tiles, and remember with which tile the line began."""
        m = Module()
        tiling = self._tiling
        x, y = Signal(range(max(2, tiling.tile_width))), Signal(range(max(2, tiling.tile_height)))
        row, first = Signal(range(max(2, tiling.rows))), Signal.like(self.tile)
        last_column, last_row = self.column == tiling.columns - 1, row == tiling.rows - 1
        last_x = x == Mux(last_column, tiling.last_width - 1, tiling.tile_width - 1)
        last_y = y == Mux(last_row, tiling.last_height - 1, tiling.tile_height - 1)
        m.d.comb += [
            self.start_of_tile_line.eq(x == 0),
            self.start_of_tile.eq((x == 0) & (y == 0)),
            self.start_of_frame.eq(self.start_of_tile & (self.tile == 0)),
            self.end_of_line.eq(last_x & last_column),
        ]
        with m.If(self.step):
            m.d.sync += x.eq(Mux(last_x, 0, x + 1))
            with m.If(last_x):
                m.d.sync += [self.tile.eq(self.tile + 1), self.column.eq(self.column + 1)]
            with m.If(self.end_of_line):
                m.d.sync += [self.column.eq(0), self.tile.eq(first), y.eq(y + 1)]
                with m.If(last_y):
                    after = Mux(last_row, 0, self.tile + 1)
                    m.d.sync += [
                        y.eq(0),
                        row.eq(Mux(last_row, 0, row + 1)),
                        self.tile.eq(after),
                        first.eq(after),
                    ]
        return m
