"""The architecture that a recipe asks for, of one signal, with every choice made."""

from typing import Any

from inrhw.cli.choices.patches import choose_patch
from inrhw.cli.choices.tiles import choose_leaves, choose_tiles
from inrhw.cli.choices.widths import choose_width
from inrhw.cli.recipe import Recipe
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO, QUADTREE
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.trials.tile_trial import sizes
from inrhw.signals.samples import Samples, parse_sides


def architecture_of(recipe: Recipe, signal: Samples, options: dict[str, Any]) -> Architecture:
    """Return the architecture of a signal's network, or of those of its tiles.

    Parameters
    ----------
    recipe
        What is asked for.
    signal
        What is represented.
    options
        What an `Architecture` takes besides signal and patch.

    Raises
    ------
    InputError
        If there is no such network, or nothing that is to be chosen fits.
    """
    shape = (recipe.network.model, signal.sides, signal.channels)

    def of_patch(patch: tuple[int, ...]) -> Architecture:
        own = {**options, "value": signal.value, "patch": patch}
        if recipe.network.tiles:
            return _tiled(recipe, signal, own)
        if recipe.network.hidden_widths == AUTO:
            return _of_some_width(recipe, signal, own)
        return Architecture(*shape, **own)

    asked = recipe.network.patch
    if asked == AUTO:
        return choose_patch(recipe, signal, of_patch)
    return of_patch(patch_of(asked, signal))


def patch_of(text: str, signal: Samples) -> tuple[int, ...]:
    """Return the samples of a patch along each axis; () if there are none."""
    return _size(text, "a patch", signal) if text else ()


def _size(text: str, what: str, signal: Samples) -> tuple[int, ...]:
    """Return samples along each axis."""
    axes = len(signal.sides)
    return parse_sides(text, range(axes, axes + 1), f"{what} of this {signal.kind}")


def _tiled(recipe: Recipe, signal: Samples, options: dict[str, Any]) -> Architecture:
    """Return the architecture of the tiles of a signal."""
    network = recipe.network
    options = {**options, "shared_layers": network.shared_layers}
    options["projection"] = network.projection is not None

    def of_tile(tile: tuple[int, ...], leaves: str = "") -> TiledArchitecture:
        shape = (network.model, signal.sides, signal.channels)
        return TiledArchitecture(*shape, **options, tile=tile, leaves=leaves)

    if network.tiles == AUTO:
        return choose_tiles(recipe, signal, [of_tile(tile) for tile in sizes(signal.sides, options["patch"])])
    if network.tiles == QUADTREE:
        return choose_leaves(recipe, signal, of_tile)
    size, _, leaves = network.tiles.partition(":")
    return of_tile(_size(size if leaves else network.tiles, "a tile", signal), leaves)


def _of_some_width(recipe: Recipe, signal: Samples, options: dict[str, Any]) -> Architecture:
    """Return the architecture of a network whose width is to be chosen."""

    def of_width(width: int, precision: Precision) -> Architecture:
        own = {"hidden_features": width, "hidden_widths": "", "precision": precision}
        return Architecture(recipe.network.model, signal.sides, signal.channels, **options | own)

    return choose_width(recipe, signal, of_width)
