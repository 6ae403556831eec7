"""Two lines of a picture: one is shown, repeated by the scale, while the core fills the other."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class LineBuffer(wiring.Component):
    """Takes lines from an AXI4-Stream video and gives their pixels in any order.

    A frame begins with `begin`: only then is its first pixel, the one with tuser, taken; pixels before that
    one are dropped. So core and screen are in step at every frame, even after a core was too slow.

    Parameters
    ----------
    bits
        Of a pixel.
    width
        Pixels of a line.

    Attributes
    ----------
    tdata, tvalid, tready, tuser, tlast
        The stream.
    begin
        High for one cycle: drop all lines, and wait for the first pixel of a frame.
    column
        Pixel of the line to read.
    next_line
        High for one cycle: the current line is no longer needed.
    pixel
        The pixel at the `column` of the previous cycle.
    """

    def __init__(self, bits: int, width: int) -> None:
        self._bits, self._width = bits, width
        super().__init__(
            {
                "tdata": In(bits),
                "tvalid": In(1),
                "tready": Out(1),
                "tuser": In(1),
                "tlast": In(1),
                "begin": In(1),
                "column": In(range(width)),
                "next_line": In(1),
                "pixel": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build two banks, and count the full ones."""
        m = Module()
        # A power of two a bank: the bank is then the top bit of the address.
        bank_size = 1 << len(self.column)
        m.submodules.lines = lines = Memory(shape=unsigned(self._bits), depth=2 * bank_size, init=[])
        write, read = lines.write_port(), lines.read_port()
        column = Signal(range(self._width))
        write_bank, read_bank, waiting = Signal(), Signal(), Signal(init=1)
        full = Signal(range(3))
        m.d.comb += [
            write.en.eq(self.tvalid & self.tready & (self.tuser == waiting)),
            write.addr.eq(Cat(column, write_bank)),
            write.data.eq(self.tdata),
            self.tready.eq(~self.begin & Mux(self.tuser == waiting, full != 2, waiting)),
            read.addr.eq(Cat(self.column, read_bank)),
            self.pixel.eq(read.data),
        ]
        filled = write.en & self.tlast
        m.d.sync += full.eq(full + filled - self.next_line)
        with m.If(write.en):
            m.d.sync += [waiting.eq(0), column.eq(Mux(self.tlast, 0, column + 1))]
        with m.If(filled):
            m.d.sync += write_bank.eq(~write_bank)
        with m.If(self.next_line):
            m.d.sync += read_bank.eq(~read_bank)
        with m.If(self.begin):
            m.d.sync += [full.eq(0), column.eq(0), write_bank.eq(0), read_bank.eq(0), waiting.eq(1)]
        return m
