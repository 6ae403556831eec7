"""A bench of one's own: ask for a frame by register, take it with waits, compare it."""

import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Timer
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink

from inrhw.artifact.manifest import Manifest

# From the register map that lies beside the Verilog, NAME_registers.md.
CONTROL, STATUS = 0x4C, 0x50
RUN, START = 1 << 0, 1 << 3
ASKED = 1 << 2


@cocotb.test()
async def a_frame_is_the_golden_one(dut: Any) -> None:
    """Every line comes as one AXI4-Stream frame: G, B, R of each pixel, from the lowest byte on."""
    folder = os.environ["CORE"]
    manifest = Manifest.load(Path(folder))
    golden = np.load(f"{folder}/vectors.npz")["pixels"].reshape(manifest.height, manifest.width, -1)
    if os.environ.get("NEGATIVE"):
        golden = 255 - golden

    # All inputs before the first edge: what is unknown there stays in registers that no reset touches.
    dut.aresetn.value = 0
    for unused in ("s_weights_tvalid", "s_weights_tlast", "s_weights_tdata"):
        if hasattr(dut, unused):
            getattr(dut, unused).value = 0
    registers = AxiLiteMaster(
        AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, dut.aresetn, reset_active_level=False
    )
    sink = AxiStreamSink(
        AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, dut.aresetn, reset_active_level=False
    )
    rng = random.Random(1)
    sink.set_pause_generator(rng.random() < 0.3 for _ in iter(int, 1))
    await Timer(1, "ns")
    Clock(dut.aclk, 4, "ns").start()
    await ClockCycles(dut.aclk, 5)
    dut.aresetn.value = 1

    await registers.write_dword(CONTROL, RUN | START)  # not continuous: this frame alone
    for line in range(manifest.height):
        beats = await sink.recv()
        expected = golden[line][:, list(manifest.tdata_order)].astype(np.uint8).tobytes()
        assert bytes(beats.tdata) == expected, f"line {line} differs"
    while await registers.read_dword(STATUS) & ASKED:
        await ClockCycles(dut.aclk, 10)
    cocotb.log.info("frame of %d lines is right", manifest.height)
