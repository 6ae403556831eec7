"""The core: a source, the network, and an AXI4-Stream of pixels, with credits instead of stalls."""

from dataclasses import dataclass

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.errors import InputError
from inrhw.grid import Grid
from inrhw.node import Graph
from inrhw.ops.dense import Dense
from inrhw.sources import RasterSource, StreamSourceComponent, bits_per_axis
from inrhw.stage import CreditGate, Fifo, delay

SOURCES = ("raster", "stream")

#: Cycles from a pixel leaving the network to the same pixel at m_axis: the FIFO and its output register.
FIFO_LATENCY = 2


def check_source(source: str) -> str:
    """Return `source`, or raise InputError unless it is one of `SOURCES`."""
    if source not in SOURCES:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, not {source!r}")
    return source


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
    """

    graph: Graph
    grid: Grid
    source: str = "raster"

    def __post_init__(self) -> None:
        check_source(self.source)
        if self.graph.i != self.grid.vector:
            raise InputError(f"the graph takes {self.graph.i}, but the grid gives {self.grid.vector}")

    @property
    def raster(self) -> RasterSource:
        """The first layer as a raster source."""
        first = next(iter(self.graph.nodes.values()))
        assert isinstance(first, Dense)
        return RasterSource(first, self.grid)

    @property
    def pipeline(self) -> Graph:
        """The part of the graph between source and FIFO."""
        return self.graph.without_first() if self.source == "raster" else self.graph

    @property
    def source_latency(self) -> int:
        """Cycles from admission to the first node."""
        return 1 if self.source == "raster" else 0

    @property
    def latency(self) -> int:
        """Cycles from a pixel's admission to its beat at m_axis, when nothing is in its way."""
        return self.source_latency + self.pipeline.latency + FIFO_LATENCY

    @property
    def credits(self) -> int:
        """Depth of the FIFO: room for all that is under way, and for the cycle a credit takes to return."""
        return self.latency + 1

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
    """Top level: `aclk`, `aresetn`, `m_axis_*`, and for the stream source `s_axis_*`."""

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
                "s_axis_tdata": In(2 * bits_per_axis(core.grid)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tuser": In(1),
                "s_axis_tlast": In(1),
            }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Chain source, network and FIFO; a pixel is admitted only when the FIFO has room for it."""
        m = Module()
        core = self._core
        m.domains.sync = ClockDomain("sync")
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]

        m.submodules.gate = gate = CreditGate(core.credits)
        m.submodules.network = network = core.pipeline.component()
        m.submodules.fifo = fifo = Fifo(8 * core.channels + 2, core.credits)
        sideband = (
            self._raster(m, gate, network) if core.source == "raster" else self._stream(m, gate, network)
        )
        delayed = delay(m, sideband, core.pipeline.latency, "sideband")

        pixel = Cat(network.o.payload[channel] for channel in core.channel_order)
        m.d.comb += [
            fifo.w_data.eq(Cat(pixel, delayed)),
            fifo.write.eq(network.o.valid),
            Cat(self.m_axis_tdata, self.m_axis_tuser, self.m_axis_tlast).eq(fifo.o_data),
            self.m_axis_tvalid.eq(fifo.o_valid),
            fifo.o_ready.eq(self.m_axis_tready),
            gate.give_back.eq(fifo.o_valid & self.m_axis_tready),
        ]
        return m

    def _raster(self, m: Module, gate: CreditGate, network: wiring.Component) -> Value:
        m.submodules.raster = raster = self._core.raster.component()
        m.d.comb += [gate.admit.eq(gate.open), raster.advance.eq(gate.open)]
        wiring.connect(m, raster.o, network.i)
        return Cat(raster.start_of_frame, raster.end_of_line)

    def _stream(self, m: Module, gate: CreditGate, network: wiring.Component) -> Value:
        m.submodules.stream = stream = StreamSourceComponent(self._core.grid)
        m.d.comb += [
            # Nothing is taken in reset: it would be lost.
            self.s_axis_tready.eq(gate.open & self.aresetn),
            gate.admit.eq(self.s_axis_tready & self.s_axis_tvalid),
            stream.tdata.eq(self.s_axis_tdata),
            stream.valid.eq(gate.admit),
        ]
        wiring.connect(m, stream.o, network.i)
        return Cat(self.s_axis_tuser, self.s_axis_tlast)
