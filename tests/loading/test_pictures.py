import re
from pathlib import Path
from typing import Any

import pytest
from amaranth.sim import Simulator

from inrhw.loading.axi_lite import OKAY, SLVERR
from inrhw.loading.pictures import PICTURES_ID, PictureRegister, PictureSelect

DOCS = (Path(__file__).parents[2] / "docs" / "pictures.md").read_text()


class Master:
    """Reads and writes registers, one after the other."""

    def __init__(self, ctx: Any, select: PictureSelect) -> None:
        self.ctx, self.select = ctx, select

    async def write(self, address: int, value: int) -> int:
        ctx, bus = self.ctx, self.select
        for port, to in (("awaddr", address), ("wdata", value), ("wstrb", 15), ("awvalid", 1), ("wvalid", 1)):
            ctx.set(getattr(bus, f"s_axi_{port}"), to)
        await ctx.tick()
        ctx.set(bus.s_axi_awvalid, 0)
        ctx.set(bus.s_axi_wvalid, 0)
        return int(await self._answer("b"))

    async def read(self, address: int) -> tuple[int, int]:
        ctx, bus = self.ctx, self.select
        ctx.set(bus.s_axi_araddr, address)
        ctx.set(bus.s_axi_arvalid, 1)
        await ctx.tick()
        ctx.set(bus.s_axi_arvalid, 0)
        response = await self._answer("r")
        return ctx.get(bus.s_axi_rdata), response

    async def frame(self) -> list[int]:
        """Begin a frame of three vectors; return their banks."""
        banks = []
        for k in range(3):
            self.ctx.set(self.select.begin, k == 0)
            banks.append(self.ctx.get(self.select.bank))
            await self.ctx.tick()
        return banks

    async def _answer(self, channel: str) -> int:
        ctx, bus = self.ctx, self.select
        while not ctx.get(getattr(bus, f"s_axi_{channel}valid")):
            await ctx.tick()
        response = ctx.get(getattr(bus, f"s_axi_{channel}resp"))
        ctx.set(getattr(bus, f"s_axi_{channel}ready"), 1)
        await ctx.tick()
        ctx.set(getattr(bus, f"s_axi_{channel}ready"), 0)
        return int(response)


@pytest.mark.parametrize("pictures", [2, 3, 100])
def test_registers_choose_the_picture_of_the_next_frame(pictures: int) -> None:
    select = PictureSelect(pictures)
    last = pictures - 1

    async def bench(ctx: Any) -> None:
        master = Master(ctx, select)
        assert await master.read(PictureRegister.ID) == (PICTURES_ID, OKAY)
        assert await master.read(PictureRegister.PICTURES) == (pictures, OKAY)
        assert await master.frame() == [0, 0, 0]
        assert await master.write(PictureRegister.PICTURE, last) == OKAY
        assert await master.read(PictureRegister.PICTURE) == (last, OKAY)
        assert await master.read(PictureRegister.SHOWN) == (0, OKAY)
        assert ctx.get(select.bank) == 0
        assert await master.frame() == [last] * 3
        assert await master.read(PictureRegister.SHOWN) == (last, OKAY)
        for value in (pictures, 1 << 7, 1 << 31):
            assert await master.write(PictureRegister.PICTURE, value) == SLVERR
        assert await master.frame() == [last] * 3

    simulator = Simulator(select)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_all_other_writes_and_reads_are_errors() -> None:
    select = PictureSelect(3)

    async def bench(ctx: Any) -> None:
        master = Master(ctx, select)
        for address in range(64):
            if address != PictureRegister.PICTURE:
                assert await master.write(address, 1) == SLVERR
            readable = address in list(PictureRegister)
            assert (await master.read(address))[1] == (OKAY if readable else SLVERR)
        assert await master.frame() == [0, 0, 0]

    simulator = Simulator(select)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_the_documented_registers_are_those_of_the_hardware() -> None:
    rows = re.findall(r"^\| ([A-Z]+) \| (0x\w+) \| (rw?) ", DOCS, re.M)
    assert rows == [
        (register.name, f"0x{register:02X}", "rw" if register is PictureRegister.PICTURE else "r")
        for register in PictureRegister
    ]
    assert f"0x{PICTURES_ID:X}" in DOCS
