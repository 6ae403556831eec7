from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from numpy.typing import NDArray
from support.video_frame import expected_frame

from inrhw.synthesis.video.mode import Placement, VideoMode
from inrhw.synthesis.video.screen import Screen

#: Cycles from the beam to `o`.
LATENCY = 2

#: Two of a few pixels, with porches and pulses of different lengths and either polarity.
MODES = (VideoMode(12, 9, 1, 2, 3, 1, 2, 2, 0, 25.0), VideoMode(7, 8, 2, 1, 2, 2, 1, 3, 1, 25.0))


def beats(picture: NDArray[np.uint8], order: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return tdata, tuser, tlast of a frame."""
    height, width, _ = picture.shape
    flat = picture.reshape(height * width, -1).tolist()
    return [
        (
            sum(pixel[channel] << 8 * byte for byte, channel in enumerate(order)),
            n == 0,
            n % width == width - 1,
        )
        for n, pixel in enumerate(flat)
    ]


def run(screen: Screen, stream: list[tuple[int, int, int]], cycles: int, pause: float) -> NDArray[np.int64]:
    """Return what `o` says in each cycle, [cycles, 6]; `stream` goes round, with random pauses."""
    rng = np.random.default_rng(0)
    simulator = Simulator(screen)
    simulator.add_clock(1e-6)
    out: list[list[int]] = []
    o = screen.o
    signals = (o.red, o.green, o.blue, o.active, o.hsync, o.vsync)

    async def bench(ctx: Any) -> None:
        sent, offered = 0, False
        for _ in range(cycles):
            offered = offered or rng.random() >= pause
            data, user, last = stream[sent % len(stream)]
            ctx.set(screen.tdata, data if offered else int(rng.integers(256)))
            ctx.set(screen.tuser, user if offered else int(rng.integers(2)))
            ctx.set(screen.tlast, last if offered else int(rng.integers(2)))
            ctx.set(screen.tvalid, offered)
            out.append([ctx.get(signal) for signal in signals])
            taken = offered and ctx.get(screen.tready)
            sent, offered = sent + taken, offered and not taken
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
    return np.array(out)


def frames_of(seen: NDArray[np.int64], mode: VideoMode) -> NDArray[np.int64]:
    """Return the whole frames, [frames, v_total, h_total, 6]: the beam starts at the first blank line."""
    start = (mode.v_total - mode.height) * mode.h_total + LATENCY
    size = mode.h_total * mode.v_total
    frames = (len(seen) - start) // size
    return seen[start : start + frames * size].reshape(frames, mode.v_total, mode.h_total, 6)


def shown(placement: Placement, pictures: list[NDArray[np.uint8]], channels: int, pause: float) -> Any:
    order = (1, 2, 0) if channels == 3 else (0,)
    mode = placement.mode
    stream = [beat for picture in pictures for beat in beats(picture, order)]
    cycles = (len(pictures) + 1) * mode.h_total * mode.v_total
    return frames_of(run(Screen(placement, order), stream, cycles, pause), mode)


@pytest.mark.parametrize("mode", MODES, ids=["low", "high"])
@pytest.mark.parametrize(
    "size", [(3, 2), (1, 1), (7, 8), (5, 3), (6, 4)], ids=lambda size: "{}x{}".format(*size)
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_pixel_of_every_frame_is_the_cores(
    mode: VideoMode, size: tuple[int, int], channels: int
) -> None:
    placement = Placement(mode, *size)
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8) for _ in range(3)]
    pause = 0.0 if placement.scale == 1 else 0.2
    frames = shown(placement, pictures, channels, pause)
    assert len(frames) >= 3
    for frame, picture in zip(frames, pictures, strict=False):
        assert (frame == expected_frame(placement, picture)).all()


def test_a_core_that_stops_for_a_frame_is_shown_right_again_afterwards() -> None:
    placement = Placement(MODES[0], 4, 3)
    picture = np.random.default_rng(2).integers(0, 256, (3, 4, 1), dtype=np.uint8)
    stream = beats(picture, (0,))
    # A frame that breaks off in its second line, as if the core had been reset.
    frames = shown(placement, [picture], 1, 0.0)
    broken = run(Screen(placement, (0,)), [*stream, *stream[:6], *stream, *stream], 5 * 18 * 14, 0.0)
    good = expected_frame(placement, picture)
    assert (frames[0] == good).all()
    seen = frames_of(broken, MODES[0])
    assert (seen[0] == good).all()
    assert not (seen[1] == good).all()
    assert (seen[2] == good).all()
