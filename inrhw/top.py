"""The core: a source, the network, and an AXI4-Stream of pixels, with credits instead of stalls."""

import functools
import itertools
from dataclasses import dataclass, replace

import numpy as np
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

from inrhw.control import Control
from inrhw.errors import InputError
from inrhw.folded_raster import FoldedRaster
from inrhw.folding import other_weights
from inrhw.grid import Grid
from inrhw.loading.axi_lite import AXI_LITE, pass_on
from inrhw.loading.loader import WEIGHTS_STREAM, Loader
from inrhw.loading.pictures import PictureSelect
from inrhw.memory import Contents, share_bus, starts_empty
from inrhw.node import Graph
from inrhw.ops.dense import Dense
from inrhw.ops.folded_dense import FoldedDense
from inrhw.pages import Pages
from inrhw.sources import RasterSource, StreamSourceComponent, bits_per_axis
from inrhw.stage import CreditGate, Fifo, delay, delay_valid
from inrhw.types import Codes
from inrhw.window import WindowSource, check_window

SOURCES = ("raster", "stream")

#: Cycles from a pixel leaving the network to the same pixel at m_axis: the FIFO and its output register.
FIFO_LATENCY = 2


def check_source(source: str) -> str:
    """Return `source`, or raise InputError unless it is one of `SOURCES`."""
    if source not in SOURCES:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, not {source!r}")
    return source


def check_control(control: bool, source: str) -> None:
    """Raise InputError if a stream core is to have registers that count frames."""
    if control and source != "raster":
        raise InputError("a stream core has no frames to control; its stream starts and stops it")


@dataclass(frozen=True, eq=False)
class Core:
    """A network with its source, as one piece of hardware.

    Parameters
    ----------
    graph
        From coordinates to pixels, as `lower` makes it.
    grid
        The picture's coordinates.
    source
        "raster": the core makes the coordinates itself, frame after frame. "stream": they come by
        AXI4-Stream.
    others
        Grids of picture 1, 2, and so on, of a core of many; none where all have the first one's.
    control
        Whether there are registers to start, stop and watch it; of a raster core.
    window
        Whether the raster core's window can be set at run time: see `WindowSource`.
    """

    graph: Graph
    grid: Grid
    source: str = "raster"
    others: tuple[Grid, ...] = ()
    control: bool = False
    window: bool = False

    def __post_init__(self) -> None:
        check_source(self.source)
        check_control(self.control, self.source)
        if self.window:
            first = next(iter(self.graph.nodes.values()))
            check_window(self.source, isinstance(first, FoldedDense), first.o.element)
        i = self.graph.i
        for grid in self.grids:
            if (i.element, i.length) != (grid.element, 2):
                raise InputError(f"the graph takes {i}, but the grid gives {grid.vector}")
        if len(self.grids) != self.pictures:
            raise InputError(f"a core of {self.pictures} pictures needs as many grids, not {len(self.grids)}")

    @property
    def grids(self) -> tuple[Grid, ...]:
        """That of each picture."""
        return (self.grid, *self.others) if self.others else (self.grid,) * self.pictures

    @property
    def sizes(self) -> tuple[Grid, ...]:
        """The grids that differ, in the order of the pictures."""
        return tuple(dict.fromkeys(self.grids))

    @property
    def scans(self) -> tuple[Grid, ...]:
        """What a raster scan goes through: one grid, or that of each bank if they differ."""
        return self.sizes if len(self.sizes) == 1 else self.grids

    @property
    def coordinates(self) -> Codes:
        """What golden vectors are about: every coordinate of each size, int64 [n, 2]."""
        return np.concatenate([grid.codes() for grid in self.sizes])

    def frame(self, picture: int) -> slice:
        """Return where in `coordinates` a picture's own are."""
        grid, start = self.grids[picture], 0
        for other in itertools.takewhile(lambda other: other != grid, self.sizes):
            start += other.pixels
        return slice(start, start + grid.pixels)

    @property
    def window_source(self) -> WindowSource | None:
        """The first layer, of a core whose window can be set."""
        first = next(iter(self.graph.nodes.values()))
        return WindowSource(first, self.grid) if self.window and isinstance(first, Dense) else None

    @property
    def raster(self) -> RasterSource | FoldedRaster:
        """The first layer as a raster source."""
        first = next(iter(self.graph.nodes.values()))
        if isinstance(first, FoldedDense):
            return FoldedRaster(first, self.scans)
        assert isinstance(first, Dense)
        return self.window_source or RasterSource(first, self.grid)

    @property
    def pipeline(self) -> Graph:
        """The part of the graph between source and FIFO."""
        return self.graph.without_first() if self.source == "raster" else self.graph

    @property
    def pictures(self) -> int:
        """Pictures whose weights the core holds for good; which one, says tid or a register."""
        return 1 if self.graph.memories else self.graph.i.banks

    @functools.cached_property
    def memories(self) -> tuple[Contents, ...]:
        """All memories that can be written, with what they hold for this network; none if weights are fixed.

        The first one's name says all that a network must share with this core besides the memories.
        """
        raster = self.raster.memories if self.source == "raster" else ()
        memories = (*raster, *self.pipeline.memories)
        if not memories:
            return ()
        edges = "; ".join(f"{name} {node.o}" for name, node in self.graph.nodes.items())
        name = f"{memories[0].name}; {self.grid.width}x{self.grid.height}; {edges}"
        return (replace(memories[0], name=name), *memories[1:])

    @property
    def other(self) -> "Core":
        """The same hardware with other weights, for the bench of a loadable core."""
        return replace(self, graph=other_weights(self.graph))

    @property
    def has_registers(self) -> bool:
        """Whether there is an AXI4-Lite bus."""
        return bool(self.memories) or self.control or (self.pictures > 1 and self.source == "raster")

    @property
    def source_latency(self) -> int:
        """Cycles from admission to the first node."""
        return self.raster.latency if self.source == "raster" else 0

    @property
    def initiation_interval(self) -> int:
        """Cycles between pixels."""
        return self.graph.initiation_interval

    @property
    def latency(self) -> int:
        """Cycles from a pixel's admission to its beat at m_axis, when nothing is in its way."""
        return self.source_latency + self.pipeline.latency + FIFO_LATENCY

    @property
    def credits(self) -> int:
        """Depth of the FIFO: room for all that is under way, and for the cycle a credit takes to return."""
        return self.latency // self.initiation_interval + 1

    @property
    def channels(self) -> int:
        """Values of a pixel."""
        return self.graph.o.length

    @property
    def channel_order(self) -> list[int]:
        """Channel in each byte of m_axis_tdata, lowest first: AXI4-Stream video puts G, B, R."""
        return [1, 2, 0] if self.channels == 3 else list(range(self.channels))

    def component(self) -> "CoreComponent":
        """Return the top-level component, with flat AXI port names."""
        return CoreComponent(self)


class CoreComponent(wiring.Component):
    """Top level: `aclk`, `aresetn`, `m_axis_*`; `s_axis_*` for the stream source.

    A loadable core has `s_weights_*`; one with registers `s_axi_*`; one with `Control` also `interrupt`. A
    core of many pictures has tid, the picture of a pixel, with its streams. A tid that is no picture gives a
    black pixel and sets `unknown_picture` until reset.
    A core with a window and no registers has the ports of a `WindowSource`.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        ports = {
            "aclk": In(1),
            "aresetn": In(1),
            "m_axis_tdata": Out(8 * core.channels),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tuser": Out(1),
            "m_axis_tlast": Out(1),
        }
        if core.source == "stream":
            ports |= {
                "s_axis_tdata": In(2 * bits_per_axis(core.grid.element)),
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
        m.submodules.fifo = fifo = Fifo(8 * core.channels + len(flags), core.credits)
        pages = Pages(
            self._loader(m, gate, network) if core.memories else None,
            self._select() if core.pictures > 1 and core.source == "raster" else None,
            Control(core.scans, core.credits, core.window_source) if core.control else None,
        )
        pages.add_bus(m, self)
        connect = self._raster if core.source == "raster" else self._stream
        sideband = connect(m, gate, network, pages)
        delayed = self._in_step(m, gate, network, sideband)

        pixel = Cat(network.o.payload[channel] for channel in core.channel_order)
        if core.pictures > 1:
            pixel = Mux(delayed[2:] < core.pictures, pixel, 0)
        m.d.comb += [
            fifo.w_data.eq(Cat(pixel, delayed)),
            fifo.write.eq(network.o.valid),
            Cat(self.m_axis_tdata, flags).eq(fifo.o_data),
            self.m_axis_tvalid.eq(fifo.o_valid),
            fifo.o_ready.eq(self.m_axis_tready),
            gate.give_back.eq(fifo.o_valid & self.m_axis_tready),
        ]
        return m

    def _select(self) -> PictureSelect:
        scans, pictures = self._core.scans, self._core.pictures
        return PictureSelect(
            pictures, [(grid.width, grid.height) for grid in scans] if len(scans) > 1 else []
        )

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
        m.submodules.loader = loader = Loader(memories, starts_empty=any(map(starts_empty, memories)))
        pass_on(m, self, loader, WEIGHTS_STREAM)
        oldest = Signal(reset_less=True)
        with m.If(network.o.valid):
            m.d.sync += oldest.eq(network.o.bank)
        with m.If(gate.idle):
            m.d.sync += oldest.eq(loader.bank)
        m.d.comb += [loader.stopped.eq(gate.idle & ~loader.run), loader.oldest_bank.eq(oldest)]
        return loader

    def _raster(self, m: Module, gate: CreditGate, network: wiring.Component, pages: Pages) -> Value:
        m.submodules.raster = raster = self._core.raster.component()
        allow = pages.allow
        if window := self._core.window_source:
            pass_on(m, pages.control or self, raster, window.ports)
            m.d.comb += raster.allow.eq(allow)
            allow = allow & raster.ready
        m.d.comb += [gate.admit.eq(gate.open & allow), raster.advance.eq(gate.admit)]
        if control := pages.control:
            m.submodules.control = control
            m.d.comb += [
                control.admit.eq(gate.admit),
                control.idle.eq(gate.idle),
                control.valid.eq(self.m_axis_tvalid),
                control.ready.eq(self.m_axis_tready),
                self.interrupt.eq(control.interrupt),
            ]
        wiring.connect(m, raster.o, network.i)
        if loader := pages.loader:
            branches = [(raster.load, 0), (network.load, len(self._core.raster.memories))]
            share_bus(m, loader.bus, branches)
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
        m.submodules.stream = stream = StreamSourceComponent(self._core.graph.i)
        m.d.comb += [
            # Nothing is taken in reset: it would be lost.
            self.s_axis_tready.eq(gate.open & pages.allow & self.aresetn),
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
            return flags
        known = self.s_axis_tid < self._core.pictures
        m.d.comb += stream.bank.eq(Mux(known, self.s_axis_tid, 0))
        with m.If(gate.admit & ~known):
            m.d.sync += self.unknown_picture.eq(1)
        return Cat(flags, self.s_axis_tid)
