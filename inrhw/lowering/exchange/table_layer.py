"""A network as integers: a layer is a matrix, a bias, a shift and a table for each tile.

A rotation of values (dhq) is a separate layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Phase
from inrhw.lowering.integer_graph import lower
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledINR
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node

#: Bits of a table's index, at most.
_MOST_BITS = 16


@dataclass(frozen=True, eq=False)
class TableLayer:
    """``table[index((weight @ x + bias) >> shift)]``, all in integers.

    Attributes
    ----------
    weight, bias
        int64, [tiles, out, in] and [tiles, out]; with one tile if it stands for all.
    shift
        Low bits that a sum drops, [tiles].
    wraps
        Whether the index is the sum modulo the table's length; otherwise it is the distance from `lo`,
        clamped to the first or the last entry.
    lo
        The sum of the first entry; 0 if it wraps.
    table
        Inputs of the next layer, int64; values for the last layer.
    """

    weight: Codes
    bias: Codes
    shift: Codes
    wraps: bool
    lo: int
    table: Codes


def table_layers(network: INR) -> list[TableLayer]:
    """Return the layers of a quantized network, or those of its tiles.

    They map coordinates, `Grid.codes` of the tile, to values.

    Raises
    ------
    InputError
        If addends are cut (guard bits), or an activation has an argument of more than 16 bits.
    """
    if network.architecture.precision.guard_bits is not None:
        raise InputError("guard_bits cuts sums in a way that no matrix product does; train without it")
    tiles = network.each() if isinstance(network, TiledINR) else [network]
    return [_layer(parts) for parts in zip(*map(_parts, tiles), strict=True)]


def _parts(network: INR) -> list[list[Node]]:
    """Return each dense layer, or rotation, with the nodes behind it."""
    nodes = lower(network).nodes
    starts = [k for k, node in enumerate(nodes.values()) if isinstance(node, Dense | Fwht)]
    return [list(nodes.values())[a:b] for a, b in pairwise([*starts, len(nodes)])]


def _layer(tiles: Sequence[Sequence[Node]]) -> TableLayer:
    """Return a dense layer and the nodes behind it, in each tile, as one layer; tiles do not rotate."""
    first, *others = tiles[0]
    if isinstance(first, Fwht):
        (rounding,) = others
        assert isinstance(rounding, Requantize)
        return _rotation(first, rounding)
    dense = [node for node, *_ in tiles if isinstance(node, Dense)]
    followers = tiles[0][1:]
    clamped = isinstance(followers[0], Requantize)
    arguments = [followers[0].o.element] if clamped else [each.o.element for each in dense]
    lo, hi = min(each.lo for each in arguments), max(each.hi for each in arguments)
    if hi - lo >= 1 << _MOST_BITS:
        raise InputError(
            f"an activation takes {(hi - lo).bit_length()} bits, and a table has an index of at most "
            f"{_MOST_BITS}; train with fewer phase_bits"
        )
    table = np.arange(lo, hi + 1)
    for node in followers:
        table = node.forward_int(table)
    weight, bias = np.stack([each.weight for each in dense]), np.stack([each.bias for each in dense])
    shift = np.array([each.shift for each in dense])
    alike = all((each == each[:1]).all() for each in (weight, bias, shift))
    own = slice(1) if alike else slice(None)
    return TableLayer(weight[own], bias[own], shift[own], isinstance(arguments[0], Phase), lo, table)


def _rotation(fwht: Fwht, rounding: Requantize) -> TableLayer:
    """Return a rotation of values and its rounding: the table only saturates."""
    shift, finer_bits = max(0, rounding.shift), max(0, -rounding.shift)
    weight = fwht.rotation.matrix() << finer_bits
    half = np.full(len(weight), 1 << shift >> 1)
    lo, hi = rounding.element.lo, rounding.element.hi
    return TableLayer(weight[None], half[None], np.array([shift]), False, lo, np.arange(lo, hi + 1))
