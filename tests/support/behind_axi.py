"""Registers with a bus in front, and a master that reads and writes them."""

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring

from inrhw.core.registers.axi_lite import AxiLite


class BehindAxi:
    """A component with `registers` and the bus in front of it, as in a core; has the ports of both."""

    def __init__(self, inner: wiring.Component) -> None:
        self.inner, self.axi = inner, AxiLite()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.axi if name.startswith("s_axi_") else self.inner, name)

    def add_to(self, m: Module) -> None:
        m.submodules.axi_lite, m.submodules.inner = self.axi, self.inner
        wiring.connect(m, self.axi.registers, self.inner.registers)

    def module(self) -> Module:
        m = Module()
        self.add_to(m)
        return m


class Master:
    """Reads and writes registers, one after the other; `tick` lets a clock cycle pass."""

    def __init__(self, ctx: Any, bus: Any, tick: Callable[[], Any] | None = None) -> None:
        self.ctx, self.bus = ctx, bus
        self.tick = tick or ctx.tick

    async def write(self, address: int, value: int, strobes: int = 15) -> int:
        """Write and return the response."""
        ctx, bus = self.ctx, self.bus
        for port, to in (("awaddr", address), ("wdata", value), ("wstrb", strobes)):
            ctx.set(getattr(bus, f"s_axi_{port}"), to)
        for port in ("awvalid", "wvalid"):
            ctx.set(getattr(bus, f"s_axi_{port}"), 1)
        await self.tick()
        ctx.set(bus.s_axi_awvalid, 0)
        ctx.set(bus.s_axi_wvalid, 0)
        return int(await self._answer("b"))

    async def read(self, address: int) -> tuple[int, int]:
        """Read and return value and response."""
        ctx, bus = self.ctx, self.bus
        ctx.set(bus.s_axi_araddr, address)
        ctx.set(bus.s_axi_arvalid, 1)
        await self.tick()
        ctx.set(bus.s_axi_arvalid, 0)
        response = await self._answer("r")
        return ctx.get(bus.s_axi_rdata), response

    async def _answer(self, channel: str) -> int:
        ctx, bus = self.ctx, self.bus
        while not ctx.get(getattr(bus, f"s_axi_{channel}valid")):
            await self.tick()
        response = ctx.get(getattr(bus, f"s_axi_{channel}resp"))
        ctx.set(getattr(bus, f"s_axi_{channel}ready"), 1)
        await self.tick()
        ctx.set(getattr(bus, f"s_axi_{channel}ready"), 0)
        return int(response)
