"""Which picture a frame shows: a number written by AXI4-Lite, which counts from the next frame on."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.axi_lite import REGISTERS, answer_reads, packed
from inrhw.core.registers.picture_map import PICTURES_ID, SIZE_FIELDS, WRITABLE_PICTURE, PictureRegister
from inrhw.gateware.selection import of_bank


class PictureSelect(wiring.Component):
    """Registers that choose the bank of weights of each frame; see docs/pictures.md.

    A number that is no picture, and a write of any other register, is answered with SLVERR and changes
    nothing. What was chosen outlives a reset.

    Parameters
    ----------
    pictures
        How many there are, at least 2.
    sizes
        Width and height of each, if they differ.

    Attributes
    ----------
    registers
        From the bus.
    begin
        The first vector of a frame is admitted in this cycle.
    bank
        Bank of the vector that is admitted in this cycle; follows `begin` within the cycle.
    """

    def __init__(self, pictures: int, sizes: Sequence[tuple[int, ...]] = ()) -> None:
        self._pictures, self._sizes = pictures, sizes
        super().__init__({"registers": In(REGISTERS), "begin": In(1), "bank": Out(range(pictures))})

    def elaborate(self, platform: object) -> Module:
        """Connect the registers."""
        m = Module()
        axi = self.registers
        wanted = Signal(range(self._pictures), reset_less=True)
        shown = Signal(range(self._pictures), reset_less=True)
        m.d.comb += self.bank.eq(Mux(self.begin, wanted, shown))
        m.d.sync += shown.eq(self.bank)
        refused = (axi.write_address != WRITABLE_PICTURE) | (axi.write_data >= self._pictures)
        m.d.comb += [axi.write_done.eq(1), axi.write_error.eq(refused)]
        with m.If(axi.write & ~refused):
            m.d.sync += wanted.eq(axi.write_data)
        values: dict[PictureRegister, ValueLike] = {
            PictureRegister.ID: PICTURES_ID,
            PictureRegister.PICTURES: self._pictures,
            PictureRegister.PICTURE: wanted,
            PictureRegister.SHOWN: shown,
        }
        if self._sizes:
            sides = zip(SIZE_FIELDS, zip(*self._sizes, strict=True), strict=True)
            size = {name: of_bank(each, shown) for name, each in sides}
            values[PictureRegister.SIZE] = packed(SIZE_FIELDS, size)
        answer_reads(m, axi, values.items())
        return m
