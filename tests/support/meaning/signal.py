"""A signal of tiles and patches, from the values of its networks ("Coordinates")."""

from typing import Any

from support.meaning.coordinates import number, places, sample_in_patch, sample_in_tile
from support.meaning.network import Network
from support.meaning.stored import Tensors


def networks(architecture: dict[str, Any], tensors: Tensors) -> list[Network]:
    """Return the network of each tile, or the only one."""
    if "tile" not in architecture:
        return [Network(architecture, tensors)]
    own = {**architecture, "sides": architecture["tile"]}
    # An encoding is all tiles'.
    deep = {name: _depth(tensor) == (3 if name.endswith("weight") else 2) for name, tensor in tensors.items()}
    (tiles,) = {len(tensor) for name, tensor in tensors.items() if deep[name]}
    return [
        Network(own, {name: t[k] if deep[name] else t for name, t in tensors.items()}) for k in range(tiles)
    ]


def _depth(tensor: Any) -> int:
    return 1 + _depth(tensor[0]) if isinstance(tensor, list) else 0


def rendered(architecture: dict[str, Any], values: list[list[list[int]]]) -> list[int]:
    """Return the values of the whole signal, sample by sample, from those of each network."""
    scale, channels = architecture["scale"], architecture["channels"]
    sides = tuple(side * scale for side in architecture["sides"])
    tile = tuple(side * scale for side in architecture.get("tile", architecture["sides"]))
    patch = tuple(architecture["patch"] or [1] * len(sides))
    patches = tuple(side // n for side, n in zip(tile, patch, strict=True))
    found: list[int] = []
    for at in places(sides):
        which, within = sample_in_tile(at, sides, tile)
        of_patch, sample = sample_in_patch(within, patch)
        found += values[which][number(of_patch, patches)][sample * channels : (sample + 1) * channels]
    return found
