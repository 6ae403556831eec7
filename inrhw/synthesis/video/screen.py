"""A stream of pixels, enlarged in the middle of a black screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.synthesis.video.line_buffer import LineBuffer
from inrhw.synthesis.video.mode import Placement
from inrhw.synthesis.video.scan import VIDEO, Scan


class Screen(wiring.Component):
    """Shows the frames of an AXI4-Stream video.

    Parameters
    ----------
    placement
        Mode, size of the picture and its position.
    channel_order
        Channel (red, green, blue, or the one grey) in each byte of tdata, lowest first.

    Attributes
    ----------
    tdata, tvalid, tready, tuser, tlast
        The stream.
    o
        `VIDEO`, from registers; the beam starts at the first blank line.
    """

    def __init__(self, placement: Placement, channel_order: Sequence[int]) -> None:
        self._placement, self._order = placement, channel_order
        super().__init__(
            {
                "tdata": In(8 * len(channel_order)),
                "tvalid": In(1),
                "tready": Out(1),
                "tuser": In(1),
                "tlast": In(1),
                "o": Out(VIDEO),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Scan, look up, register."""
        m = Module()
        placement = self._placement
        m.submodules.scan = scan = Scan(placement.mode)
        m.submodules.lines = lines = LineBuffer(len(self.tdata), placement.width)
        m.d.comb += [
            lines.tdata.eq(self.tdata),
            lines.tvalid.eq(self.tvalid),
            lines.tuser.eq(self.tuser),
            lines.tlast.eq(self.tlast),
            self.tready.eq(lines.tready),
            lines.begin.eq(scan.begin),
        ]
        inside = self._look_up(m, scan, lines)
        flags = Signal(4)
        shown = Mux(flags[3], lines.pixel, 0)
        colour = {channel: shown.word_select(byte, 8) for byte, channel in enumerate(self._order)}
        m.d.sync += [
            flags.eq(Cat(scan.active, scan.hsync, scan.vsync, inside)),
            Cat(self.o.active, self.o.hsync, self.o.vsync).eq(flags[:3]),
            self.o.red.eq(colour[0]),
            self.o.green.eq(colour.get(1, colour[0])),
            self.o.blue.eq(colour.get(2, colour[0])),
        ]
        return m

    def _look_up(self, m: Module, scan: Scan, lines: LineBuffer) -> Signal:
        """Compute the pixel at the beam; return whether it is in the picture."""
        place = self._placement
        inside_h, inside_v, inside = Signal(), Signal(), Signal()
        m.d.comb += [
            inside_h.eq((scan.column >= place.left) & (scan.column < place.left + place.scale * place.width)),
            inside_v.eq((scan.row >= place.top) & (scan.row < place.top + place.scale * place.height)),
            inside.eq(inside_h & inside_v),
        ]
        # How often a pixel of this line, and this line, were shown.
        pixels, rows = Signal(range(place.scale)), Signal(range(place.scale))
        column = Signal(range(place.width))
        m.d.comb += lines.column.eq(column)
        with m.If(inside_h):
            m.d.sync += pixels.eq(pixels + 1)
            with m.If(pixels == place.scale - 1):
                m.d.sync += [pixels.eq(0), column.eq(column + 1)]
        with m.If(scan.end_of_line):
            m.d.sync += [pixels.eq(0), column.eq(0)]
            with m.If(inside_v):
                m.d.sync += rows.eq(rows + 1)
                with m.If(rows == place.scale - 1):
                    m.d.sync += rows.eq(0)
                    m.d.comb += lines.next_line.eq(1)
        return inside


@dataclass(frozen=True)
class Show:
    """A raster core and its position on the screen.

    Parameters
    ----------
    core
        Name of its top module.
    channel_order
        As of `Screen`.
    placement
        As of `Screen`.
    """

    core: str
    channel_order: tuple[int, ...]
    placement: Placement


class CoreOnScreen(wiring.Component):
    """The core, as the Verilog module that was proven, and its screen, in one clock.

    Attributes
    ----------
    o
        As of `Screen`.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        super().__init__({"o": Out(VIDEO)})

    def elaborate(self, platform: object) -> Module:
        """Connect the stream."""
        m = Module()
        m.submodules.screen = screen = Screen(self._show.placement, self._show.channel_order)
        m.submodules.core = Instance(
            self._show.core,
            i_aclk=ClockSignal(),
            i_aresetn=~ResetSignal(),
            o_m_axis_tdata=screen.tdata,
            o_m_axis_tvalid=screen.tvalid,
            i_m_axis_tready=screen.tready,
            o_m_axis_tuser=screen.tuser,
            o_m_axis_tlast=screen.tlast,
        )
        wiring.connect(m, wiring.flipped(self.o), screen.o)
        return m
