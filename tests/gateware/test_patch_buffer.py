from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from inrhw.base.errors import InputError
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.signals.patches import Patches


def played(patches: Patches, share: float) -> tuple[list[tuple[int, int]], list[int]]:
    """Return what leaves in a frame of pictures 0 and 1 each, samples 0, 1, 2 ..., and the clock of each."""
    buffer = PatchBuffer.of(patches, 10, pictures=2)
    frame = np.arange(np.prod(patches.sides)).reshape(*reversed(patches.sides), 1)
    sent = np.concatenate([patches.gather(frame).reshape(-1, patches.samples)] * 2).tolist()
    circuit, rng = buffer.component(), np.random.default_rng(0)
    got: list[tuple[int, int]] = []
    clocks: list[int] = []

    async def bench(ctx: Any) -> None:
        place = clock = 0
        while len(got) < 2 * frame.size:
            valid, ready = rng.random(2) < share
            ctx.set(circuit.i_valid, int(valid and place < len(sent)))
            ctx.set(circuit.i_data, sent[min(place, len(sent) - 1)])
            ctx.set(circuit.i_tag, int(place >= len(sent) // 2))
            ctx.set(circuit.o_ready, int(ready))
            if ctx.get(circuit.o_valid) and ready:
                got.append((ctx.get(circuit.o_tag), ctx.get(circuit.o_data)))
                clocks.append(clock)
            place += ctx.get(circuit.i_ready)
            await ctx.tick()
            clock += 1

    simulator = Simulator(circuit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return got, clocks


#: Several lines, in LUTs and in blocks; one line, of a picture and of a sound; several frames.
SHAPES = [
    Patches((6, 4), (2, 2)),
    Patches((30, 6), (2, 3)),
    Patches((8, 2), (4, 1)),
    Patches((12,), (4,)),
    Patches((4, 4, 2), (2, 2, 1)),
]


@pytest.mark.parametrize("patches", SHAPES, ids=str)
def test_patches_leave_as_lines_whatever_waits(patches: Patches) -> None:
    got, _ = played(patches, 0.6)
    assert got == [(picture, sample) for picture in range(2) for sample in range(len(got) // 2)]


@pytest.mark.parametrize("patches", SHAPES, ids=str)
def test_a_sample_leaves_every_clock_from_the_promised_one_on(patches: Patches) -> None:
    _, clocks = played(patches, 1.0)
    first = PatchBuffer.of(patches, 10).latency(1)
    assert clocks == [*range(first, first + len(clocks))]


def test_patches_over_several_frames_are_refused() -> None:
    with pytest.raises(InputError, match=r"2x2x2 span several frames, .* give patch_order too"):
        PatchBuffer.of(Patches((4, 4, 4), (2, 2, 2)), 8)
