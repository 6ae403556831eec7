"""What waits for what, in an order in which it can be done."""

import contextlib
from collections.abc import Collection, Sequence
from graphlib import CycleError, TopologicalSorter


def in_levels(waits: Sequence[Collection[int]]) -> list[list[int]]:
    """Return numbers level by level: those of a level wait only for numbers of levels before.

    Parameters
    ----------
    waits
        What each number waits for. What is in a loop, or behind one, is in no level.

    Examples
    --------
    >>> in_levels([{1, 2}, {2}, set()])
    [[2], [1], [0]]
    >>> in_levels([{1}, {0}, set()])
    [[2]]
    """
    sorter = TopologicalSorter(dict(enumerate(waits)))
    with contextlib.suppress(CycleError):  # it still gives what is before the loop
        sorter.prepare()
    levels: list[list[int]] = []
    while ready := sorter.get_ready():
        levels.append(sorted(ready))
        sorter.done(*ready)
    return levels
