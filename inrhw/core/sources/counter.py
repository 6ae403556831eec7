"""The counters that walk over the pixels of a frame."""

import functools
import operator
from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Vector
from inrhw.gateware.edge import flow
from inrhw.gateware.selection import of_bank
from inrhw.signals.grid import Grid


def scan_ports(o: Vector, told_banks: int) -> dict[str, wiring.Member]:
    """Return the ports of what puts out a vector `o` for each cycle in which `advance` is high."""
    ports = {
        "advance": In(1),
        "o": Out(flow(o)),
        "next_is_first": Out(1),
        "start_of_frame": Out(1),
        "end_of_line": Out(1),
    }
    return ports | ({"bank": In(range(told_banks))} if told_banks > 1 else {})


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
        High to step to the next pixel.
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
            then.append(Mux(all_of(last[:axis]), counted, position) if axis else counted)
        step = [position.eq(value) for position, value in zip(at, then, strict=True)]
        if len(grids) == 1:
            then_last = [value == side - 1 for value, side in zip(then, grids[0].sides, strict=True)]
            step += [is_last.eq(value) for is_last, value in zip(last, then_last, strict=True)]
            ends = [
                self.then_end_of_line.eq(Mux(self.step, then_last[0], last[0])),
                self.then_end_of_frame.eq(Mux(self.step, all_of(then_last[:2]), all_of(last[:2]))),
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
                start.eq(all_of([position == 0 for position in at[:count]])),
                end.eq(all_of(last[:count])),
            ]
        if self._axes == 1:
            m.d.comb += [self.start_of_frame.eq(self.start_of_line), self.end_of_frame.eq(self.end_of_line)]
        return m


def all_of(flags: Sequence[Value]) -> Value:
    """Return whether all flags are high."""
    return functools.reduce(operator.and_, flags)
