"""iCE40 outputs: a PLL, and registers at the pins, in front of a DVI transmitter chip."""

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, ClockSignal, Const, DomainRenamer, Instance, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from inrhw.base.errors import InputError
from inrhw.synthesis.video.mode import VideoMode, near_enough
from inrhw.synthesis.video.screen import CoreOnScreen, Show

#: Limits of SB_PLL40 in MHz (FPGA-TN-02052, iCE40 sysCLOCK PLL).
_PHASE_MHZ = (10.0, 133.0)
_VCO_MHZ = (533.0, 1066.0)

#: Phase detector's frequency up to which each value of FILTER_RANGE is right, as icepll sets it.
_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (134, 6))

#: PIN_TYPE of SB_IO: an output from a register, and one from two, of both edges.
_REGISTERED, _TWO_EDGES = Const(0b010100, 6), Const(0b010000, 6)


@dataclass(frozen=True)
class Dividers:
    """Settings of an SB_PLL40 with simple feedback, as written: one less than the divisor.

    Attributes
    ----------
    divr, divf, divq
        Of the reference and of the feedback; the output is divided by two to the power of `divq`.
    filter_range
        Bandwidth of the loop filter.
    pixel_mhz
        The output clock.
    """

    divr: int
    divf: int
    divq: int
    filter_range: int
    pixel_mhz: float


def dividers(clock_mhz: float, mode: VideoMode) -> Dividers:
    """Return the settings that come nearest to the mode's pixel clock.

    Raises
    ------
    InputError
        None comes near enough for a monitor.

    Examples
    --------
    >>> from inrhw.synthesis.video.mode import VGA_640X480
    >>> dividers(12.0, VGA_640X480)
    Dividers(divr=0, divf=66, divq=5, filter_range=1, pixel_mhz=25.125)
    """
    found = []
    for divr in range(16):
        phase = clock_mhz / (divr + 1)
        if not _PHASE_MHZ[0] <= phase <= _PHASE_MHZ[1]:
            continue
        filter_range = next(value for most, value in _FILTERS if phase < most)
        for divf in range(128):
            vco = phase * (divf + 1)
            if _VCO_MHZ[0] <= vco <= _VCO_MHZ[1]:
                found += [Dividers(divr, divf, divq, filter_range, vco / 2**divq) for divq in range(1, 7)]
    best = min(found, key=lambda one: abs(one.pixel_mhz - mode.pixel_mhz), default=None)
    if best is None or not near_enough(best.pixel_mhz, mode):
        raise InputError(
            f"the PLL of iCE40 cannot make a pixel clock of {mode.pixel_mhz} MHz from {clock_mhz:g} MHz"
        )
    return best


class Ice40DviPmod(wiring.Component):
    """A core on the 12-bit DVI PMOD of 1BitSquared: four bits a colour, the upper ones.

    Parameters
    ----------
    show
        The core and its position on the screen.
    clock_mhz
        Clock at `clk`.

    Attributes
    ----------
    clk
        The board's oscillator.
    dvi_ck
        Pixel clock; it rises in the middle of a pixel.
    dvi_r, dvi_g, dvi_b, dvi_de, dvi_hsync, dvi_vsync
        The pixel.
    """

    def __init__(self, show: Show, clock_mhz: float) -> None:
        self._show = show
        self._dividers = dividers(clock_mhz, show.placement.mode)
        #: All clocks that are made.
        self.clocks_mhz = {"pixel": self._dividers.pixel_mhz}
        super().__init__(
            {
                "clk": In(1),
                "dvi_ck": Out(1),
                "dvi_r": Out(4),
                "dvi_g": Out(4),
                "dvi_b": Out(4),
                "dvi_de": Out(1),
                "dvi_hsync": Out(1),
                "dvi_vsync": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Make the clock, then pixels."""
        m = Module()
        m.domains.pixel = ClockDomain()
        locked = Signal()
        m.submodules.pll = self._pll(locked)
        m.submodules.reset = ResetSynchronizer(~locked, domain="pixel")
        m.submodules.picture = picture = DomainRenamer("pixel")(CoreOnScreen(self._show))
        video = picture.o
        pixel = {
            "dvi_r": video.red[4:],
            "dvi_g": video.green[4:],
            "dvi_b": video.blue[4:],
            "dvi_de": video.active,
            "dvi_hsync": video.hsync,
            "dvi_vsync": video.vsync,
        }
        for name, value in pixel.items():
            for bit in range(len(value)):
                pin = getattr(self, name)[bit]
                m.submodules[f"{name}{bit}"] = self._pin(pin, _REGISTERED, D_OUT_0=value[bit])
        m.submodules.dvi_ck = self._pin(self.dvi_ck, _TWO_EDGES, D_OUT_0=0, D_OUT_1=1)
        return m

    @staticmethod
    def _pin(pin: Value, pin_type: Const, **data: Value | int) -> Instance:
        inputs = {f"i_{name}": value for name, value in data.items()}
        return Instance(
            "SB_IO", p_PIN_TYPE=pin_type, o_PACKAGE_PIN=pin, i_OUTPUT_CLK=ClockSignal("pixel"), **inputs
        )

    def _pll(self, locked: Signal) -> Instance:
        found = self._dividers
        return Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(found.divr, 4),
            p_DIVF=Const(found.divf, 7),
            p_DIVQ=Const(found.divq, 3),
            p_FILTER_RANGE=Const(found.filter_range, 3),
            i_PACKAGEPIN=self.clk,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=ClockSignal("pixel"),
            o_LOCK=locked,
        )
