"""Show a picture on a Zynq under PYNQ: registers by MMIO, the frame by an AXI DMA behind m_axis.

Copy the build folder and the package `inrhw` to the board; neither torch nor amaranth is needed there.
"""

import sys
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from inrhw.artifact.driver import CoreDriver

#: Where the core's registers and the DMA lie in the overlay's address map.
BASE, LENGTH = 0xA000_0000, 128


class Channel(Protocol):
    """The receiving half of `pynq.lib.dma.DMA`."""

    def transfer(self, array: Any) -> None:
        """Begin to receive."""

    def wait(self) -> None:
        """Wait until all has come."""


def frame(
    folder: str,
    read: Callable[[int], int],
    write: Callable[[int, int], None],
    channel: Channel,
    allocate: Callable[..., Any],
) -> np.ndarray:
    """Return one frame as RGB, uint8 [height, width, 3]."""
    core = CoreDriver(folder, read, write)
    core.continuous = False
    width, height = core.size
    buffer = allocate((height, width, 3), dtype=np.uint8)
    channel.transfer(buffer)
    core.start()
    core.wait()
    channel.wait()
    # On the stream G is in the lowest byte, then B, then R.
    return np.asarray(buffer)[..., [2, 0, 1]]


if __name__ == "__main__":
    import pynq
    from PIL import Image

    overlay = pynq.Overlay("photo.bit")
    mmio = pynq.MMIO(BASE, LENGTH)
    picture = frame(sys.argv[1], mmio.read, mmio.write, overlay.axi_dma_0.recvchannel, pynq.allocate)
    Image.fromarray(picture).save("frame.png")
