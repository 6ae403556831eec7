"""A sweep as one HTML page: what was found, drawn so that any point can be looked at and built."""

import base64
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from inrhw.base.files import write_atomically
from inrhw.base.settings import Settings
from inrhw.base.version import __version__
from inrhw.reports.page import pages
from inrhw.reports.words import number
from inrhw.sweeps.folder import SweepFolder
from inrhw.sweeps.importance import share_explained
from inrhw.sweeps.measures import HIGH, TITLES, Front, Goal
from inrhw.sweeps.row import Row
from inrhw.sweeps.space import Axis
from inrhw.sweeps.table import table_of, write_tables

S = TypeVar("S", bound=Settings)

_STATES = ("done", "dominated", "failed", "running")

#: Thumbnails are of the front alone, of so many pixels a side, and no more than so many: pages stay small.
_SIDE, _THUMBNAILS = 96, 60


def write_page(sweep: SweepFolder[S], rows: Sequence[Row]) -> tuple[Path, ...]:
    """Write sweep.html, sweep.csv and sweep.parquet of rows that are there, and return their paths."""
    front = front_of(rows, sweep.orders.search.goals)
    axes = [axis for axis in sweep.space.axes if any(axis.name in row.point for row in rows)]
    page = pages().get_template("sweep.html.jinja")
    html = page.render(
        name=sweep.folder.resolve().name,
        created_by=f"inrhw {__version__}",
        search=sweep.orders.search,
        counts={state: sum(row.state == state for row in rows) for state in _STATES},
        titles=TITLES,
        front=[row for row in rows if row.number in front],
        failed=[row for row in rows if row.state == "failed"],
        axes=axes,
        importance=_importance(rows, axes),
        data=_data(rows, axes, front, sweep.trials),
        number=number,
    )
    path = sweep.folder / "sweep.html"
    write_atomically(path, html.encode("utf-8", "replace"))
    return (path, *write_tables(table_of(rows, axes, front), sweep.folder))


def front_of(rows: Sequence[Row], goals: Sequence[Goal]) -> set[int]:
    """Return the numbers of the trials that went all the way and that none dominates."""
    front = Front(goals)
    for row in rows:
        if row.state == "done":
            front.add(row.number, row.measures)
    return {place for place, _ in front.trials}


def _importance(rows: Sequence[Row], axes: Sequence[Axis]) -> Mapping[Goal, Mapping[str, float | None]]:
    """Return the share of each goal that each field explains, for goals that are known at all."""
    known = [goal for goal in TITLES if any(row.measures.of(goal) is not None for row in rows)]
    return {goal: {axis.name: share_explained(rows, axis, goal) for axis in axes} for goal in known}


def _data(
    rows: Sequence[Row], axes: Sequence[Axis], front: Collection[int], trials: Path
) -> Mapping[str, Any]:
    """Return what the page draws: lists, since there may be many rows."""
    pictured = [row for row in rows if row.number in front][:_THUMBNAILS]
    return {
        "goals": [{"name": goal, "title": TITLES[goal], "high": HIGH[goal]} for goal in TITLES],
        "fields": [axis.name for axis in axes],
        "rows": [
            [
                row.number,
                row.state,
                row.number in front,
                [_shown(row.point.get(axis.name)) for axis in axes],
                [row.measures.of(goal) for goal in TITLES],
                row.sentence,
                row.command,
            ]
            for row in rows
        ],
        "thumbnails": {row.number: src for row in pictured if (src := _thumbnail(trials / row.identity))},
    }


def _shown(value: Any) -> Any:
    """Return a value as the page's script takes it: a number, or a text."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _thumbnail(folder: Path) -> str:
    """Return the picture that a trial renders as the address of an image; "" if there is none."""
    path = next(
        (p for p in (folder / "quantized.png", folder / "picture0" / "quantized.png") if p.is_file()), None
    )
    if path is None:
        return ""
    with Image.open(path) as picture:
        picture.thumbnail((_SIDE, _SIDE))
        written = io.BytesIO()
        picture.convert("RGB").save(written, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()
