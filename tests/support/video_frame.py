"""What a monitor must be sent for a picture."""

import numpy as np
from numpy.typing import NDArray

from inrhw.synthesis.video.mode import Placement


def expected_frame(placement: Placement, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return red, green, blue, active, hsync, vsync of a whole frame, [v_total, h_total, 6]."""
    mode, scale = placement.mode, placement.scale
    frame = np.zeros((mode.v_total, mode.h_total, 6), np.int64)
    large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    top, left = placement.top, placement.left
    frame[top : top + large.shape[0], left : left + large.shape[1], :3] = large
    frame[: mode.height, : mode.width, 3] = 1
    frame[..., 4:] = 1 - mode.sync_level
    h, v = mode.width + mode.h_front, mode.height + mode.v_front
    frame[:, h : h + mode.h_sync, 4] = mode.sync_level
    frame[v : v + mode.v_sync, :, 5] = mode.sync_level
    return frame
