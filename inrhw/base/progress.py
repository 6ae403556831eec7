"""How long-running functions tell how far they are."""

from collections.abc import Callable

#: Called with (done, total); total is 0 while it is not known.
OnProgress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Ignore progress: the default of every function that reports it."""
