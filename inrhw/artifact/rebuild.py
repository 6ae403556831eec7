"""The core of a build, made again from what its folder holds."""

import json
from collections.abc import Sequence
from pathlib import Path

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError
from inrhw.base.files import read_json
from inrhw.core.core import Core, core_over
from inrhw.core.registers.weight_file import shape_digest, tile_file, weights_file
from inrhw.lowering.folding import Fold, Folding, fold, fold_banks, fold_tiles
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledArchitecture, TiledINR, read_architecture
from inrhw.networks.training.fitted import Fitted
from inrhw.networks.training.shared_fit import FittedShared, is_shared
from inrhw.networks.training.tile_fit import tile_number
from inrhw.ops.node import Graph
from inrhw.ops.registry import implementation
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import WindowNumbers


def networks(folder: Path) -> list[INR]:
    """Return the quantized network of each picture that was trained in a folder.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    if not is_shared(folder):
        return [Fitted.load(folder).model]
    return list(FittedShared.load(folder).model)


def has_banks(folder: Path) -> bool:
    """Return whether the networks trained in a folder become banks of one core: of pictures, or of tiles."""
    summary = read_json(folder / "fit.json", "inrhw fit")
    architecture = summary.get("architecture")
    return "shared" in summary or (isinstance(architecture, dict) and "tile" in architecture)


def as_emitted(models: Sequence[INR], manifest: Manifest) -> list[INR]:
    """Return the networks at the size that the core of a manifest renders.

    Raises
    ------
    InputError
        If that is not a multiple of the pictures' size.
    """
    width, own = manifest.sides[0], models[0].architecture.sides[0]
    if width % own:
        raise InputError(
            f"the core in manifest.json is {width} samples wide, which is not a multiple of the signal's "
            f"{own}; run `inrhw emit` again"
        )
    return [model.scaled(width // own) for model in models]


def graph_of(
    models: Sequence[INR],
    folding: Folding | None,
    operands: int,
    *,
    adder_levels: int = 1,
    window: bool = False,
) -> Graph:
    """Return the graph of one network, folded or not, or of several, or of those of all tiles, as banks.

    `operands` and `adder_levels` as of `lower`; `window`: of tiles over which a window moves.
    """
    first = models[0]
    if isinstance(first, TiledINR):
        models = list(first.each())
    graphs = [lower(model, operands=operands, adder_levels=adder_levels) for model in models]
    precision = models[0].architecture.precision
    if folding is None:
        (graph,) = graphs
        return graph
    if isinstance(first, TiledINR):
        tiling = first.architecture.tiling_of_patches
        x = WindowNumbers(tiling.whole).anywhere_in(tiling) if window else None
        return fold_tiles(graphs, folding, precision, first.architecture.shared_places, x)
    return fold(graphs[0], folding, precision) if len(graphs) == 1 else fold_banks(graphs, folding, precision)


def grid_of(models: Sequence[INR]) -> Tiling | list[Grid]:
    """Return the coordinates of each picture, or the tiles of the only signal."""
    if isinstance(models[0], TiledINR):
        return models[0].architecture.tiling_of_patches
    return [model.architecture.grid for model in models]


def core_of(models: Sequence[INR], manifest: Manifest) -> Core:
    """Return the core that a manifest describes, with the weights of `models`, from `as_emitted`."""
    folding, window = _folding(manifest), manifest.window is not None
    graph = graph_of(
        models, folding, manifest.adder_operands, adder_levels=manifest.adder_levels, window=window
    )
    return core_over(
        graph,
        grid_of(models),
        manifest.source,
        control=bool(manifest.control),
        window=window,
        pad=manifest.is_padded,
        patch=manifest.patch,
        patch_order=manifest.patch_order,
    )


def _folding(manifest: Manifest) -> Folding | None:
    told = manifest.folding
    if told is None:
        return None
    of_luts = told.lut_products or (0,) * len(told.layers)
    folds = tuple(Fold(pe, simd, some) for (pe, simd), some in zip(told.layers, of_luts, strict=True))
    return Folding(folds, told.weights, told.packed, told.weight_ecc)


def weights_for(folder: Path, core_folder: Path, tile: str = "") -> bytes:
    """Return the file that loads a trained network, or one tile of it, into the core of another build.

    Parameters
    ----------
    folder
        Of the trained network.
    core_folder
        Where a core with loadable weights was emitted.
    tile
        As of `tile_number`; "": all that was trained.

    Raises
    ------
    InputError
        If there is no such tile, the core's weights are fixed, or it is of another shape; the message says
        what differs.
    """
    manifest = Manifest.load(core_folder)
    if not manifest.loadable:
        raise InputError(
            f"the weights of the core in {core_folder} are fixed; emit it with --weights loadable"
        )
    if is_shared(folder):
        raise InputError(f"{folder} holds several pictures; a core with loadable weights takes one")
    fitted = Fitted.load(folder)
    core = read_json(core_folder / "fit.json", "inrhw fit")
    architecture = read_architecture(json.dumps(core.get("architecture", {})))
    _check_same_shape(fitted.architecture, architecture, folder, core_folder)
    _check_same_rotations(fitted.model.rotations(), core.get("rotations", []), folder, core_folder)
    memories = core_of(as_emitted([fitted.model], manifest), manifest).memories
    if f"{shape_digest(memories):08x}" != manifest.shape:
        raise InputError(
            f"{core_folder} was emitted by another version of inrhw; run `inrhw emit` on it again"
        )
    if not tile:
        return weights_file(memories)
    number = tile_number(tile, fitted)
    if not manifest.takes_tiles:
        raise InputError(f"the core in {core_folder} shows a single tile; leave out tile")
    return tile_file(memories, number)


def _check_same_shape(given: Architecture, core: Architecture, folder: Path, core_folder: Path) -> None:
    """Raise InputError, naming the first difference, unless both networks fit the same loadable core."""

    def differ(what: str, theirs: object, ours: object) -> None:
        if theirs != ours:
            raise InputError(
                f"the network in {folder} does not fit the core in {core_folder}: {what} {theirs}, not {ours}"
            )

    differ("its activation is that of", given.model, core.model)
    differ("its activation is computed by", implementation(given.circuit), implementation(core.circuit))
    differ("its signal has", f"{size_text(given.sides)} samples", f"{size_text(core.sides)} samples")
    differ("its values are", given.value, core.value)
    differ("its patches have", _samples_of_patch(given), _samples_of_patch(core))
    differ("its tiles are of", _tiles_of(given), _tiles_of(core))
    differ("its tiles share", *(_shared_by_tiles(each) for each in (given, core)))
    differ("its dense layers are", len(given.features) - 1, len(core.features) - 1)
    shapes = zip(layer_shapes(given), layer_shapes(core), strict=True)
    for k, (theirs, ours) in enumerate(shapes):
        for name in ("rows", "columns", "weight_kind", "weight_bits", "x_bits", "phase_bits", "y_bits"):
            differ(f"layer {k} has {name}", getattr(theirs, name), getattr(ours, name))


def _samples_of_patch(architecture: Architecture) -> str:
    return f"{size_text(architecture.patches.patch)} samples"


def _shared_by_tiles(architecture: Architecture) -> str:
    shared = len(architecture.shared_places) if isinstance(architecture, TiledArchitecture) else 0
    return f"{shared} layers"


def _tiles_of(architecture: Architecture) -> str:
    """Return the size of a tile, and what leaves it is cut into: without tiles, that of the signal."""
    if isinstance(architecture, TiledArchitecture):
        return str(architecture.tiling)
    return size_text(architecture.sides)


def _check_same_rotations(theirs: list[str], ours: list[str], folder: Path, core_folder: Path) -> None:
    """Raise InputError unless both networks rotate the same, in the same formats."""
    for k, (given, core) in enumerate(zip(theirs, ours, strict=True)):
        if given != core:
            raise InputError(
                f"the network in {folder} does not fit the core in {core_folder}: "
                f"layer {k} rotates {given}, not {core}"
            )
