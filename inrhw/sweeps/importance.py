"""How much of a goal each field explains."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from inrhw.sweeps.measures import Goal
from inrhw.sweeps.row import Row
from inrhw.sweeps.space import Axis

#: Into how many groups of equal size the values of a range are put.
_GROUPS = 8


def share_explained(rows: Sequence[Row], axis: Axis, goal: Goal) -> float | None:
    """Return the share of a goal's variance between groups of equal values of a field, from 0 to 1.

    This is the correlation ratio: 1 if the field alone says what the goal is, 0 if its values do the same in
    the mean. What only counts together with another field is not seen. None if fewer than two values of the
    field are known, or the goal is the same everywhere.
    """
    known = [(row.point[axis.name], y) for row in rows if (y := row.measures.of(goal)) is not None]
    groups = defaultdict(list)
    for key, (_, y) in zip(_keys([x for x, _ in known], axis), known, strict=True):
        groups[key].append(y)
    values = np.array([y for _, y in known])
    if len(groups) < 2 or not (whole := float(((values - values.mean()) ** 2).sum())):
        return None
    between = sum(
        len(group) * (float(np.mean(group)) - float(values.mean())) ** 2 for group in groups.values()
    )
    return min(1.0, between / whole)


def _keys(values: Sequence[Any], axis: Axis) -> Sequence[Hashable]:
    """Return the group of each value."""
    if axis.range is None or len(set(values)) <= _GROUPS:
        return values
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return [int(place) for place in order * _GROUPS // len(values)]
