"""ECP5 outputs: a PLL, and flip-flops that send two bits a clock."""

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from inrhw.base.errors import InputError
from inrhw.synthesis.video.dvi import SHIFTS, Dvi
from inrhw.synthesis.video.mode import VideoMode, near_enough
from inrhw.synthesis.video.screen import CoreOnScreen, Show

#: Limits of EHXPLLL in MHz (FPGA-DS-02012, sysCLOCK PLL timing).
_SLOWEST_PHASE_MHZ = 3.125
_VCO_MHZ = (400.0, 800.0)


@dataclass(frozen=True)
class Dividers:
    """Settings of an EHXPLLL whose feedback is its shift clock.

    Attributes
    ----------
    reference, feedback
        Of the clock that comes in, and of the shift clock.
    shift, pixel
        Of the oscillator, for the two clocks that go out.
    shift_mhz
        The shift clock.
    """

    reference: int
    feedback: int
    shift: int
    pixel: int
    shift_mhz: float


def dividers(clock_mhz: float, mode: VideoMode) -> Dividers:
    """Return the settings that come nearest to the mode's pixel clock.

    Raises
    ------
    InputError
        None comes near enough for a monitor.

    Examples
    --------
    >>> from inrhw.synthesis.video.mode import VGA_640X480
    >>> dividers(25.0, VGA_640X480)
    Dividers(reference=1, feedback=5, shift=5, pixel=25, shift_mhz=125.0)
    """
    wanted = SHIFTS * mode.pixel_mhz
    shift = round(sum(_VCO_MHZ) / 2 / wanted)
    found = [
        Dividers(reference, feedback, shift, SHIFTS * shift, clock_mhz * feedback / reference)
        for reference in range(1, int(clock_mhz / _SLOWEST_PHASE_MHZ) + 1)
        for feedback in [round(wanted * reference / clock_mhz)]
        if 1 <= feedback <= 80
    ]
    best = min(found, key=lambda one: abs(one.shift_mhz - wanted), default=None)
    if best is None or not near_enough(best.shift_mhz / SHIFTS, mode):
        raise InputError(
            f"the PLL of ECP5 cannot make a pixel clock of {mode.pixel_mhz} MHz from {clock_mhz:g} MHz"
        )
    return best


class Ecp5Dvi(wiring.Component):
    """A core on the DVI output of ULX3S boards.

    Only the positive pin of each lane is driven: its I/O standard, LVCMOS33D, drives the other one.

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
    gpdi_dp
        Blue, green, red, clock.
    """

    def __init__(self, show: Show, clock_mhz: float) -> None:
        self._show = show
        self._dividers = dividers(clock_mhz, show.placement.mode)
        #: All clocks that are made.
        self.clocks_mhz = {"pixel": self._dividers.shift_mhz / SHIFTS, "shift": self._dividers.shift_mhz}
        super().__init__({"clk": In(1), "gpdi_dp": Out(4)})

    def elaborate(self, platform: object) -> Module:
        """Make clocks, then pixels, then bits."""
        m = Module()
        m.domains.pixel = ClockDomain()
        m.domains.shift = ClockDomain(reset_less=True)
        locked = Signal()
        m.submodules.pll = self._pll(locked)
        m.submodules.reset = ResetSynchronizer(~locked, domain="pixel")
        m.submodules.picture = picture = DomainRenamer("pixel")(CoreOnScreen(self._show))
        m.submodules.dvi = dvi = DomainRenamer("pixel")(Dvi())
        wiring.connect(m, picture.o, dvi.i)
        for lane in range(4):
            m.submodules[f"lane{lane}"] = Instance(
                "ODDRX1F",
                i_SCLK=ClockSignal("shift"),
                i_RST=0,
                i_D0=dvi.pairs[2 * lane],
                i_D1=dvi.pairs[2 * lane + 1],
                o_Q=self.gpdi_dp[lane],
            )
        return m

    def _pll(self, locked: Signal) -> Instance:
        found = self._dividers
        return Instance(
            "EHXPLLL",
            # What Lattice's own tools set for every such PLL.
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=found.reference,
            p_CLKFB_DIV=found.feedback,
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=found.shift,
            p_CLKOP_CPHASE=found.shift - 1,
            p_CLKOS_ENABLE="ENABLED",
            p_CLKOS_DIV=found.pixel,
            p_CLKOS_CPHASE=found.pixel - 1,
            i_CLKI=self.clk,
            i_CLKFB=ClockSignal("shift"),
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=ClockSignal("shift"),
            o_CLKOS=ClockSignal("pixel"),
            o_LOCK=locked,
        )
