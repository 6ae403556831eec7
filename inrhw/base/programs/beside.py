"""Work in another thread, which ends with the block that it runs beside."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")

#: Set once the work of a context is no longer wanted.
_over: ContextVar[threading.Event | None] = ContextVar("over", default=None)


@contextlib.contextmanager
def working(name: str, work: Callable[[], _T]) -> Iterator[Future[_T]]:
    """Yield what `work` will return, or raise, in another thread.

    When the block ends, however it does, the work stops at its next `check`, and is waited for: every program
    that it runs is killed then.

    Examples
    --------
    >>> with working("sum", lambda: 1 + 1) as found:
    ...     found.result()
    2
    """
    done: Future[_T] = Future()
    over = threading.Event()

    def run() -> None:
        _over.set(over)  # of this thread alone
        try:
            done.set_result(work())
        except BaseException as error:  # raised where the result is asked for
            done.set_exception(error)

    # A second Ctrl-C does not wait for it.
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def check() -> None:
    """Raise CancelledError if this thread works beside a block that has ended."""
    over = _over.get()
    if over and over.is_set():
        raise CancelledError
