"""What others are told of an emitted core: its manifest.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.files import read_json

#: What is needed to put the core into another tool's project.
_NEEDED = ("name", "verilog", "ports", "source", "channels", "width", "height")


def resting_inputs(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return what inputs must be, unsigned, for a core to show its picture; those not named are 0."""
    whole = manifest.get("window", {}).get("whole", ())
    wanted = dict(zip(("window_x", "window_y", "window_step"), whole, strict=False))
    widths = {port["name"]: port["width"] for port in manifest.get("ports", ())}
    return {name: value % (1 << widths[name]) for name, value in wanted.items() if name in widths}


def picture_sizes(manifest: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return width and height of each picture on a core, in pixels."""
    own = [manifest["width"], manifest["height"]]
    return [(width, height) for width, height in manifest.get("sizes", [own] * manifest.get("pictures", 1))]


def core_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the core in a folder.

    Raises
    ------
    InputError
        There is no core, its Verilog is missing, or it was emitted by a version that did not list its ports.
    """
    manifest = read_json(folder / "manifest.json", "inrhw emit")
    missing = [key for key in _NEEDED if key not in manifest]
    if missing:
        raise InputError(
            f"{folder / 'manifest.json'} lacks {', '.join(missing)}; run `inrhw emit` on {folder} again"
        )
    if not (folder / manifest["verilog"]).is_file():
        raise InputError(f"{folder} has no {manifest['verilog']}; run `inrhw emit` on it again")
    return dict(manifest)
