"""Line buffers: patches come in, and their samples leave line by line."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost, adder, block_ram, choice, counter, lut_ram
from inrhw.gateware.memories.contents import MAX_LUT_DEPTH
from inrhw.gateware.memories.memory import IN_LUT_RAM
from inrhw.signals.grid import size_text
from inrhw.signals.patches import Patches

#: Axes along which patches are turned into lines.
_LINE_AXES = 2


@dataclass(frozen=True)
class PatchBuffer:
    """A memory of two bands: one is filled patch by patch while the other is read line by line.

    A band is what a row of patches covers; if patches are one line high it is one patch. One sample a clock
    goes in and out.

    Parameters
    ----------
    bits
        Of a sample.
    columns, lines
        Of a patch.
    patches
        In a band.
    tag
        Bits that come with a patch, and are the same for all of a band.
    """

    bits: int
    columns: int
    lines: int
    patches: int
    tag: int = 0

    @classmethod
    def of(cls, patches: Patches, bits: int, pictures: int = 1) -> "PatchBuffer":
        """Return the buffer for the patches of a signal; of several pictures their number is the tag.

        Raises
        ------
        InputError
            If patches are over several frames.
        """
        columns, lines, *frames = *patches.patch, *[1] * (_LINE_AXES - len(patches.patch))
        if set(frames) - {1}:
            raise InputError(
                f"patches of {size_text(patches.patch)} span several frames, and line buffers hold one; "
                "give patch_order too, or patches of one frame"
            )
        band = patches.grid.width if lines > 1 else 1
        return cls(bits, columns, lines, band, (pictures - 1).bit_length())

    @property
    def samples(self) -> int:
        """Samples of a patch: clocks in which it is taken."""
        return self.columns * self.lines

    @property
    def line(self) -> int:
        """Samples of a line of a band."""
        return self.columns * self.patches

    @property
    def band(self) -> int:
        """Samples of a band."""
        return self.samples * self.patches

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return 2 * self.band

    @property
    def in_blocks(self) -> bool:
        """Whether the memory is in block RAM."""
        return self.depth > MAX_LUT_DEPTH

    def latency(self, interval: int) -> int:
        """Return the clocks from the first patch at the input to its first sample at the output.

        Parameters
        ----------
        interval
            Clocks from a patch to the next, at least.
        """
        return (self.patches - 1) * max(interval, self.samples) + self.samples + 1

    def cost(self) -> Cost:
        """Return its cost on UltraScale+: memory, the multiplexer of samples, addresses and counters."""
        memory = block_ram(self.bits, self.depth)
        if not self.in_blocks:
            memory = Cost(lut=lut_ram(self.bits, self.depth), ff=self.bits)
        address = (self.depth - 1).bit_length()
        chosen = Cost(lut=self.bits * choice(self.samples))
        tags = Cost(lut=self.tag, ff=3 * self.tag)
        counters = counter(self.columns) + counter(self.lines)
        return memory + chosen + tags + 2 * adder(address, address) + counters

    def component(self) -> "PatchBufferComponent":
        """Return the circuit."""
        return PatchBufferComponent(self)


class PatchBufferComponent(wiring.Component):
    """Takes a patch in `samples` clocks; `i_ready` is high in the last one.

    Attributes
    ----------
    i_valid, i_data, i_ready
        A patch, its samples in the order of a scan; it is taken when valid and ready are both high.
    o_valid, o_data, o_ready
        A sample, with the same handshake.
    i_tag, o_tag
        Tag of the patch, and of the sample's band, if the buffer keeps one.
    step
        A sample is read and is at the output in the next clock.
    idle
        No sample can leave before another patch arrives.
    """

    def __init__(self, buffer: PatchBuffer) -> None:
        self._buffer = buffer
        tags = {"i_tag": In(buffer.tag), "o_tag": Out(buffer.tag)} if buffer.tag else {}
        super().__init__(
            {
                **tags,
                "i_valid": In(1),
                "i_data": In(data.ArrayLayout(unsigned(buffer.bits), buffer.samples)),
                "i_ready": Out(1),
                "o_valid": Out(1),
                "o_data": Out(buffer.bits),
                "o_ready": In(1),
                "step": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count the full bands; a bank is free again when its last sample is read."""
        m = Module()
        depth, band = self._buffer.depth, self._buffer.band
        attributes = {"ram_style": "block"} if self._buffer.in_blocks else IN_LUT_RAM
        m.submodules.band = bands = Memory(
            shape=unsigned(self._buffer.bits), depth=depth, init=[], attrs=attributes
        )
        full = Signal(range(3))
        write, read = Signal(range(depth)), Signal(range(depth))
        writing = self.i_valid & (full != 2)
        self._write(m, bands, write, writing)
        self._read(m, bands, read)
        m.d.comb += [
            self.step.eq((full != 0) & (~self.o_valid | self.o_ready)),
            self.idle.eq((full == 0) & ~self.o_valid),
        ]
        ends = [
            step & ((at == band - 1) | (at == depth - 1))
            for step, at in ((writing, write), (self.step, read))
        ]
        m.d.sync += full.eq(full + ends[0] - ends[1])
        with m.If(self.step):
            m.d.sync += read.eq(Mux(read == depth - 1, 0, read + 1))
        with m.If(self.step | self.o_ready):
            m.d.sync += self.o_valid.eq(self.step)
        if self._buffer.tag:
            self._tag(m, write, writing, read)
        return m

    def _tag(self, m: Module, write: Signal, writing: Signal, read: Signal) -> None:
        """Keep the tag of each band while it waits."""
        tags = [Signal.like(self.i_tag, name=f"tag{k}", reset_less=True) for k in range(2)]
        with m.If(writing):
            for k, tag in enumerate(tags):
                with m.If((write >= self._buffer.band) == k):
                    m.d.sync += tag.eq(self.i_tag)
        with m.If(self.step):
            m.d.sync += self.o_tag.eq(Mux(read >= self._buffer.band, tags[1], tags[0]))

    def _write(self, m: Module, bands: Memory, address: Signal, writing: Signal) -> None:
        """Store a sample of the patch, and step along its line, to its next line, or to the next patch."""
        buffer = self._buffer
        column, line = Signal(range(buffer.columns)), Signal(range(buffer.lines))
        last_column, last_line = column == buffer.columns - 1, line == buffer.lines - 1
        to_next_line = buffer.line - buffer.columns + 1
        back = (buffer.lines - 1) * buffer.line - 1
        port = bands.write_port()
        m.d.comb += [
            port.addr.eq(address),
            port.data.eq(self.i_data[line * buffer.columns + column]),
            port.en.eq(writing),
            self.i_ready.eq(writing & last_column & last_line),
        ]
        ends_band = (address == buffer.band - 1) | (address == buffer.depth - 1)
        with m.If(writing):
            m.d.sync += [column.eq(column + 1), address.eq(address + 1)]
            with m.If(last_column):
                m.d.sync += [column.eq(0), line.eq(line + 1), address.eq(address + to_next_line)]
            with m.If(self.i_ready):
                m.d.sync += [line.eq(0), address.eq(address - back)]
                with m.If(ends_band):
                    m.d.sync += address.eq(Mux(address == buffer.depth - 1, 0, buffer.band))

    def _read(self, m: Module, bands: Memory, address: Signal) -> None:
        """Read the word for `step` into the output register of a block, or a register beside LUTs."""
        if self._buffer.in_blocks:
            port = bands.read_port()
            m.d.comb += [port.en.eq(self.step), self.o_data.eq(port.data)]
        else:
            port = bands.read_port(domain="comb")
            oldest = Signal(self._buffer.bits, name="sample", reset_less=True)
            with m.If(self.step):
                m.d.sync += oldest.eq(port.data)
            m.d.comb += self.o_data.eq(oldest)
        m.d.comb += port.addr.eq(address)
