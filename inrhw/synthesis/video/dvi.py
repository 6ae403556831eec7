"""DVI, up to the flip-flops at the pins: four lanes of two bits a cycle of the shift clock."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.synthesis.video.scan import VIDEO
from inrhw.synthesis.video.tmds import CLOCK, TmdsEncoder

#: Cycles of "shift" in one of "sync".
SHIFTS = 5


class Serializer(wiring.Component):
    """Ten bits a cycle of "sync" become two a cycle of "shift", the lowest first.

    The two clocks come from one PLL, "shift" being `SHIFTS` times as fast. A bit that toggles with every
    cycle of "sync" marks where a cycle begins: words are sampled in its middle, far from where they change.

    Parameters
    ----------
    lanes
        Number of words.

    Attributes
    ----------
    words
        All words, in "sync".
    pairs
        Two bits of each, in "shift"; the lower one is the first.
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__({"words": In(10 * lanes), "pairs": Out(2 * lanes)})

    def elaborate(self, platform: object) -> Module:
        """Load once in five cycles, else shift."""
        m = Module()
        flip, seen, before = Signal(), Signal(), Signal()
        m.d.sync += flip.eq(~flip)
        m.d.shift += [seen.eq(flip), before.eq(seen)]
        for lane in range(self._lanes):
            rest = Signal(10, name=f"rest{lane}")
            m.d.shift += rest.eq(rest >> 2)
            with m.If(seen != before):
                m.d.shift += rest.eq(self.words.word_select(lane, 10))
            m.d.comb += self.pairs.word_select(lane, 2).eq(rest[:2])
        return m


class Dvi(wiring.Component):
    """Encodes and serializes.

    Attributes
    ----------
    i
        `VIDEO`, in "sync".
    pairs
        As for `Serializer`: blue, green, red, clock.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(VIDEO), "pairs": Out(8)})

    def elaborate(self, platform: object) -> Module:
        """Put the syncs on the blue lane, as DVI 1.0 does."""
        m = Module()
        controls = {"blue": Cat(self.i.hsync, self.i.vsync), "green": 0, "red": 0}
        symbols = []
        for colour, control in controls.items():
            m.submodules[colour] = encoder = TmdsEncoder()
            m.d.comb += [
                encoder.data.eq(getattr(self.i, colour)),
                encoder.active.eq(self.i.active),
                encoder.control.eq(control),
            ]
            symbols.append(encoder.symbol)
        m.submodules.serializer = serializer = Serializer(4)
        m.d.comb += [serializer.words.eq(Cat(*symbols, Const(CLOCK, 10))), self.pairs.eq(serializer.pairs)]
        return m
