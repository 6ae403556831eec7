import re
from typing import Any

import pytest
from amaranth.sim import Simulator
from support.behind_axi import BehindAxi, Master
from support.places import DOCS as ALL_DOCS

from inrhw.core.registers.axi_lite import OKAY, SLVERR
from inrhw.core.registers.picture_map import PICTURES_ID, PictureRegister, picture_registers
from inrhw.core.registers.pictures import PictureSelect

DOCS = (ALL_DOCS / "pictures.md").read_text()


async def frame(ctx: Any, select: Any) -> list[int]:
    """Begin a frame of three vectors; return their banks."""
    banks = []
    for k in range(3):
        ctx.set(select.begin, k == 0)
        banks.append(ctx.get(select.bank))
        await ctx.tick()
    return banks


@pytest.mark.parametrize("pictures", [2, 3, 100])
def test_registers_choose_the_picture_of_the_next_frame(pictures: int) -> None:
    select = BehindAxi(PictureSelect(pictures))
    last = pictures - 1

    async def bench(ctx: Any) -> None:
        master = Master(ctx, select)
        assert await master.read(PictureRegister.ID) == (PICTURES_ID, OKAY)
        assert await master.read(PictureRegister.PICTURES) == (pictures, OKAY)
        assert await frame(ctx, select) == [0, 0, 0]
        assert await master.write(PictureRegister.PICTURE, last) == OKAY
        assert await master.read(PictureRegister.PICTURE) == (last, OKAY)
        assert await master.read(PictureRegister.SHOWN) == (0, OKAY)
        assert ctx.get(select.bank) == 0
        assert await frame(ctx, select) == [last] * 3
        assert await master.read(PictureRegister.SHOWN) == (last, OKAY)
        for value in (pictures, 1 << 7, 1 << 31):
            assert await master.write(PictureRegister.PICTURE, value) == SLVERR
        assert await frame(ctx, select) == [last] * 3

    simulator = Simulator(select.module())
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_the_size_is_that_of_the_picture_shown() -> None:
    sizes = [(5, 1), (65536, 7), (1, 1)]
    select = BehindAxi(PictureSelect(3, sizes))

    async def bench(ctx: Any) -> None:
        master = Master(ctx, select)
        for picture, (width, height) in enumerate(sizes):
            before = await master.read(PictureRegister.SIZE)
            await master.write(PictureRegister.PICTURE, picture)
            assert await master.read(PictureRegister.SIZE) == before
            await frame(ctx, select)
            assert await master.read(PictureRegister.SIZE) == (width % 65536 | height << 16, OKAY)
        assert await master.write(PictureRegister.SIZE, 0) == SLVERR

    simulator = Simulator(select.module())
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_all_other_writes_and_reads_are_errors() -> None:
    select = BehindAxi(PictureSelect(3))

    async def bench(ctx: Any) -> None:
        master = Master(ctx, select)
        for address in range(128):
            if address != PictureRegister.PICTURE:
                assert await master.write(address, 1) == SLVERR
            readable = address in picture_registers(sizes_differ=False)
            assert (await master.read(address))[1] == (OKAY if readable else SLVERR)
        assert await frame(ctx, select) == [0, 0, 0]

    simulator = Simulator(select.module())
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
