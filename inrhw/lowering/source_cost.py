"""Cost of a core's sources on UltraScale+: scans, windows, and the division of coordinates into tiles."""

import numpy as np

from inrhw.base.types import Codes
from inrhw.gateware.cost import Cost, adder, block_ram, column_memory, counter, delayed, encoder, lut_ram
from inrhw.gateware.memories.contents import address_bits, whole_depth
from inrhw.gateware.protection.chosen import read_latency
from inrhw.lowering.folding import accumulator_width, sums_in_blocks
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.shape import FoldedShape
from inrhw.signals.grid import Grid
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import FRAC, WindowNumbers

#: The pixel counter of a raster scan, and what begins a vector.
_SCAN = Cost(lut=30, ff=22)

#: Part of the bits of a first layer's accumulators, those with constant steps, that take a LUT. Fitted to
#: scans of 32x32 to 128x128, 2 to 32 neurons, phases of 6 and 9 bits (docs/density.md).
_STEPPED = 0.85

#: What a window takes besides accumulators: for each bit of its ports, and to serve them bit by bit. Fitted
#: to the window of benchmarks/results/core_cost_calibration.json.
_PORT, _MOVER = Cost(lut=2, ff=1), Cost(lut=70, ff=80)


def folded_raster_cost(shape: FoldedShape, tiling: Tiling | None = None) -> Cost:
    """Return the cost of accumulators in LUT RAM, their increments, and the pixel counter.

    With tiles it includes the waiting sums and the counter of tiles.
    """
    width = accumulator_width(shape)
    beats, lanes = shape.neuron_fold, shape.fold.pe
    sums = whole_depth(beats) * (tiling.waiting if tiling else 1)
    kept = block_ram(width, sums) if sums_in_blocks(sums, beats) else Cost(lut=lut_ram(width, sums))
    lane = kept + adder(width, shape.element.width)
    rows = (1 + shape.columns) * beats  # that of the first pixel, and one an axis
    late = read_latency(shape.weight_ecc)
    words, top = (lanes, width), shape.step_top
    increments = shape.memory(*words, top, rows) + delayed(address_bits(sums) + 2, late)
    if shape.loadable:
        increments += encoder(*words, top, weight_ecc=shape.weight_ecc)
    scan = _SCAN + (2 * shape.columns * counter(shape.banks) if tiling else Cost())
    if isinstance(tiling, Leaves):
        scan += _map(tiling, loadable=shape.loadable, weight_ecc=shape.weight_ecc)
    return lanes * lane + increments + counter(rows) + 2 * counter(beats) + scan


def _map(leaves: Leaves, *, loadable: bool, weight_ecc: str) -> Cost:
    """Return the cost of the memory that maps cells to leaves, and of the logic that uses it."""
    width, cells = max(1, leaves.map_bits), leaves.cells
    memory = column_memory(1, width, cells.tiles, 1, loadable=loadable, weight_ecc=weight_ecc)
    places = sum(address_bits(count) for count in cells.counts)
    return memory + Cost(lut=places) + delayed(places + 2, 1 + read_latency(weight_ecc))


def division_cost(tiling: Tiling, bits: int) -> Cost:
    """Return the cost of dividing coordinates of this many bits into the tile and the place in it.

    Counted by adders and registers, as if all axes had the same number of tiles.
    """
    axes, tiles = len(tiling.sides), tiling.cells.tiles
    rounds = -(-address_bits(tiles) // axes)
    width = bits + rounds
    split = Cost(
        lut=axes * width * (4 + 1.5 * rounds), ff=(1 + rounds) * (axes * width + address_bits(tiles))
    )
    return split + _in_leaf(tiling, width)


def _in_leaf(tiling: Tiling, bits: int) -> Cost:
    """Return the cost of going from a cell, and coordinates of this many bits in it, to those in its leaf."""
    if not isinstance(tiling, Leaves):
        return Cost()
    lines = len(tiling.sides) * bits
    return _map(tiling, loadable=False, weight_ecc="none") + tiling.deepest * Cost(lut=2 * lines, ff=lines)


def walk_cost(tiling: Tiling) -> Cost:
    """Return the cost of walking a window over the tiles of a picture, and of dividing its coordinates.

    The finer bits of a window's coordinates are never compared or subtracted.
    """
    tiles = tiling.cells.tiles
    numbers, rounds = WindowNumbers(tiling.whole), -(-address_bits(tiles) // 2)
    width, whole = numbers.anywhere.width, numbers.anywhere.width - FRAC
    walk = Cost(lut=4 * width, ff=2 * width + numbers.position.width + numbers.step.width)
    split = Cost(lut=3 * whole * (1 + rounds), ff=(1 + rounds) * (2 * width + address_bits(tiles)))
    return walk + split + _SCAN + _in_leaf(tiling, width)


def raster_cost(first: Dense, window: Grid | None) -> Cost:
    """Return the cost of an accumulator for each neuron of the first layer, and of the pixel counter.

    With a window over a picture, its three increments are registers, and their computation is included.
    """
    width = first.shift + first.o.element.width
    if window is None:
        bits = sum(changing_bits(first.weight, width))
        return Cost(lut=_STEPPED * bits, ff=bits) + _SCAN
    width += FRAC
    ports = 2 * (window.element.width + FRAC) + FRAC
    return first.o.length * Cost(lut=3 * width, ff=4 * width + 2) + ports * _PORT + _MOVER + _SCAN


def changing_bits(weight: Codes, width: int) -> list[int]:
    """Return how many bits of each neuron's accumulator, of so many, a scan ever changes.

    It adds multiples of twice the neuron's weights, [neurons, axes], so the bits below those are constants.
    """
    common = np.gcd.reduce(weight, axis=1).tolist()
    return [max(0, width - (each & -each).bit_length()) if each else 0 for each in common]
