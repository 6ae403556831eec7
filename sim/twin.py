"""The registers of the control page as docs/control.md has them, clock by clock, beside those of the core."""

import re
from typing import NoReturn

import numpy as np
from artifact import Artifact
from bus import Access, Fail
from numpy.typing import NDArray

from inrhw.base.version import __version__

#: Bits of CONTROL and STATUS.
RUN, CONTINUOUS, INTERRUPT, START, CLEAR = (1 << k for k in range(5))
BUSY, WAITING, ASKED = (1 << k for k in range(3))
FRAME_DONE, STARVED, STALLED, UNCORRECTED = (1 << k for k in range(8, 12))
ALARM = 1 << 5

_KEPT = RUN | CONTINUOUS | INTERRUPT
_STICKY = FRAME_DONE | STARVED | STALLED

_ID = int.from_bytes(b"INRC", "little")
_WINDOW = ("X_ORIGIN", "Y_ORIGIN", "STEP")


class Twin:
    """Follows a core from its reset on; every read and the line `interrupt` must be what it says.

    What it cannot see, since it happens inside, are the lowest bits of STATUS, and words that are wrong.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._names = {address: name for name, address in artifact.control.items()}
        counts_errors = "ERRORS" in artifact.control
        self._kept = _KEPT | ALARM * counts_errors
        self._inside = BUSY | WAITING | ASKED | UNCORRECTED * counts_errors
        major, minor, patch = map(int, re.findall(r"\d+", __version__)[:3])
        self._constants = {"ID": _ID, "VERSION": major << 16 | minor << 8 | patch}
        if len(artifact.sizes) == 1:
            self._constants["SIZE"] = artifact.size(0)
        self._whole = [value % (1 << 32) for value in artifact.windows[0].tolist()]
        self.reset()

    def reset(self) -> None:
        """Set all back."""
        self.control, self._status = RUN | CONTINUOUS, 0
        self._counts = dict.fromkeys(("FRAMES", "PIXELS", "CYCLES"), 0)
        self._window = dict(zip(_WINDOW, self._whole, strict=True))
        self.interrupt = False  # as it was last
        self._between = True  # frames: the next pixel to be taken is the first of one
        self._left = np.zeros((0, 4), bool)  # of the clock that was not followed yet

    def follow(self, columns: NDArray[np.bool_], done: list[Access], clock: int, fail: Fail) -> None:
        """Go on by some clocks; an access that shows its response in one was done in the one before.

        `columns` are tvalid and tready of m_axis, whether the beat is the last of a frame, and `interrupt`.
        """
        first = clock - len(self._left)

        def at_play(at: int, what: str) -> NoReturn:
            fail(at + first - clock, what)

        rows = np.concatenate([self._left, columns])
        now = 0
        for access in done:
            at = access.shown - 1 - first
            self._advance(rows, now, at, at_play)
            now = at
            name = self._names.get(access.address)
            if name is None or access.refused:
                continue
            if not access.write:
                self._compare(name, access.data, at, at_play)
                continue
            before = self._status
            events = self._advance(rows, at, at + 1, at_play)
            now = at + 1
            self._write(name, access.data)
            if name == "STATUS":
                self._status = before & ~access.data | events
        self._advance(rows, now, len(rows) - 1, at_play)
        self._left = rows[-1:]

    def _advance(self, rows: NDArray[np.bool_], start: int, stop: int, fail: Fail) -> int:
        """Go on by some clocks without a write; return the flags that they set."""
        if start >= stop:
            return 0
        valid, ready, ended, interrupt = rows[start:stop].T
        self.interrupt = bool(interrupt[-1])
        taken = valid & ready
        latest = np.maximum.accumulate(np.where(taken, np.arange(len(taken)), -1))
        after = np.where(latest >= 0, ended[latest], self._between)
        between = np.append(self._between, after[:-1])
        frame_done = np.append(bool(self._status & FRAME_DONE), (ended & taken)[:-1])
        wanted = bool(self.control & INTERRUPT) & np.logical_or.accumulate(frame_done)
        if not self.control & ALARM and (wanted != interrupt).any():
            at = int((wanted != interrupt).argmax())
            fail(start + at, f"interrupt is {int(interrupt[at])}, not {int(wanted[at])}")
        events = (
            (ended & taken, FRAME_DONE),
            (ready & ~valid & ~between, STARVED),
            (valid & ~ready, STALLED),
        )
        flags = sum(flag for event, flag in events if event.any())
        self._status |= flags
        self._between = bool(after[-1])
        for name, count in zip(self._counts, ((ended & taken).sum(), taken.sum(), len(taken)), strict=True):
            self._counts[name] = (self._counts[name] + int(count)) % (1 << 32)
        return flags

    def _write(self, name: str, value: int) -> None:
        if name == "CONTROL":
            self.control = value & self._kept
            if value & CLEAR:
                self._counts = dict.fromkeys(self._counts, 0)
        elif name in _WINDOW:
            self._window[name] = value

    def _compare(self, name: str, got: int, at: int, fail: Fail) -> None:
        known = {**self._constants, **self._counts, **self._window, "CONTROL": self.control}
        wanted = self._status | got & self._inside if name == "STATUS" else known.get(name, got)
        if got != wanted:
            fail(at, f"{name} of the control page is {got:#x}, not {wanted:#x}")
