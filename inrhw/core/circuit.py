"""The circuit of a core: source, network, and an AXI4-Stream of pixels, with credits instead of stalls."""

from typing import TYPE_CHECKING

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
    unsigned,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.axi_lite import AXI_LITE, pass_on
from inrhw.core.registers.bus import Pages
from inrhw.core.registers.control import Control
from inrhw.core.registers.loader import WEIGHTS_STREAM, Loader
from inrhw.core.registers.pictures import PictureSelect
from inrhw.core.sources.counter import PixelCounter
from inrhw.core.sources.stream import StreamSourceComponent, bits_per_axis
from inrhw.core.sources.window import WindowSource
from inrhw.gateware.fifo import CreditGate, Fifo
from inrhw.gateware.memories.contents import starts_empty
from inrhw.gateware.memories.memory import any_errors, share_bus
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.signals.grid import Grid

if TYPE_CHECKING:
    from inrhw.core.core import Core


class CoreComponent(wiring.Component):
    """Top level: `aclk`, `aresetn`, `m_axis_*`; `s_axis_*` for the stream source.

    A loadable core has `s_weights_*`; one with registers `s_axi_*`; one with `Control` also `interrupt`. A
    core of many pictures has tid, the picture of a pixel, with its streams. A tid that is no picture gives a
    black pixel and sets `unknown_picture` until reset.
    A core with a window and no registers has `window_ports`.
    """

    def __init__(self, core: "Core") -> None:
        self._core = core
        ports = {
            "aclk": In(1),
            "aresetn": In(1),
            "m_axis_tdata": Out(core.beat.tdata_bits),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tuser": Out(1),
            "m_axis_tlast": Out(1),
        }
        if core.source == "stream":
            ports |= {
                "s_axis_tdata": In(core.grid.axes * bits_per_axis(core.grid.element)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tuser": In(1),
                "s_axis_tlast": In(1),
            }
        if core.memories:
            ports |= WEIGHTS_STREAM
        if core.has_registers:
            ports |= AXI_LITE
        if core.control:
            ports["interrupt"] = Out(1)
        elif core.window_source:
            ports |= core.window_source.ports
        super().__init__(ports | self._picture_ports())

    def _picture_ports(self) -> dict[str, wiring.Member]:
        core = self._core
        if core.pictures == 1:
            return {}
        picture = unsigned((core.pictures - 1).bit_length())
        if core.source == "raster":
            return {"m_axis_tid": Out(picture)}
        return {"m_axis_tid": Out(picture), "s_axis_tid": In(picture), "unknown_picture": Out(1)}

    def elaborate(self, platform: object) -> Module:
        """Chain source, network and FIFO; a pixel is admitted only when the FIFO has room for it."""
        m = Module()
        core = self._core
        m.domains.sync = ClockDomain("sync")
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]

        m.submodules.gate = gate = CreditGate(core.credits, core.initiation_interval)
        m.submodules.network = network = core.pipeline.component()
        #: Ports of m_axis besides the pixel; they come with its coordinates.
        flags = Cat(self.m_axis_tuser, self.m_axis_tlast, *([self.m_axis_tid] if core.pictures > 1 else []))
        pixel = Cat(network.o.payload[value] for value in core.evaluation.channel_order)
        beside = core.buffer.tag if core.buffer else len(flags)
        m.submodules.fifo = fifo = Fifo(len(pixel) + beside, core.credits)
        pages = Pages(
            self._loader(m, gate, network) if core.memories else None,
            self._select() if core.pictures > 1 and core.source == "raster" else None,
            self._control() if core.control else None,
        )
        pages.add_bus(m, self)
        connect = self._raster if core.source == "raster" else self._stream
        sideband = connect(m, gate, network, pages)
        m.d.comb += [fifo.write.eq(network.o.valid), gate.give_back.eq(fifo.o_valid & fifo.o_ready)]
        if core.buffer:
            m.d.comb += fifo.w_data.eq(Cat(pixel, network.o.bank) if core.buffer.tag else pixel)
            idle = self._line_by_line(m, core.buffer, fifo)
            if pages.control:
                m.d.comb += pages.control.idle.eq(gate.idle & idle)
            return m
        delayed = self._in_step(m, gate, network, sideband)
        if core.pictures > 1:
            pixel = Mux(delayed[2:] < core.pictures, pixel, 0)
        m.d.comb += [
            fifo.w_data.eq(Cat(pixel, delayed)),
            Cat(self.m_axis_tdata[: core.beat.used_bits], flags).eq(fifo.o_data),
            self.m_axis_tvalid.eq(fifo.o_valid),
            fifo.o_ready.eq(self.m_axis_tready),
        ]
        if pages.control:
            m.d.comb += pages.control.idle.eq(gate.idle)
        return m

    def _line_by_line(self, m: Module, buffer: PatchBuffer, fifo: Fifo) -> Value:
        """Let samples of patches leave as a scan of the signal meets them; return whether none is left."""
        m.submodules.lines = lines = buffer.component()
        m.submodules.leaving = leaving = PixelCounter([Grid(*self._core.beat_sides)])
        m.d.comb += [
            lines.i_valid.eq(fifo.o_valid),
            lines.i_data.eq(fifo.o_data[: len(fifo.o_data) - buffer.tag]),
            fifo.o_ready.eq(lines.i_ready),
            self.m_axis_tdata.eq(lines.o_data),
            self.m_axis_tvalid.eq(lines.o_valid),
            lines.o_ready.eq(self.m_axis_tready),
            leaving.step.eq(lines.step),
        ]
        if buffer.tag:
            m.d.comb += [lines.i_tag.eq(fifo.o_data[-buffer.tag :]), self.m_axis_tid.eq(lines.o_tag)]
        with m.If(lines.step):
            m.d.sync += [
                self.m_axis_tuser.eq(leaving.start_of_frame),
                self.m_axis_tlast.eq(leaving.end_of_line),
            ]
        return lines.idle

    def _control(self) -> Control:
        core, buffer = self._core, self._core.buffer
        under_way = core.credits + (2 * buffer.patches + 1 if buffer else 0)
        leaving = Grid(*core.beat_sides) if buffer else None
        return Control(
            core.scans,
            under_way,
            core.window_source,
            leaving=leaving,
            errors=core.counted_errors,
            by_frame=not core.scrubs,
        )

    def _select(self) -> PictureSelect:
        scans, pictures = self._core.scans, self._core.pictures
        return PictureSelect(pictures, [grid.sides for grid in scans] if len(scans) > 1 else [])

    def _in_step(self, m: Module, gate: CreditGate, network: wiring.Component, sideband: Value) -> Value:
        """Return the pixel's flags when it leaves the network; they wait where that takes the least."""
        core = self._core
        if core.initiation_interval == 1:
            return delay(m, sideband, core.pipeline.latency, "sideband")
        m.submodules.sideband = flags = Fifo(len(sideband), core.credits)
        m.d.comb += [
            flags.w_data.eq(sideband),
            flags.write.eq(delay_valid(m, gate.admit, core.source_latency)),
            flags.o_ready.eq(network.o.valid),
        ]
        return flags.o_data

    def _loader(self, m: Module, gate: CreditGate, network: wiring.Component) -> Loader:
        """Connect a loader to its ports and to the memories of the network; the sources do the rest."""
        memories = self._core.memories
        empty, scrubs = any(map(starts_empty, memories)), self._core.scrubs
        m.submodules.loader = loader = Loader(memories, starts_empty=empty, scrubs=scrubs)
        pass_on(m, self, loader, WEIGHTS_STREAM)
        oldest = Signal(reset_less=True)
        with m.If(network.o.valid):
            m.d.sync += oldest.eq(network.o.bank[-1])
        with m.If(gate.idle):
            m.d.sync += oldest.eq(loader.bank)
        m.d.comb += [loader.stopped.eq(gate.idle & ~loader.run), loader.oldest_bank.eq(oldest)]
        return loader

    def _between_frames(
        self, m: Module, loader: Loader, gate: CreditGate, control: Control | None, first: Value
    ) -> Value:
        """Tell the loader when a frame is to begin; return whether it may."""
        m.d.comb += [loader.first.eq(first), loader.idle.eq(gate.idle)]
        if self._core.scrubs:
            m.d.comb += loader.wanted.eq(control.allow if control else 1)
            if control:
                m.d.comb += [
                    control.corrected.eq(loader.corrected),
                    control.uncorrected.eq(loader.uncorrected),
                ]
        return ~loader.hold

    def _raster(self, m: Module, gate: CreditGate, network: wiring.Component, pages: Pages) -> Value:
        m.submodules.raster = raster = self._core.raster.component()
        allow = pages.allow
        if window := self._core.window_source:
            pass_on(m, pages.control or self, raster, window.ports)
        if isinstance(window, WindowSource):
            m.d.comb += raster.allow.eq(allow)
            allow = allow & raster.ready
        if self._core.held_between_frames and (loader := pages.loader):
            allow = allow & self._between_frames(m, loader, gate, pages.control, raster.next_is_first)
        m.d.comb += [gate.admit.eq(gate.open & allow), raster.advance.eq(gate.admit)]
        if control := pages.control:
            m.submodules.control = control
            m.d.comb += [
                control.admit.eq(gate.admit),
                control.valid.eq(self.m_axis_tvalid),
                control.ready.eq(self.m_axis_tready),
                self.interrupt.eq(control.interrupt),
            ]
            if telling := [each for each in (raster, network) if "errors" in each.signature.members]:
                told = any_errors(telling)
                names = self._core.counted_errors
                m.d.sync += [getattr(control, name).eq(told[k]) for k, name in enumerate(names)]
        wiring.connect(m, raster.o, network.i)
        if loader := pages.loader:
            own = len(self._core.raster.memories)
            branches = [(raster.load, 0)] if own else []
            share_bus(m, loader.bus, [*branches, (network.load, own)])
            m.d.comb += [loader.begin.eq(gate.admit & raster.next_is_first), raster.bank.eq(loader.bank)]
        flags = Cat(raster.start_of_frame, raster.end_of_line)
        if not (select := pages.select):
            return flags
        m.submodules.select = select
        m.d.comb += [select.begin.eq(gate.admit & raster.next_is_first), raster.bank.eq(select.bank)]
        if pages.control and len(self._core.scans) > 1:
            m.d.comb += [
                pages.control.entering_bank.eq(select.bank),
                pages.control.leaving_bank.eq(self.m_axis_tid),
            ]
        return Cat(flags, raster.o.bank)

    def _stream(self, m: Module, gate: CreditGate, network: wiring.Component, pages: Pages) -> Value:
        tiled = self._core.tiled_stream
        m.submodules.stream = stream = (
            tiled.component() if tiled else StreamSourceComponent(self._core.graph.i)
        )
        allow = pages.allow
        if self._core.held_between_frames and (loader := pages.loader):
            first = self.s_axis_tvalid & self.s_axis_tuser
            allow = allow & self._between_frames(m, loader, gate, pages.control, first)
        m.d.comb += [
            # Nothing is taken in reset: it would be lost.
            self.s_axis_tready.eq(gate.open & allow & self.aresetn),
            gate.admit.eq(self.s_axis_tready & self.s_axis_tvalid),
            stream.tdata.eq(self.s_axis_tdata),
            stream.valid.eq(gate.admit),
        ]
        wiring.connect(m, stream.o, network.i)
        if loader := pages.loader:
            share_bus(m, loader.bus, [(network.load, 0)])
            m.d.comb += [loader.begin.eq(gate.admit & self.s_axis_tuser), stream.bank.eq(loader.bank)]
        flags = Cat(self.s_axis_tuser, self.s_axis_tlast)
        if self._core.pictures == 1:
            return delay(m, flags, self._core.source_latency, "flags")
        known = self.s_axis_tid < self._core.pictures
        m.d.comb += stream.bank.eq(Mux(known, self.s_axis_tid, 0))
        with m.If(gate.admit & ~known):
            m.d.sync += self.unknown_picture.eq(1)
        return Cat(flags, self.s_axis_tid)
