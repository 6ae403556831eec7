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
