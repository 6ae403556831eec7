"""How fast a core must be: never later, at any clock, than an ideal one with the same credits."""

import numpy as np
from artifact import Artifact, Bits
from numpy.typing import NDArray

Clocks = NDArray[np.int64]


class Pace:
    """Follows the beats of a core since its reset.

    A pixel is admitted an interval after the one before and when it has a credit, of which there are as many
    as pixels fit into the pipeline and one more; a pixel that is taken gives its credit to the next clock.
    It is offered `latency` clocks after it was admitted, or a clock after the one before it was taken.
    A core that repairs its memories admits the first of a frame that long after the one before was taken.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._latency, self._interval = artifact.latency, artifact.initiation_interval
        self._credits = artifact.credits
        self._stream = artifact.stream
        self._scrub, self._frame = artifact.scrub_clocks, len(artifact)
        self._clock = 0
        #: Clocks at which beats were admitted (of a stream), and taken.
        self._admitted, self._taken = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def late(self, valid: Bits, ready: Bits, s_valid: Bits, s_ready: Bits) -> tuple[int, str] | None:
        """Return the first of these clocks at which the core is late, and with what; None if it never is."""
        clocks = self._clock + np.arange(len(valid))
        taken = np.concatenate([self._taken, clocks[valid & ready]])
        accepted = np.concatenate([self._admitted, clocks[s_valid & s_ready]])
        due = self._due(taken, accepted)
        found = self._first(clocks, valid, np.searchsorted(taken, clocks), due, "m_axis_tvalid")
        if self._stream:
            may = self._may_be_admitted(taken, accepted)
            count = np.searchsorted(accepted, clocks)
            found = found or self._first(clocks, s_ready, count, may, "s_axis_tready")
        self._clock, self._taken, self._admitted = self._clock + len(valid), taken, accepted
        return found

    def _first(
        self, clocks: Clocks, high: Bits, number: Clocks, due: Clocks, port: str
    ) -> tuple[int, str] | None:
        late = ~high & (clocks >= np.append(due, np.iinfo(np.int64).max)[np.minimum(number, len(due))])
        if not late.any():
            return None
        at = int(late.argmax())
        return at, f"{port} is low although it is high in an ideal core"

    def _may_be_admitted(self, taken: Clocks, accepted: Clocks) -> Clocks:
        """Return from which clock on each coordinate of a stream must be taken: those taken, and one more."""
        by_rate = np.concatenate([[0], accepted + self._interval])
        due: Clocks = np.maximum(by_rate, self._credit(taken, len(by_rate)))
        return due

    def _credit(self, taken: Clocks, count: int) -> Clocks:
        """Return the clock from which each of the first `count` beats has a credit."""
        never = np.full(max(0, count - self._credits - len(taken)), np.iinfo(np.int64).max // 2)
        return np.concatenate([np.zeros(self._credits, np.int64), taken + 1, never])[:count]

    def _due(self, taken: Clocks, accepted: Clocks) -> Clocks:
        """Return the clock at which each beat must be offered at the latest."""
        admitted = accepted
        if not self._stream:
            count = len(taken) + 1
            spread = self._interval * np.arange(count)
            may = self._credit(taken, count)
            if self._scrub:
                idle = np.concatenate([[0], taken + 1])[:: self._frame]
                may[:: self._frame] = np.maximum(may[:: self._frame], idle + self._scrub)
            admitted = np.maximum.accumulate(may - spread) + spread
        count = min(len(admitted), len(taken) + 1)
        before = np.concatenate([[0], taken + 1])[:count]
        due: Clocks = np.maximum(admitted[:count] + self._latency, before)
        return due


class LinePace(Pace):
    """The same of a raster core that turns patches into lines.

    A patch that left the pipeline is taken in as many clocks as it has samples, one after the other, and then
    gives its credit to the next clock. A band, once all its patches are taken, is read from the clock after
    the next on, a sample whenever the one before was taken. There are two: the first patch of one waits until
    the last sample of the one before the last is read.
    """

    def __init__(self, artifact: Artifact) -> None:
        super().__init__(artifact)
        self._samples, self._band = artifact.patch_samples, artifact.band
        self._patches = self._band // self._samples
        pace = max(self._interval, self._samples)
        self._latency -= (self._patches - 1) * pace + self._samples + 1
        self._credits = -(-(self._latency + self._samples) // pace)
        self._patch_admitted = -self._interval
        #: Clocks in which each patch was all taken, and the last one of each band.
        self._gone: list[int] = []
        self._full: list[int] = []

    def _due(self, taken: Clocks, accepted: Clocks) -> Clocks:
        while len(self._full) <= len(taken) // self._band:
            self._fill(taken)
        bands = np.arange(len(taken) + 1) // self._band
        due: Clocks = np.maximum(np.array(self._full)[bands] + 2, np.concatenate([[0], taken + 1]))
        return due

    def _fill(self, taken: Clocks) -> None:
        """Let the patches of the next band come."""
        band, start = len(self._full), 0
        if band > 1:
            last = (band - 1) * self._band - 1  # of the band before the last
            start = max(self._full[band - 2] + 1, int(taken[last - 1])) + 1
        for _ in range(self._patches):
            returned = self._gone[-self._credits] + 1 if len(self._gone) >= self._credits else 0
            self._patch_admitted = max(self._patch_admitted + self._interval, returned)
            start = max(start, self._patch_admitted + self._latency)
            self._gone.append(start + self._samples - 1)
            start += self._samples
        self._full.append(self._gone[-1])
