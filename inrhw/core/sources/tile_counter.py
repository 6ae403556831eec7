"""The counters that walk over the samples of a signal in tiles."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.sources.counter import all_of
from inrhw.signals.tiles.tiling import Tiling


class _Axis(NamedTuple):
    """Where the scan is on an axis.

    Attributes
    ----------
    at
        Sample in its tile.
    place
        Tile among those of the axis; of a sound's only axis that is its number.
    is_last_tile, is_last
        It is the last of those, and the sample the last of its tile.
    """

    at: Signal
    place: Signal
    is_last_tile: Value
    is_last: Value


class TileCounter(wiring.Component):
    """Where in which tile the scan is, that goes over the whole signal line by line.

    Parameters
    ----------
    tiling
        The signal's tiles.

    Attributes
    ----------
    step
        High to step to the next sample.
    tile
        Number of the present sample's tile.
    column, row, layer
        Where it is among the tiles of each axis, on two axes and more.
    start_of_tile_line, start_of_tile_frame, start_of_tile
        The sample is the first of a line of its tile, on two axes and more, of a frame of it, on three, or of
        all of it.
    start_of_frame, end_of_line
        The sample is the first of a frame, or the last of a line of the signal.
    start_of_scan
        It is the first of the signal; on three axes: on less the scan is a frame.
    """

    def __init__(self, tiling: Tiling) -> None:
        self._tiling = tiling
        axes = len(tiling.sides)
        among = dict(zip(("column", "row", "layer"), tiling.counts if axes > 1 else (), strict=False))
        flags = ("start_of_tile_line", "start_of_tile_frame")[: axes - 1]
        flags += ("start_of_tile", "start_of_frame", "end_of_line")
        flags += ("start_of_scan",) if axes > 2 else ()
        super().__init__(
            {
                "step": In(1),
                "tile": Out(range(tiling.tiles)),
                **{name: Out(range(count)) for name, count in among.items()},
                **{name: Out(1) for name in flags},
            }
        )

    @property
    def starts(self) -> list[Signal]:
        """For each axis, whether the sample is the first of its tile on it and on all before it."""
        levels = ("start_of_tile_line", "start_of_tile_frame")[: len(self._tiling.sides) - 1]
        return [getattr(self, name) for name in (*levels, "start_of_tile")]

    @property
    def places(self) -> list[Signal]:
        """For each axis, where the tile is among those of the axis."""
        axes = len(self._tiling.sides)
        return (
            [getattr(self, name) for name in ("column", "row", "layer")[:axes]] if axes > 1 else [self.tile]
        )

    @property
    def waiting(self) -> Value:
        """Where the tile is among those that the scan leaves before it is done with them."""
        return Cat(self.places[:-1])

    def elaborate(self, platform: object) -> Module:
        """Count samples and tiles, and remember with which tile each line, and each frame, began."""
        m = Module()
        axes = self._axes()
        firsts = [Signal.like(self.tile, name=name) for name in ("first", "first_of_frame")[: len(axes) - 1]]
        m.d.comb += [
            start.eq(all_of([axis.at == 0 for axis in axes[:count]]))
            for count, start in enumerate(self.starts, 1)
        ]
        first_of_all = self.start_of_tile & (self.tile == 0)
        if len(axes) > 2:
            m.d.comb += [
                self.start_of_frame.eq(self.start_of_tile_frame & (self.waiting == 0)),
                self.start_of_scan.eq(first_of_all),
            ]
        else:
            m.d.comb += self.start_of_frame.eq(first_of_all)
        m.d.comb += self.end_of_line.eq(axes[0].is_last & axes[0].is_last_tile)
        with m.If(self.step):
            self._step(m, axes, firsts)
        return m

    def _axes(self) -> list[_Axis]:
        tiling = self._tiling
        # Those without a name have never had one: Verilog of pictures stays the same.
        names = (None, "y", "z")
        at = [Signal(range(max(2, side)), name=name) for side, name in zip(tiling.tile, names, strict=False)]
        axes = []
        for k, (sample, place) in enumerate(zip(at, self.places, strict=True)):
            is_last_tile = place == tiling.counts[k] - 1
            last = Mux(is_last_tile, tiling.last[k] - 1, tiling.tile[k] - 1)
            axes.append(_Axis(sample, place, is_last_tile, sample == last))
        return axes

    def _step(self, m: Module, axes: Sequence[_Axis], firsts: Sequence[Signal]) -> None:
        """Go on to the next sample."""
        line = axes[0]
        m.d.sync += line.at.eq(Mux(line.is_last, 0, line.at + 1))
        with m.If(line.is_last):
            m.d.sync += self.tile.eq(self.tile + 1)
            if len(axes) > 1:
                m.d.sync += self.column.eq(self.column + 1)
        with m.If(self.end_of_line):
            if len(axes) > 1:
                m.d.sync += [self.column.eq(0), self.tile.eq(firsts[0])]
                self._carry(m, axes[1:], firsts, 1)
            else:
                m.d.sync += self.tile.eq(0)

    def _carry(self, m: Module, axes: Sequence[_Axis], firsts: Sequence[Signal], done: int) -> None:
        """Go on along the first of the axes that are left; the scan is at the end of the `done` before it.

        ``firsts[k]`` is the tile with which the scan along axis k began, k times a line or a frame.
        """
        axis, *slower = axes
        m.d.sync += axis.at.eq(axis.at + 1)
        with m.If(axis.is_last):
            back = firsts[done] if slower else 0
            after = Mux(axis.is_last_tile, back, self.tile + 1)
            m.d.sync += [
                axis.at.eq(0),
                axis.place.eq(Mux(axis.is_last_tile, 0, axis.place + 1)),
                self.tile.eq(after),
                *(first.eq(after) for first in firsts[:done]),
            ]
            if slower:
                with m.If(axis.is_last_tile):
                    self._carry(m, slower, firsts, done + 1)
