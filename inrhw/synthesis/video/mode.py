"""Video timings, and the position of a picture on a screen."""

from dataclasses import dataclass

from inrhw.base.errors import InputError


@dataclass(frozen=True)
class VideoMode:
    """A video timing.

    Parameters
    ----------
    width, height
        Visible pixels.
    h_front, h_sync, h_back
        Clocks of front porch, sync pulse and back porch of a line.
    v_front, v_sync, v_back
        The same of a frame, in lines.
    sync_level
        Level of both syncs during their pulses.
    pixel_mhz
        Pixel clock.
    """

    width: int
    height: int
    h_front: int
    h_sync: int
    h_back: int
    v_front: int
    v_sync: int
    v_back: int
    sync_level: int
    pixel_mhz: float

    @property
    def h_total(self) -> int:
        """Clocks of a line."""
        return self.width + self.h_front + self.h_sync + self.h_back

    @property
    def v_total(self) -> int:
        """Lines of a frame."""
        return self.height + self.v_front + self.v_sync + self.v_back


#: DMT 0x04 of VESA's Display Monitor Timings: every monitor knows it.
VGA_640X480 = VideoMode(640, 480, 16, 96, 48, 10, 2, 33, 0, 25.175)

#: Part by which a pixel clock may be off. VESA says 0.5 %; monitors are known to take 25 MHz, 0.7 % too slow.
_CLOCK_TOLERANCE = 0.008


def near_enough(pixel_mhz: float, mode: VideoMode) -> bool:
    """Return whether a monitor accepts a clock for this mode."""
    return abs(pixel_mhz / mode.pixel_mhz - 1) <= _CLOCK_TOLERANCE


@dataclass(frozen=True)
class Placement:
    """Position of a picture on a screen: in the middle, as large as an integer scale allows.

    Parameters
    ----------
    mode
        The screen.
    width, height
        Pixels of the picture.

    Raises
    ------
    InputError
        The picture is larger than the screen.

    Examples
    --------
    >>> placement = Placement(VGA_640X480, 64, 64)
    >>> placement.scale, placement.left, placement.top
    (7, 96, 16)
    """

    mode: VideoMode
    width: int
    height: int

    def __post_init__(self) -> None:
        if not self.scale:
            raise InputError(
                f"a picture of {self.width}x{self.height} does not fit a screen of "
                f"{self.mode.width}x{self.mode.height}; build a smaller one with --size"
            )

    @property
    def scale(self) -> int:
        """Width and height of the square that one pixel becomes."""
        return min(self.mode.width // self.width, self.mode.height // self.height)

    @property
    def left(self) -> int:
        """First column of the screen that shows the picture."""
        return (self.mode.width - self.scale * self.width) // 2

    @property
    def top(self) -> int:
        """First row of the screen that shows the picture."""
        return (self.mode.height - self.scale * self.height) // 2

    def check_rate(self, latency: int, initiation_interval: int) -> None:
        """Raise InputError unless a core of that latency and interval keeps up with the screen.

        A line of the picture must be complete before the screen has shown the previous one, and the first
        line before the screen reaches it. Time starts with vertical blanking, where the reset ends.
        """
        line = self.width * initiation_interval
        most = self.scale * self.mode.h_total
        first = (self.mode.v_total - self.mode.height + self.top) * self.mode.h_total
        if line > most:
            fewest = most // self.width
            raise InputError(
                f"the core takes {line} clocks for a line of {self.width} pixels, but the screen needs it "
                f"after {most}; emit it with --initiation-interval {fewest} or less"
            )
        if latency + line > first:
            raise InputError(
                f"the core takes {latency + line} clocks for its first line, but the screen needs it after "
                f"{first}; emit it with a smaller --initiation-interval"
            )
