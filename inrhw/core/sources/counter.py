"""The counters that walk over the pixels of a frame."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.gateware.selection import of_bank
from inrhw.signals.grid import Grid
from inrhw.signals.tiling import Tiling


class PixelCounter(wiring.Component):
    """Where in the frame the scan is.

    Parameters
    ----------
    grids
        The picture; or one for each bank, if their sizes differ.

    Attributes
    ----------
    step
        High to go on to the next pixel.
    bank
        Bank of the present pixel, if there are many grids: the same from the first of a frame to the last.
        What is said of the ends depends on it, and it matters with `step` only.
    start_of_line, start_of_frame, end_of_line, end_of_frame
        About the present pixel.
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
        if len(grids) == 1:
            ports |= {"then_end_of_line": Out(1), "then_end_of_frame": Out(1)}
        else:
            ports["bank"] = In(range(len(grids)))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Build counters, and flags that are known before the pixel is, or of many grids with its bank."""
        m = Module()
        grids = self._grids
        x = Signal(range(max(2, *(grid.width for grid in grids))))
        y = Signal(range(max(2, *(grid.height for grid in grids))))
        last_x = Signal(init=grids[0].width == 1)
        last_y = Signal(init=grids[0].height == 1)
        next_x = Mux(last_x, 0, x + 1)
        next_y = Mux(last_x, Mux(last_y, 0, y + 1), y)
        step = [x.eq(next_x), y.eq(next_y)]
        if len(grids) == 1:
            next_last_x, next_last_y = next_x == grids[0].width - 1, next_y == grids[0].height - 1
            step += [last_x.eq(next_last_x), last_y.eq(next_last_y)]
            ends = [
                self.then_end_of_line.eq(Mux(self.step, next_last_x, last_x)),
                self.then_end_of_frame.eq(Mux(self.step, next_last_x & next_last_y, last_x & last_y)),
            ]
        else:
            ends = [
                last_x.eq(x == of_bank([grid.width - 1 for grid in grids], self.bank)),
                last_y.eq(y == of_bank([grid.height - 1 for grid in grids], self.bank)),
            ]
        with m.If(self.step):
            m.d.sync += step
        m.d.comb += [
            *ends,
            self.start_of_line.eq(x == 0),
            self.start_of_frame.eq((x == 0) & (y == 0)),
            self.end_of_line.eq(last_x),
            self.end_of_frame.eq(last_x & last_y),
        ]
        return m


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
