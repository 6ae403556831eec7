"""Folding: the same graph on fewer multipliers, in more cycles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from inrhw.base.errors import GraphError, InputError
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.gateware.memories.contents import MAX_LUT_DEPTH, whole_depth
from inrhw.lowering.hardware import WEIGHTS
from inrhw.networks.architecture import weight_codes_of
from inrhw.networks.precision import Precision
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.shape import FoldedShape
from inrhw.ops.linear.fwht.node import Fwht, fits
from inrhw.ops.linear.gather import Gather
from inrhw.ops.linear.regroup import Regroup
from inrhw.ops.node import Graph, Node
from inrhw.ops.rotation import Rotation

__all__ = [
    "Fold",
    "Folding",
    "check_loadable",
    "fold",
    "fold_banks",
    "folding_of",
]


#: A loadable neuron's shift has so many bits, hence a range of 2**15 for the largest weight of a neuron.
_SHIFT_BITS = 4

#: Most bits of a network whose weights can be loaded: sums with room for any shift must be codes of 62 bits.
_MOST_LOADABLE_BITS = 16

#: Largest weight that a loadable layer holds: 2**4 turns in front of a phase, 2**7 in front of an argument
#: that is clamped (a Gaussian's first layer starts with up to 21), four times the range in front of a value.
_LARGEST_TURNS_LOG2, _LARGEST_CLAMPED_LOG2, _BEYOND_VALUE_LOG2 = 4, 7, 2


@dataclass(frozen=True)
class Folding:
    """The folds of a network.

    Parameters
    ----------
    layers
        A fold for each dense layer. That of the first takes all coordinates at once.
    weights
        "rom": fixed. "loadable": replaced at run time.
    packed
        Two products of 8 bits in one DSP block, wherever a layer's formats and its fold allow it.
    weight_ecc
        Protection of the memories: "none", "ecc", "top3" or "scrub".
    """

    layers: tuple[Fold, ...]
    weights: str = "rom"
    packed: bool = False
    weight_ecc: str = "none"

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS[1:]:
            raise InputError(f"weights of a folded network must be rom or loadable, not {self.weights!r}")
        if not self.layers:
            raise InputError("there must be a fold for each layer, and at least one layer")


def fold(graph: Graph, folding: Folding, precision: Precision) -> Graph:
    """Return the graph with folded dense layers, and other nodes on as few lanes as the rate needs.

    Parameters
    ----------
    graph
        From `inrhw.lower`.
    folding
        A fold for each dense layer.
    precision
        Bits of the network, which give the widths of loadable memories.

    Returns
    -------
    Graph
        Equal to `graph` for every input; its output comes in one beat.

    Raises
    ------
    InputError
        If the number of folds is not that of the layers, a fold is larger than its layer, bits or a neuron
        do not fit loadable memories, or the network has guard bits.
    """
    check_whole(precision)
    if folding.weights == "loadable":
        check_loadable(precision, sum(isinstance(node, Dense) for node in graph.nodes.values()))
    return _fold([graph], folding, precision)


def check_whole(precision: Precision) -> None:
    """Raise InputError if addends are cut (guard bits), which multipliers cannot do."""
    if precision.guard_bits is not None:
        raise InputError(
            "guard_bits works on the adders of baked weights, and a folded core has multipliers; train "
            "without it, or leave out targets and weights other than baked"
        )


def check_loadable(precision: Precision, layers: int) -> None:
    """Raise InputError unless memories can hold any network of this precision."""
    bits = [*precision.weight_bits_of(layers), *precision.activation_bits_of(layers)]
    if max(*bits, precision.phase_bits or 0) > _MOST_LOADABLE_BITS:
        raise InputError(
            f"loadable weights are for networks of at most {_MOST_LOADABLE_BITS} bits; wider ones need rom"
        )


def fold_banks(graphs: Sequence[Graph], folding: Folding, precision: Precision) -> Graph:
    """Return one folded graph for the networks of several pictures, each with its own bank of weights.

    A dense layer with the same integers in all graphs is shared and stored once. If its fold is whole (a
    multiplier for each weight) and it is not the first layer, it stays a `Dense` made of adders. Any other
    layer has a set of weights for each bank.

    Parameters
    ----------
    graphs
        From `inrhw.lower`, one for each picture; they differ only in the integers of dense layers.
    folding
        A fold for each dense layer, with weights "rom".
    precision
        Bits of the networks.

    Returns
    -------
    Graph
        With ``of_bank(k)`` equal to ``graphs[k]`` for every input; its output comes in one beat.

    Raises
    ------
    InputError
        If graphs differ in more than the integers of dense layers, weights are loadable, or a fold is wrong.
    """
    if folding.weights != "rom":
        raise InputError(f"weights of several pictures must be rom, not {folding.weights}")
    return fold_tiles(graphs, folding, precision)


def fold_tiles(
    graphs: Sequence[Graph],
    folding: Folding,
    precision: Precision,
    shared: range = range(0),
    x: Fixed | None = None,
) -> Graph:
    """Return one folded graph for the networks of all tiles of a picture, as `fold_banks` does.

    Loadable weights have banks for two pictures: the bank is the tile's number, plus a power of two for the
    second picture. Only the dense layers at the `shared` places have one set for each picture, because later
    weights may differ. If a window moves over the tiles, `x` is the format of its coordinates in a tile.
    """
    if not graphs:
        raise InputError("the network of at least one picture is needed")
    if folding.weights == "loadable":
        check_loadable(precision, sum(isinstance(node, Dense) for node in graphs[0].nodes.values()))
    for picture, graph in enumerate(graphs[1:], 1):
        _check_alike(graphs[0], graph, picture)
    return _fold(graphs, folding, precision, shared, x)


def _check_alike(first: Graph, other: Graph, picture: int) -> None:
    """Raise InputError that names the first node with a difference beyond the integers of a dense layer."""
    if first.i != other.i:
        raise InputError(
            f"coordinates of all pictures must have one format: picture 0 takes {first.i}, "
            f"picture {picture} {other.i}"
        )
    for name, other_name in zip_longest(first.nodes, other.nodes):
        if name != other_name or not _are_alike(first.nodes[name], other.nodes[name]):
            raise InputError(
                f"networks of all pictures must have one structure, but {name or other_name} of picture "
                f"{picture} differs from picture 0"
            )


def _are_alike(a: Node, b: Node) -> bool:
    if isinstance(a, Dense) and isinstance(b, Dense):
        return (a.weight.shape, a.frac, a.wrap) == (b.weight.shape, b.frac, b.wrap)
    moved: Callable[..., Node] = replace
    return type(a) is type(b) and moved(b, i=a.i) == a


def _are_equal(layers: Sequence[Dense]) -> bool:
    """Return whether layers of one shape have the same integers."""
    first = layers[0]
    return all(
        layer.shift == first.shift
        and (layer.weight == first.weight).all()
        and (layer.bias == first.bias).all()
        for layer in layers
    )


def _fold(
    graphs: Sequence[Graph],
    folding: Folding,
    precision: Precision,
    shared: range = range(0),
    x: Fixed | None = None,
) -> Graph:
    """Return the folded graph; other nodes than dense layers come from the first graph."""
    graph = graphs[0]
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, Dense)}
    dense = list(layers)
    if len(folding.layers) != len(dense):
        raise InputError(f"folding must have {len(dense)} layers, not {len(folding.layers)}")
    folds = dict(zip(dense, folding.layers, strict=True))
    if folding.layers[0].simd != graph.i.length:
        raise InputError(
            f"the first layer takes {graph.i.length} coordinates at once, so its simd must be as many, "
            f"not {folding.layers[0].simd}"
        )
    loadable = folding.weights == "loadable"
    banks = 2 * whole_depth(len(graphs)) if loadable else len(graphs)
    edge = replace(graph.i, element=x or graph.i.element, banks=banks)
    pace = max(
        -(-len(layer.bias) // folds[name].pe) * -(-layer.i.length // folds[name].simd)
        for name, layer in layers.items()
    )
    nodes: dict[str, Node] = {}
    for name, node in graph.nodes.items():
        if isinstance(node, Dense):
            sets = [other for each in graphs if isinstance(other := each.nodes[name], Dense)]
            place = dense.index(name)
            sets = sets[:1] if place in shared or (not loadable and _are_equal(sets)) else sets
            value_bits = graph.o.element.width
            format = loadable_format(node, precision, place, len(dense), value_bits) if loadable else None
            if x and not place:
                sets = [each.taking(x) for each in sets]
                format = format and format.finer(x.frac - graph.i.element.frac)
            whole = edge.beats == 1 and folds[name] == _whole(node)
            if whole and len(sets) < len(graphs) and place:
                nodes[name] = _on_lanes(name, node, edge)
            else:
                sign_bits = weight_codes_of(precision, len(dense))[place].sign_bits
                nodes[name] = _folded_layer(
                    name, sets, edge, place, format, sign_bits=sign_bits, folding=folding
                )
        elif isinstance(node, Fwht):
            lanes = lanes_to_rotate(node.rotation, edge.lanes, pace)
            if lanes != edge.lanes:
                nodes[f"{name}_lanes"] = Regroup(edge, lanes)
                edge = nodes[f"{name}_lanes"].o
            nodes[name] = Fwht.pipelined(edge, node.rotation)
        else:
            if isinstance(node, ActivationNode) and edge.lanes % node.arguments:
                together = -(-edge.lanes // node.arguments) * node.arguments
                nodes[f"{name}_lanes"] = Regroup(edge, together)
                edge = nodes[f"{name}_lanes"].o
            nodes[name] = _on_lanes(name, node, edge)
        edge = nodes[name].o
    if edge.beats > 1:
        nodes["gather"] = Gather(edge)
    return Graph(nodes)


def lanes_to_rotate(rotation: Rotation, lanes: int, pace: int) -> int:
    """Return the lanes on which a vector that arrives on `lanes` is rotated.

    The same lanes if they are fast enough, else the fewest that take at most `pace` cycles.
    """
    if fits(rotation, lanes):
        return lanes
    length = rotation.length
    return next(n for n in range(1, length + 1) if -(-length // n) <= pace and fits(rotation, n))


def _folded_layer(
    name: str,
    sets: Sequence[Dense],
    i: Vector,
    place: int,
    format: MemoryFormat | None,
    *,
    sign_bits: int,
    folding: Folding,
) -> FoldedDense:
    try:
        return FoldedDense.of(
            sets,
            i,
            folding.layers[place],
            format,
            sign_bits=sign_bits,
            packed=folding.packed,
            weight_ecc=folding.weight_ecc,
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _whole(dense: Dense) -> Fold:
    """Return the fold with a multiplier for each weight."""
    return Fold(*dense.weight.shape)


def _on_lanes(name: str, node: Node, edge: Vector) -> Node:
    """Return the node with another input edge."""
    moved: Callable[..., Node] = replace
    try:
        return moved(node, i=edge)
    except TypeError as error:
        raise GraphError(f"{name} ({type(node).__name__}) cannot work on lanes: {error}") from error


def loadable_format(
    dense: Dense, precision: Precision, place: int, layers: int, value_bits: int
) -> MemoryFormat:
    """Return a format that depends only on shapes and bits, so that every network of that shape has it."""
    i, first, last = dense.i, place == 0, place == layers - 1
    sign_bits = weight_codes_of(precision, layers)[place].sign_bits
    # Of the largest weight, without its sign.
    bits = 0 if sign_bits else precision.weight_bits_of(layers)[place] - 1
    if not first and precision.widens("last" if last else "hidden"):
        bits += (i.length - 1).bit_length()
    wraps = isinstance(dense.o.element, Phase)
    largest = _LARGEST_TURNS_LOG2 if wraps else _LARGEST_CLAMPED_LOG2
    if last and not dense.frac:  # else an activation follows, which clamps
        largest = value_bits + _BEYOND_VALUE_LOG2
    if first:
        # A positional encoding has up to 2**(frac - 4) turns, times the ratio of the picture's sides.
        largest = max(largest, i.element.frac - 2)
    lo = i.element.frac + bits - largest - dense.frac
    # Sums without the output's last bits: weights are shifted left instead, and take more bits.
    bits, lo = bits + max(0, -lo), max(0, lo)
    hi = lo + (1 << _SHIFT_BITS) - 1
    weight_bits, level = (sign_bits, bits) if sign_bits else (bits + 1, None)
    if wraps:
        return MemoryFormat(weight_bits, lo, hi, hi + dense.frac, level)
    x = max(abs(i.element.lo), i.element.hi)
    reach = i.length * (x << bits) + (1 << (largest + hi))
    return MemoryFormat(weight_bits, lo, hi, reach.bit_length() + 1, level)


def folding_of(graph: Graph) -> Folding | None:
    """Return the folding of a graph; None if it is not folded."""
    folded = [node for node in graph.nodes.values() if isinstance(node, FoldedDense)]
    if not folded:
        return None
    layers = [node for node in graph.nodes.values() if isinstance(node, FoldedDense | Dense)]
    folds = tuple(layer.fold if isinstance(layer, FoldedDense) else _whole(layer) for layer in layers)
    weights, packed = "loadable" if folded[0].loadable else "rom", any(layer.packed for layer in folded)
    return Folding(folds, weights, packed, weight_ecc_of(graph))


def weight_ecc_of(graph: Graph) -> str:
    """Return the protection of a graph's memories; "none" if it has none."""
    folded = (node for node in graph.nodes.values() if isinstance(node, FoldedDense))
    return next((node.weight_ecc for node in folded), "none")


def sums_in_blocks(depth: int, beats: int) -> bool:
    """Return whether a raster scan keeps this many sums for each lane in block RAM, not in LUTs.

    A block is read a cycle earlier, which is too early for a sum that is needed again in the next cycle.
    """
    return depth > MAX_LUT_DEPTH and beats > 1


#: Most bits of a loadable accumulator; what int64 computes of it has some bits more.
_MOST_ACCUMULATOR = 56


def accumulator_width(shape: FoldedShape) -> int:
    """Return the bits of an accumulator of a raster scan; loadable ones are enough for every such network.

    A scan adds twice the weights. So the last bit of a sum never changes, and is left out if it is dropped.

    Raises
    ------
    InputError
        If loadable weights need too many.
    """
    width = max(0, shape.format.shift_hi - 1) + shape.element.width
    if shape.loadable and width > _MOST_ACCUMULATOR:
        raise InputError(
            f"loadable weights of a raster scan need accumulators of {width} bits, more than "
            f"{_MOST_ACCUMULATOR}; use the stream source, weights rom, fewer bits or a smaller picture"
        )
    return width
