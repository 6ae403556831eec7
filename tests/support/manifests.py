"""Manifests of cores that are not there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from inrhw.artifact.manifest import FILE, Manifest
from inrhw.artifact.manifest_parts import Coordinate, Memory, Port, Value, WindowFormat

#: Of a raster core with nothing special.
PLAIN = Manifest(
    created_by="inrhw 0",
    name="core",
    ports=(Port("aclk", "in", 1), Port("aresetn", "in", 1), Port("m_axis_tdata", "out", 24)),
    source="raster",
    sides=(5, 4),
    channels=3,
    tdata_order=(1, 2, 0),
    value=Value(8, 0, signed=False, bits_per_channel=8),
    coordinate=Coordinate(8, 0, signed=True, bits_per_axis=8),
    latency=3,
    initiation_interval=1,
    folding=None,
    adder_operands=2,
    pipeline=(),
)

MEMORIES = (Memory("w", 8, 2),)
WINDOW = WindowFormat(8, 12, 10, (-1024, -768, 512), 114)


def manifest(**changes: Any) -> Manifest:
    """Return the manifest of such a core with some things changed."""
    return replace(PLAIN, **changes)


def rewrite(folder: Path, **changes: Any) -> None:
    """Change some things in the manifest of a core that is there."""
    (folder / FILE).write_bytes(replace(Manifest.load(folder), **changes).to_bytes())
