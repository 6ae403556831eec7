"""A master on the SoC's bus: take a frame by DMA, ask for another, and compare both with the golden one."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

from inrhw.artifact.manifest import Manifest

# From the register map that lies beside the Verilog, NAME_registers.md.
CORE_ID, CORE_CONTROL, CORE_FRAMES = 0x40, 0x4C, 0x54
RUN, START = 1 << 0, 1 << 3


class Host:
    """Wishbone, one word after the other."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        for name in ("adr", "dat_w", "sel", "cyc", "stb", "we", "cti", "bte"):
            getattr(dut, f"host_{name}").value = 0

    async def access(self, address: int, value: int | None = None) -> int:
        """Write a word, or read one; return what the bus holds."""
        dut = self.dut
        dut.host_adr.value, dut.host_sel.value, dut.host_we.value = address >> 2, 0xF, value is not None
        dut.host_dat_w.value = value or 0
        dut.host_cyc.value = dut.host_stb.value = 1
        await RisingEdge(dut.clk)
        while not dut.host_ack.value:
            assert not dut.host_err.value, f"bus error at {address:#x}"
            await RisingEdge(dut.clk)
        found = dut.host_dat_r.value if value is None else 0
        dut.host_cyc.value = dut.host_stb.value = 0
        await RisingEdge(dut.clk)
        return int(found)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def frames_come_into_the_memory(dut: Any) -> None:
    """Each pixel is a word, G in its lowest byte as on the stream."""
    folder = Path(os.environ["CORE"])
    manifest = Manifest.load(folder)
    golden = np.load(folder / "vectors.npz")["pixels"].reshape(manifest.height * manifest.width, -1)
    wanted = [int.from_bytes(bytes(pixel[list(manifest.tdata_order)]), "little") for pixel in golden]
    places = json.loads((folder / "litex" / "csr.json").read_text())
    dma = {
        name: places["csr_registers"][f"core_dma_{name}"]["addr"]
        for name in ("base", "length", "enable", "done")
    }
    core, frame = (places["memories"][name]["base"] for name in ("core", "frame"))

    dut.rst.value = 1
    host = Host(dut)
    await Timer(1, "ns")
    Clock(dut.clk, 10, "ns").start()
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 5)

    assert (await host.access(core + CORE_ID)).to_bytes(4, "little") == b"INRC"
    # The frame that began at reset waits for the DMA; no other follows it unasked.
    await host.access(core + CORE_CONTROL, RUN)
    for number in (1, 2):
        for k in range(len(wanted)):
            await host.access(frame + 4 * k, 0xDEADBEEF)
        await host.access(dma["base"] + 4, frame)  # the low half of 64 bits comes last
        await host.access(dma["length"], 4 * len(wanted))
        await host.access(dma["enable"], 1)
        while not await host.access(dma["done"]):
            pass
        found = [await host.access(frame + 4 * k) for k in range(len(wanted))]
        assert found == wanted, f"frame {number} differs"
        assert await host.access(core + CORE_FRAMES) == number
        await host.access(dma["enable"], 0)
        await host.access(core + CORE_CONTROL, RUN | START)
    cocotb.log.info("two frames of %d pixels are right", len(wanted))
