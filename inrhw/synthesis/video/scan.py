"""Counts through the lines and frames of a video mode."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from inrhw.synthesis.video.mode import VideoMode

#: What a screen is sent; `active` is high where a pixel can be seen.
VIDEO = wiring.Signature(
    {
        "red": Out(8),
        "green": Out(8),
        "blue": Out(8),
        "active": Out(1),
        "hsync": Out(1),
        "vsync": Out(1),
    }
)


class Scan(wiring.Component):
    """The beam: it starts at the first blank line, so that the source of pixels has time.

    Parameters
    ----------
    mode
        The timing.

    Attributes
    ----------
    column, row
        Its position; visible pixels come first in a line and in a frame.
    begin, end_of_line
        High in the first cycle of vertical blanking, and in the last one of every line.
    active, hsync, vsync
        As in `VIDEO`.
    """

    def __init__(self, mode: VideoMode) -> None:
        self._mode = mode
        super().__init__(
            {
                "column": Out(range(mode.h_total)),
                "row": Out(range(mode.v_total), init=mode.height),
                "begin": Out(1),
                "end_of_line": Out(1),
                "active": Out(1),
                "hsync": Out(1),
                "vsync": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count, and compare."""
        m = Module()
        mode = self._mode
        m.d.sync += self.column.eq(self.column + 1)
        with m.If(self.end_of_line):
            m.d.sync += [self.column.eq(0), self.row.eq(self.row + 1)]
            with m.If(self.row == mode.v_total - 1):
                m.d.sync += self.row.eq(0)
        h_pulse = mode.width + mode.h_front
        v_pulse = mode.height + mode.v_front
        in_h_pulse = (self.column >= h_pulse) & (self.column < h_pulse + mode.h_sync)
        in_v_pulse = (self.row >= v_pulse) & (self.row < v_pulse + mode.v_sync)
        m.d.comb += [
            self.end_of_line.eq(self.column == mode.h_total - 1),
            self.begin.eq((self.row == mode.height) & (self.column == 0)),
            self.active.eq((self.column < mode.width) & (self.row < mode.height)),
            self.hsync.eq(in_h_pulse == mode.sync_level),
            self.vsync.eq(in_v_pulse == mode.sync_level),
        ]
        return m
