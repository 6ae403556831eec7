"""A network as its integers alone: a layer is a matrix, a bias, a shift and a table."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Element, Phase
from inrhw.lowering.integer_graph import lower
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledINR
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
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
        int64, [out, in] and [out].
    shift
        Bits that a sum gives up at its low end.
    wraps
        Whether an index is what is left of a sum after division by the table's length; else it is the
        distance from `lo`, where what is outside takes the first or the last entry.
    lo
        The sum of the first entry; 0 if it wraps.
    table
        What the next layer takes, int64; of the last layer the values.
    """

    weight: Codes
    bias: Codes
    shift: int
    wraps: bool
    lo: int
    table: Codes


def table_layers(network: INR) -> list[TableLayer]:
    """Return the layers of a quantized network, from the coordinates `Grid.codes` to the values.

    Raises
    ------
    InputError
        If there are many networks, one for each tile, addends are cut (guard bits), or a layer is no matrix
        and a table of at most 16 bits.
    """
    if isinstance(network, TiledINR):
        raise InputError("tiles are many networks, and a file holds one; train without tiles")
    if network.architecture.precision.guard_bits is not None:
        raise InputError("a matrix of integers cannot hold what guard_bits cuts off; train without it")
    nodes = lower(network).nodes
    if strange := [
        name for name, node in nodes.items() if not isinstance(node, Dense | Requantize | CurveNode)
    ]:
        raise InputError(
            f"{strange[0]} rotates values (dhq), which no table can hold; train with --quantizer uniform"
        )
    starts = [k for k, node in enumerate(nodes.values()) if isinstance(node, Dense)]
    parts = [list(nodes.values())[a:b] for a, b in pairwise([*starts, len(nodes)])]
    return [_layer(part) for part in parts]


def _layer(nodes: list[Node]) -> TableLayer:
    """Return a dense layer and what follows it as one."""
    dense, *followers = nodes
    assert isinstance(dense, Dense)
    argument: Element = dense.o.element
    if isinstance(followers[0], Requantize):
        argument = followers[0].element
    if argument.width > _MOST_BITS:
        raise InputError(
            f"an activation takes {argument.width} bits, and a table has an index of at most {_MOST_BITS}; "
            "train with fewer phase_bits"
        )
    table = np.arange(argument.lo, argument.hi + 1)
    for node in followers:
        table = node.forward_int(table)
    return TableLayer(dense.weight, dense.bias, dense.shift, isinstance(argument, Phase), argument.lo, table)
