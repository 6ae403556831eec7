"""The rows of a sweep as a table, for other programs."""

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv
import pyarrow.parquet

from inrhw.base.files import write_atomically
from inrhw.sweeps.measures import TITLES
from inrhw.sweeps.row import Row
from inrhw.sweeps.space import Axis


def table_of(rows: Sequence[Row], axes: Sequence[Axis], front: Collection[int]) -> pyarrow.Table:
    """Return a line a trial: its fields, its measures, and whether its number is on the front."""
    columns: dict[str, list[Any]] = {
        "number": [row.number for row in rows],
        "state": [row.state for row in rows],
        "front": [row.number in front for row in rows],
    }
    columns |= {axis.name: [_plain(row.point.get(axis.name)) for row in rows] for axis in axes}
    for goal in TITLES:
        columns[goal] = [row.measures.of(goal) for row in rows]
        if any(row.predicted.of(goal) is not None for row in rows):
            columns[f"predicted_{goal}"] = [row.predicted.of(goal) for row in rows]
    for name in ("rung", "seconds", "sentence", "identity", "command"):
        columns[name] = [getattr(row, name) for row in rows]
    return pyarrow.table(columns)


def _plain(value: Any) -> Any:
    """Return a value as a table holds it; a list of files as one text."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def write_tables(table: pyarrow.Table, folder: Path) -> tuple[Path, Path]:
    """Write sweep.csv and sweep.parquet, each atomically, and return their paths."""
    csv, parquet = io.BytesIO(), io.BytesIO()
    pyarrow.csv.write_csv(table, csv)
    pyarrow.parquet.write_table(table, parquet)
    paths = folder / "sweep.csv", folder / "sweep.parquet"
    for path, written in zip(paths, (csv, parquet), strict=True):
        write_atomically(path, written.getvalue())
    return paths
