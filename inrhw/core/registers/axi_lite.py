"""An AXI4-Lite slave: one read and one write at a time, as a request that is held until it is done."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Const, Module, Mux, ResetSignal, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.fields import ADDRESS_BITS, Field

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

#: Requests to write and to read, each held until the registers say that it is done; an error becomes SLVERR.
REGISTERS = wiring.Signature(
    {
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


def answer_reads(m: Module, registers: wiring.PureInterface, values: Iterable[tuple[int, ValueLike]]) -> None:
    """Answer each read at once with the value at its address; at all others with an error."""
    m.d.comb += registers.read_done.eq(1)
    with m.Switch(registers.read_address):
        for address, value in values:
            with m.Case(address):
                m.d.comb += registers.read_data.eq(value)
        with m.Default():
            m.d.comb += registers.read_error.eq(1)


def share_registers(
    m: Module, bus: wiring.PureInterface, low: wiring.PureInterface, high: wiring.PureInterface
) -> None:
    """Connect two pages of registers: the addresses with the highest bit clear are `low`'s."""
    for page, chosen in ((low, 0), (high, 1)):
        m.d.comb += page.write_data.eq(bus.write_data)
        for way, answers in (("write", ("done", "error")), ("read", ("done", "error", "data"))):
            address = getattr(bus, f"{way}_address")
            here = address[-1] == chosen
            m.d.comb += [
                getattr(page, way).eq(getattr(bus, way) & here),
                getattr(page, f"{way}_address").eq(address),
            ]
            with m.If(here):
                m.d.comb += [
                    getattr(bus, f"{way}_{answer}").eq(getattr(page, f"{way}_{answer}")) for answer in answers
                ]


def bits_of(word: Value, field: Field) -> Value:
    """Return a field of a register."""
    return word[field.low : field.low + field.width]


def packed(fields: Mapping[str, Field], values: Mapping[str, ValueLike]) -> Value:
    """Return a register with these values in its fields, zero elsewhere."""
    word: Value = Const(0, 32)
    for name, value in values.items():
        word = word | Value.cast(value)[: fields[name].width] << fields[name].low
    return word


class AxiLite(wiring.Component):
    """Address and data of a write may come in any order; responses wait for their ready.

    A write of less than 32 bits answers SLVERR and is never requested.

    Attributes
    ----------
    s_axi_*
        The bus.
    registers
        What is asked of the registers, as `REGISTERS` says.
    """

    def __init__(self) -> None:
        super().__init__({**AXI_LITE, "registers": Out(REGISTERS)})

    def elaborate(self, platform: object) -> Module:
        """Keep what came on each channel until it is used."""
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        answered, ask = Signal(), self.registers
        address_here, address = self._keep(m, "aw", "awaddr", answered)
        data_here, data = self._keep(m, "w", "wdata", answered)
        whole = Signal(reset_less=True)
        with m.If(self.s_axi_wvalid & self.s_axi_wready):
            m.d.sync += whole.eq(self.s_axi_wstrb.all())
        requested = address_here & data_here & ~self.s_axi_bvalid
        m.d.comb += [
            ask.write.eq(requested & whole),
            ask.write_address.eq(address),
            ask.write_data.eq(data),
            answered.eq(requested & (ask.write_done | ~whole)),
        ]
        with m.If(answered):
            m.d.sync += [
                self.s_axi_bvalid.eq(1),
                self.s_axi_bresp.eq(Mux(ask.write_error | ~whole, SLVERR, OKAY)),
            ]
        with m.Elif(self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)

    def _read(self, m: Module) -> None:
        answered, ask = Signal(), self.registers
        here, address = self._keep(m, "ar", "araddr", answered)
        m.d.comb += [
            ask.read.eq(here & ~self.s_axi_rvalid),
            ask.read_address.eq(address),
            answered.eq(ask.read & ask.read_done),
        ]
        with m.If(answered):
            m.d.sync += [
                self.s_axi_rvalid.eq(1),
                self.s_axi_rdata.eq(ask.read_data),
                self.s_axi_rresp.eq(Mux(ask.read_error, SLVERR, OKAY)),
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
