"""An AXI4-Lite slave: one read and one write at a time, as a request that is held until it is done."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.loading.registers import ADDRESS_BITS

#: Ports of the slave.
AXI_LITE = {
    "s_axi_awaddr": In(ADDRESS_BITS),
    "s_axi_awvalid": In(1),
    "s_axi_awready": Out(1),
    "s_axi_wdata": In(32),
    "s_axi_wstrb": In(4),
    "s_axi_wvalid": In(1),
    "s_axi_wready": Out(1),
    "s_axi_bresp": Out(2),
    "s_axi_bvalid": Out(1),
    "s_axi_bready": In(1),
    "s_axi_araddr": In(ADDRESS_BITS),
    "s_axi_arvalid": In(1),
    "s_axi_arready": Out(1),
    "s_axi_rdata": Out(32),
    "s_axi_rresp": Out(2),
    "s_axi_rvalid": Out(1),
    "s_axi_rready": In(1),
}

OKAY, SLVERR = 0, 2


def pass_on(
    m: Module,
    outer: wiring.Component,
    inner: wiring.Component,
    ports: Mapping[str, wiring.Member],
    prefix: str = "",
) -> None:
    """Connect ports of a component to those of one inside, which are called the same but for the prefix."""
    for name, member in ports.items():
        outside, inside = getattr(outer, name), getattr(inner, name.removeprefix(prefix))
        m.d.comb += inside.eq(outside) if member.flow == In else outside.eq(inside)


class AxiLite(wiring.Component):
    """Address and data of a write may come in any order; responses wait for their ready.

    A write of less than 32 bits answers SLVERR and is never requested.

    Attributes
    ----------
    s_axi_*
        The bus.
    write, write_address, write_data
        A request to write, held until `write_done`; `write_error` in that cycle makes the response SLVERR.
    read, read_address
        A request to read, held until `read_done`, which comes with `read_data` and `read_error`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                **AXI_LITE,
                "write": Out(1),
                "write_address": Out(ADDRESS_BITS),
                "write_data": Out(32),
                "write_done": In(1),
                "write_error": In(1),
                "read": Out(1),
                "read_address": Out(ADDRESS_BITS),
                "read_done": In(1),
                "read_data": In(32),
                "read_error": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Keep what came on each channel until it is used."""
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        answered = Signal()
        address_here, address = self._keep(m, "aw", "awaddr", answered)
        data_here, data = self._keep(m, "w", "wdata", answered)
        whole = Signal(reset_less=True)
        with m.If(self.s_axi_wvalid & self.s_axi_wready):
            m.d.sync += whole.eq(self.s_axi_wstrb.all())
        requested = address_here & data_here & ~self.s_axi_bvalid
        m.d.comb += [
            self.write.eq(requested & whole),
            self.write_address.eq(address),
            self.write_data.eq(data),
            answered.eq(requested & (self.write_done | ~whole)),
        ]
        with m.If(answered):
            m.d.sync += [
                self.s_axi_bvalid.eq(1),
                self.s_axi_bresp.eq(Mux(self.write_error | ~whole, SLVERR, OKAY)),
            ]
        with m.Elif(self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)

    def _read(self, m: Module) -> None:
        answered = Signal()
        here, address = self._keep(m, "ar", "araddr", answered)
        m.d.comb += [
            self.read.eq(here & ~self.s_axi_rvalid),
            self.read_address.eq(address),
            answered.eq(self.read & self.read_done),
        ]
        with m.If(answered):
            m.d.sync += [
                self.s_axi_rvalid.eq(1),
                self.s_axi_rdata.eq(self.read_data),
                self.s_axi_rresp.eq(Mux(self.read_error, SLVERR, OKAY)),
            ]
        with m.Elif(self.s_axi_rready):
            m.d.sync += self.s_axi_rvalid.eq(0)

    def _keep(self, m: Module, channel: str, payload: str, answered: Value) -> tuple[Value, Value]:
        """Hold one transfer of a channel until it is answered; return whether it is here, and its payload."""
        valid, ready, offered = (
            getattr(self, f"s_axi_{name}") for name in (f"{channel}valid", f"{channel}ready", payload)
        )
        here = Signal(name=f"{channel}_here")
        kept = Signal.like(offered, name=f"{channel}_kept", reset_less=True)
        # Nothing is taken in reset: it would be lost.
        m.d.comb += ready.eq(~here & ~ResetSignal())
        with m.If(valid & ready):
            m.d.sync += [here.eq(1), kept.eq(offered)]
        with m.Elif(answered):
            m.d.sync += here.eq(0)
        return here, kept
