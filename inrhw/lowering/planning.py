"""From a target to a folding: pe and simd of each layer, as cheap as the board allows."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from inrhw.base.board import RESOURCE_UNITS, Board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.gateware.memories.contents import total_depth
from inrhw.gateware.memories.memory import MAX_LOADABLE_DEPTH
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.lowering.cost import baked_cost, network_cost, on_family, synapse_fold
from inrhw.lowering.fold_search import FoldSearch
from inrhw.lowering.folding import Folding, check_loadable, check_whole
from inrhw.lowering.hardware import WHERE_LEVELS_ARE, Hardware, check_leaves, check_window
from inrhw.lowering.patch_order import check_patches, line_buffer
from inrhw.lowering.shapes import LayerShape, layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling


def plan(architecture: Architecture, hardware: Hardware, board: Board) -> Folding | None:
    """Find the folding for a target.

    For a number of cycles a pixel it is the cheapest folding that needs no more, by the sum of its shares of
    the available resources. For a budget alone it is the fastest one.

    Parameters
    ----------
    architecture
        Shape and formats of the network; its weights do not matter.
    hardware
        The target.
    board
        The available resources.

    Returns
    -------
    Folding or None
        None for baked weights.

    Raises
    ------
    InputError
        If no folding fits; the message says what is exceeded and what would fit. If the core cannot have the
        window, or the network has guard bits.
    """
    if hardware.window:
        _check_window(architecture, hardware)
    if hardware.weights == "loadable":
        check_loadable(architecture.precision, len(architecture.features) - 1)
    if not hardware.folded:
        if hardware.weight_ecc != "none":
            raise InputError(
                "weight_ecc protects memories, but baked weights are in none; "
                "ask for weights rom or loadable, with a target"
            )
        return None
    check_whole(architecture.precision)
    return _folding(layer_shapes(architecture), architecture, hardware, board)


def _check_window(architecture: Architecture, hardware: Hardware, tiling: Tiling | None = None) -> None:
    """Raise InputError unless a core of the architecture, or of such tiles, can have a window."""
    argument = architecture.hidden_activations[0].argument_format(architecture.phase_bits)
    check_window(hardware.source, hardware.folded, argument, len(architecture.sides), tiling)


def _folding(
    shapes: Sequence[LayerShape],
    architecture: Architecture,
    hardware: Hardware,
    board: Board,
    pictures: int = 1,
) -> Folding:
    """Return the folding of the layers of an architecture, or of several pictures like it; see `plan`."""
    weights = hardware.weights or "rom"
    pairs = (shape.folded(Fold(2, 1), 1, weights, packed=True) for shape in shapes)
    if hardware.packed and not any(pair.packed for pair in pairs):
        raise InputError("packed needs weights and activations of at most 8 bits; see weight_bits")
    if hardware.packed and board.family != "xcup":
        raise InputError(f"packed needs the DSP48E2 of UltraScale+, which {board.title} does not have")
    buffer = line_buffer(architecture, hardware, pictures)
    search = FoldSearch(shapes, hardware, board, buffer, architecture.patches.samples)
    interval = hardware.interval
    if interval is None:
        return search.fastest()
    return search.within(interval) or search.refuse(interval)


def plan_for(architectures: Sequence[Architecture], hardware: Hardware, board: Board) -> Folding | None:
    """Find the folding of a core with a picture for each architecture; see `plan`.

    A rate counts samples, not evaluations.
    """
    patches = architectures[0].patches
    check_patches(
        patches,
        hardware.patch_order,
        hardware.source,
        len({each.sides for each in architectures}),
        window=hardware.window,
        scrubs=hardware.weight_ecc == "scrub",
    )
    hardware = hardware.of_evaluations(patches.samples)
    if isinstance(architectures[0], TiledArchitecture):
        return plan_tiles(architectures[0], hardware, board)
    if len(architectures) > 1:
        return plan_banks(architectures, hardware, board)
    return plan(architectures[0], hardware, board)


def plan_banks(architectures: Sequence[Architecture], hardware: Hardware, board: Board) -> Folding:
    """Find the folding of a core of several pictures, as `plan` does for one.

    Without a target it has a pixel a clock, adders for shared layers and a multiplier for each other weight.

    Raises
    ------
    InputError
        If weights are baked or loadable, or no folding fits.
    """
    if hardware.weights in ("baked", "loadable"):
        raise InputError(
            f"weights of pictures that share layers must be rom, not {hardware.weights}: each picture "
            "has a bank in read-only memory"
        )
    if hardware.window:
        raise InputError("pictures that share layers cannot have a window; it needs baked weights")
    shapes = layer_shapes(architectures[0], len(architectures), adder_levels=hardware.adder_levels)
    if hardware.folded:
        return _folding(shapes, architectures[0], hardware, board, len(architectures))
    return _whole(shapes, hardware)


def _whole(shapes: Sequence[LayerShape], hardware: Hardware) -> Folding:
    """Return the folding with a multiplier for each weight."""
    folds = tuple(Fold(shape.rows, shape.columns) for shape in shapes)
    return Folding(folds, weight_ecc=hardware.weight_ecc)


def plan_tiles(architecture: TiledArchitecture, hardware: Hardware, board: Board) -> Folding:
    """Find the folding of a core with a bank of weights for each tile, as `plan` does for one network.

    Without a target it has a pixel a clock and a multiplier for each weight.

    Raises
    ------
    InputError
        If tiles exclude a setting, or no folding fits.
    """
    if hardware.weights == "baked":
        raise InputError(
            "weights of tiles must be rom or loadable, not baked: each tile has a bank in memories; "
            "leave weights out, or leave out tiles"
        )
    if hardware.weights == "loadable":
        check_loadable(architecture.precision, len(architecture.features) - 1)
    if hardware.adder_levels > 1:
        raise InputError(f"the networks of tiles are multipliers, {WHERE_LEVELS_ARE}")
    if hardware.window:
        _check_window(architecture, hardware, architecture.tiling)
    if isinstance(architecture.tiling, Leaves):
        check_leaves(
            hardware.source,
            window=hardware.window,
            loadable=hardware.weights == "loadable",
            weight_ecc=hardware.weight_ecc,
        )
    shapes = layer_shapes(architecture, window=hardware.window)
    if hardware.folded:
        folding = _folding(shapes, architecture, hardware, board)
    else:
        folding = _whole(shapes, hardware)
        _check_room(shapes, folding, hardware, board, line_buffer(architecture, hardware))
    if hardware.weights == "loadable":
        _check_depth(shapes, folding)
    first, together = shapes[0], math.prod(architecture.tiling.cells.counts[:-1])
    at_once = first.scans(hardware.source) and folding.layers[0].neuron_fold(first.rows) == 1
    if together > _MOST_TOGETHER and at_once:
        raise InputError(
            f"a scan that takes all {first.rows} neurons at once keeps the sums of at most {_MOST_TOGETHER} "
            f"tiles side by side, not {together}; take wider tiles or more cycles a pixel"
        )
    return folding


def _check_depth(shapes: Sequence[LayerShape], folding: Folding) -> None:
    """Raise InputError unless a loader can address all words of the memories of loadable tiles."""
    tiles, scan = shapes[0].banks, 3 * folding.layers[0].neuron_fold(shapes[0].rows)
    layers = zip(folding.layers[1:], shapes[1:], strict=True)
    words = [
        total_depth(fold.neuron_fold(shape.rows) * synapse_fold(shape, fold), shape.loadable_sets)
        for fold, shape in layers
    ]
    deepest = max(total_depth(scan, tiles), *words)
    if deepest > MAX_LOADABLE_DEPTH:
        raise InputError(
            f"loadable weights of {tiles} tiles need memories of {deepest:,} words, but a loader reaches "
            f"{MAX_LOADABLE_DEPTH:,}; take larger tiles, fewer cycles a pixel, or weights rom"
        )


def _check_room(
    shapes: Sequence[LayerShape],
    folding: Folding,
    hardware: Hardware,
    board: Board,
    buffer: PatchBuffer | None,
) -> None:
    """Raise InputError, with what is exceeded, unless a folding fits the board."""
    parts = network_cost(shapes, folding, hardware.source, control=hardware.control, buffer=buffer)
    needed = on_family(sum(parts.values(), Cost()), board.family)
    for name in ("dsp", "bram"):
        used, there = getattr(needed, name), board.resources[name]
        if used > there:
            needs = f"{math.ceil(used):,} {RESOURCE_UNITS[name]}s"
            raise InputError(
                f"{shapes[0].banks} tiles at a pixel a clock need {needs}, but {board.name} ({board.part}) "
                f"has {there:,}; take larger tiles, a smaller network, or a target"
            )


#: Words of the deepest memory of LUTs that synthesis makes.
_MOST_TOGETHER = 256


def plan_to_json(
    architectures: Sequence[Architecture], hardware: Hardware, board: Board, folding: Folding
) -> dict[str, Any]:
    """Return the target of a folding and its predicted cost, for JSON.

    For several pictures also the cost of one core for each: with the same folds, or baked if the core gives a
    pixel a clock.
    """
    shapes = layer_shapes(
        architectures[0], len(architectures), adder_levels=hardware.adder_levels, window=hardware.window
    )
    source, control = hardware.source, hardware.control
    buffer = line_buffer(architectures[0], hardware, len(architectures))

    def told(cost: Cost) -> dict[str, float]:
        return asdict(on_family(cost, board.family))

    def folded(shapes: Sequence[LayerShape]) -> Cost:
        return sum(network_cost(shapes, folding, source, control=control, buffer=buffer).values(), Cost())

    def separate() -> dict[str, Any]:
        alone = layer_shapes(architectures[0], adder_levels=hardware.adder_levels)
        one = folded(alone) if hardware.folded else baked_cost(alone, source, control=control)
        weights = folding.weights if hardware.folded else "baked"
        return {"weights": weights, **told(sum([one] * len(architectures), Cost()))}

    return {
        "board": board.name,
        "target": {
            "mpixels": hardware.target_mpixels,
            "clock_mhz": hardware.target_clock_mhz,
            "max_dsp": hardware.max_dsp,
            "max_lut_products": hardware.max_lut_products,
            "max_lut": hardware.max_lut,
            "initiation_interval": hardware.initiation_interval,
        },
        "layers": [
            {
                "rows": shape.rows,
                "columns": shape.columns,
                "pe": fold.pe,
                "simd": fold.simd,
                "neuron_fold": -(-shape.rows // fold.pe),
                "synapse_fold": synapse_fold(shape, fold),
            }
            for shape, fold in zip(shapes, folding.layers, strict=True)
        ],
        "predicted": told(folded(shapes)),
        **({"separate": separate()} if len(architectures) > 1 else {}),
    }
