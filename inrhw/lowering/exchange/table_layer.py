"""A network as integers: a layer is a matrix, a bias, a shift and a table, or two, for each tile.

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
from inrhw.ops.curves.real_gabor import RealGabor
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node

#: Bits of a table's index, at most.
_MOST_BITS = 16


@dataclass(frozen=True, eq=False)
class TableLayer:
    """``table[index((weight @ cut(x) + bias) >> shift)]``, all in integers.

    With several tables neighbouring sums have one each, and what these give is multiplied, rounded half up
    without its sign.

    Attributes
    ----------
    cut
        Numbers of low bits of inputs that are set to zero; x without the first, then x without the second,
        and so on, are multiplied. [0] unless addends are cut (guard bits).
    weight, bias
        int64, [tiles, out, in times numbers in `cut`] and [tiles, out]; with one tile if it stands for all.
    shift
        Low bits that a sum drops, [tiles].
    wraps
        Of each table, whether the index is the sum modulo its length; otherwise it is the distance from `lo`,
        clamped to the first or the last entry.
    lo
        Of each table, the sum of the first entry; 0 if it wraps.
    table
        int64 [tables, entries]: one holds inputs of the next layer, or values; several hold factors.
    drop
        Low bits that a product drops; 0 with one table.
    """

    cut: Codes
    weight: Codes
    bias: Codes
    shift: Codes
    wraps: Codes
    lo: Codes
    table: Codes
    drop: int = 0


def table_layers(network: INR) -> list[TableLayer]:
    """Return the layers of a quantized network, or those of its tiles.

    They map coordinates, `Grid.codes` of the tile, to values.

    Raises
    ------
    InputError
        If an activation has an argument of more than 16 bits.
    """
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
    drop = 0
    if isinstance(pairs := followers[0], RealGabor):
        turn, argument, drop = 1 << pairs.i.element.frac, pairs.clamp.element, pairs.shift
        wraps, lo = [True, False], [0, argument.lo]
        table = np.stack(
            [pairs.waves(np.arange(turn)), pairs.heights(np.arange(argument.lo, argument.hi + 1))]
        )
    else:
        codes, wrapping = _arguments(dense, followers)
        wraps, lo = [wrapping], [int(codes[0])]
        for node in followers:
            codes = node.forward_int(codes)
        table = codes[None]
    parts = [each.cut.parts(each.weight) for each in dense]
    cut = np.array(list(parts[0]))
    weight = np.stack([np.concatenate(list(own.values()), axis=1) for own in parts])
    bias = np.stack([each.bias for each in dense])
    shift = np.array([each.shift for each in dense])
    alike = all((each == each[:1]).all() for each in (weight, bias, shift))
    own = slice(1) if alike else slice(None)
    return TableLayer(cut, weight[own], bias[own], shift[own], np.array(wraps), np.array(lo), table, drop)


def _arguments(dense: Sequence[Dense], followers: Sequence[Node]) -> tuple[Codes, bool]:
    """Return all codes of the activation behind a layer, in each tile, and whether they wrap."""
    clamped = isinstance(followers[0], Requantize)
    arguments = [followers[0].o.element] if clamped else [each.o.element for each in dense]
    lo, hi = min(each.lo for each in arguments), max(each.hi for each in arguments)
    if hi - lo >= 1 << _MOST_BITS:
        raise InputError(
            f"an activation takes {(hi - lo).bit_length()} bits, and a table has an index of at most "
            f"{_MOST_BITS}; train with fewer phase_bits"
        )
    return np.arange(lo, hi + 1), isinstance(arguments[0], Phase)


def _rotation(fwht: Fwht, rounding: Requantize) -> TableLayer:
    """Return a rotation of values and its rounding: the table only saturates."""
    shift, finer_bits = max(0, rounding.shift), max(0, -rounding.shift)
    weight = fwht.rotation.matrix() << finer_bits
    half = np.full(len(weight), 1 << shift >> 1)
    lo, hi = rounding.element.lo, rounding.element.hi
    table = np.arange(lo, hi + 1)[None]
    return TableLayer(
        np.array([0]), weight[None], half[None], np.array([shift]), np.array([False]), np.array([lo]), table
    )
