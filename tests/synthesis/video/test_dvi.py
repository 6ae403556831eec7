from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from support.tmds_decoder import BYTES, CONTROLS, symbols

from inrhw.synthesis.video.dvi import SHIFTS, Dvi

PIXELS = 200


def run(pixels: list[dict[str, int]], phase: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the bits of the four lanes in order, [bits, 4]; `phase` is that of the fast clock."""
    dvi = Dvi()
    simulator = Simulator(dvi)
    simulator.add_clock(SHIFTS * 1e-6)
    simulator.add_clock(1e-6, domain="shift", phase=phase * 1e-6)
    bits: list[list[int]] = []

    async def source(ctx: Any) -> None:
        for pixel in pixels:
            for name, value in pixel.items():
                ctx.set(getattr(dvi.i, name), value)
            await ctx.tick()

    async def wire(ctx: Any) -> None:
        async for _, _, pairs in ctx.tick("shift").sample(dvi.pairs):
            for second in range(2):
                bits.append([pairs >> 2 * lane + second & 1 for lane in range(4)])

    simulator.add_testbench(source)
    simulator.add_process(wire)
    simulator.run_until(SHIFTS * len(pixels) * 1e-6)
    return np.array(bits, np.uint8)


# At 0 the edges coincide, as they do in an FPGA, where the slow clock's flip-flops still change after them.
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7])
def test_a_monitor_reads_every_pixel_and_both_syncs(phase: float) -> None:
    rng = np.random.default_rng(0)
    names = ("blue", "green", "red", "active", "hsync", "vsync")
    values = rng.integers(0, [256] * 3 + [2] * 3, (PIXELS, 6))
    bits = run([dict(zip(names, row, strict=True)) for row in values.tolist()], phase)
    lanes = [symbols(bits[:, lane], bits[:, 3]) for lane in range(3)]
    count = len(lanes[0])
    assert count > PIXELS - 10
    active, control = values[:, 3], values[:, 4] | values[:, 5] << 1
    read_active = (CONTROLS[lanes[0]] < 0).astype(int)
    (start,) = [k for k in range(10) if (read_active[k : k + 150] == active[:150]).all()]
    shown = PIXELS - 20
    for lane, symbol in enumerate(lanes):
        seen = symbol[start : start + shown]
        pixel = active[:shown] == 1
        assert (BYTES[seen][pixel] == values[:shown, lane][pixel]).all()
        assert (CONTROLS[seen][~pixel] == (control[:shown][~pixel] if lane == 0 else 0)).all()


def test_the_clock_lane_has_five_ones_and_five_zeros() -> None:
    bits = run([dict.fromkeys(("active",), 0)] * 20, 0.0)[:, 3]
    edges = np.flatnonzero(np.diff(bits.astype(int)))
    assert set(np.diff(edges).tolist()) == {5}
