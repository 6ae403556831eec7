"""SIGTERM and SIGHUP end a command as Ctrl-C does: it ends what it started and tidies up what it wrote."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_Handler = Callable[[int, FrameType | None], Any] | int

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds after a signal in which others are ignored.
_TIDYING_S = 2.0


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end.

    Parameters
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped in the block on a signal; what follows at once does not disturb the tidying.

    Signals that were ignored before, as `nohup` does, still are. In a thread other than the main one, which
    gets no signals, the block just runs.
    """
    heard = -math.inf

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal heard
        # Not for ever: Python drops what is raised while it removes an object.
        if time.monotonic() > heard + _TIDYING_S:
            heard = time.monotonic()
            raise Stopped(number)

    with _handling(_handlers(), stop):
        yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals back until the block is done."""
    held: list[int] = []
    with _handling(_handlers(), lambda number, _: held.append(number)):
        yield
    for number in held[:1]:
        signal.raise_signal(number)


def ending(interrupt: KeyboardInterrupt) -> tuple[str, int]:
    """Return what happened, in words, and the status to end with."""
    if isinstance(interrupt, Stopped) and interrupt.signal != signal.SIGINT:
        return f"stopped by {interrupt.signal.name}", 128 + interrupt.signal
    return "interrupted", 128 + signal.SIGINT


def _handlers() -> dict[signal.Signals, _Handler]:
    """Return what Python does on each signal, but for those that are ignored or not Python's."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    now = [(number, signal.getsignal(number)) for number in SIGNALS]
    return {number: handler for number, handler in now if handler not in (None, signal.SIG_IGN)}


@contextlib.contextmanager
def _handling(before: dict[signal.Signals, _Handler], handler: _Handler) -> Iterator[None]:
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
