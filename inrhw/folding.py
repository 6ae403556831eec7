"""Folding: the same graph on fewer multipliers, in more cycles."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from inrhw.errors import GraphError, InputError
from inrhw.node import Graph, Node
from inrhw.ops.dense import Dense
from inrhw.ops.folded_dense import Fold, FoldedDense, MemoryFormat
from inrhw.ops.fwht import Fwht, fits
from inrhw.ops.gather import Gather
from inrhw.ops.regroup import Regroup
from inrhw.precision import Precision
from inrhw.rotation import Rotation
from inrhw.types import Phase, Vector

__all__ = ["Fold", "Folding", "fold", "folding_of", "folding_to_json", "other_weights"]

#: Where weights can be: in adders (unfolded), in memories that never change, or in memories that are loaded.
WEIGHTS = ("baked", "rom", "loadable")

#: A loadable neuron's shift has so many bits, hence a range of 2**15 for the largest weight of a neuron.
_SHIFT_BITS = 4

#: Largest weight that a loadable layer holds: 2**4 turns in front of a phase, 2**7 in front of an argument
#: that is clamped (a Gaussian's first layer starts with up to 21), 2**10 in front of a pixel.
_LARGEST_TURNS_LOG2, _LARGEST_CLAMPED_LOG2, _LARGEST_PIXEL_LOG2 = 4, 7, 10


@dataclass(frozen=True)
class Folding:
    """How a network is folded.

    Parameters
    ----------
    layers
        A fold for each dense layer. That of the first, which takes the coordinates, has simd 2.
    weights
        "rom": fixed. "loadable": replaced at run time.
    packed
        Two products of 8 bits in one DSP block, wherever a layer's formats and its fold allow it.
    """

    layers: tuple[Fold, ...]
    weights: str = "rom"
    packed: bool = False

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS[1:]:
            raise InputError(f"weights of a folded network must be rom or loadable, not {self.weights!r}")
        if not self.layers or self.layers[0].simd != 2:
            raise InputError("the first layer, which takes two coordinates, must have simd 2")


def fold(graph: Graph, folding: Folding, precision: Precision) -> Graph:
    """Return the graph with folded dense layers, and all between them on as few lanes as keep pace.

    Parameters
    ----------
    graph
        From `inrhw.lower`.
    folding
        A fold for each dense layer.
    precision
        Bits of the network: they say what loadable memories must be able to hold.

    Returns
    -------
    Graph
        Equal to `graph` for every input; its output comes in one beat.

    Raises
    ------
    InputError
        If the number of folds is not that of the layers, a fold is larger than its layer, or a neuron does
        not fit the format of loadable memories.
    """
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, Dense)}
    dense = list(layers)
    if len(folding.layers) != len(dense):
        raise InputError(f"folding must have {len(dense)} layers, not {len(folding.layers)}")
    folds = dict(zip(dense, folding.layers, strict=True))
    loadable = folding.weights == "loadable"
    edge = replace(graph.i, banks=2 if loadable else 1)
    pace = max(
        -(-len(layer.bias) // folds[name].pe) * -(-layer.i.length // folds[name].simd)
        for name, layer in layers.items()
    )
    nodes: dict[str, Node] = {}
    for name, node in graph.nodes.items():
        if isinstance(node, Dense):
            outer = name in (dense[0], dense[-1])
            bits = precision.outer_weight_bits if outer else precision.weight_bits
            first, last = name == dense[0], name == dense[-1]
            format = _loadable_format(node, edge, bits, first=first, last=last) if loadable else None
            try:
                nodes[name] = FoldedDense.of(node, edge, folds[name], format, packed=folding.packed)
            except InputError as error:
                raise InputError(f"{name}: {error}") from error
        elif isinstance(node, Fwht):
            lanes = lanes_to_rotate(node.rotation, edge.lanes, pace)
            if lanes != edge.lanes:
                nodes[f"{name}_lanes"] = Regroup(edge, lanes)
                edge = nodes[f"{name}_lanes"].o
            nodes[name] = Fwht.pipelined(edge, node.rotation)
        else:
            nodes[name] = _on_lanes(name, node, edge)
        edge = nodes[name].o
    if edge.beats > 1:
        nodes["gather"] = Gather(edge)
    return Graph(nodes)


def lanes_to_rotate(rotation: Rotation, lanes: int, pace: int) -> int:
    """Return on how many lanes a vector that comes on `lanes` is rotated.

    Those that it has, if they will do; else the fewest on which it takes at most `pace` cycles.
    """
    if fits(rotation, lanes):
        return lanes
    length = rotation.length
    return next(n for n in range(1, length + 1) if -(-length // n) <= pace and fits(rotation, n))


def _on_lanes(name: str, node: Node, edge: Vector) -> Node:
    """Return the node with another input edge."""
    moved: Callable[..., Node] = replace
    try:
        return moved(node, i=edge)
    except TypeError as error:
        raise GraphError(f"{name} ({type(node).__name__}) cannot work on lanes: {error}") from error


def _loadable_format(dense: Dense, i: Vector, weight_bits: int, *, first: bool, last: bool) -> MemoryFormat:
    """Return a format that depends on shapes and bits only, so that every network of that shape has it."""
    wraps = isinstance(dense.o.element, Phase)
    largest = _LARGEST_PIXEL_LOG2 if last else _LARGEST_TURNS_LOG2 if wraps else _LARGEST_CLAMPED_LOG2
    if first:
        # A positional encoding has up to 2**(frac - 4) turns, times the ratio of the picture's sides.
        largest = max(largest, i.element.frac - 2)
    lo = i.element.frac + weight_bits - 1 - largest - dense.frac
    # Sums without the output's last bits: weights are shifted left instead, and take more bits.
    weight_bits, lo = weight_bits + max(0, -lo), max(0, lo)
    hi = lo + (1 << _SHIFT_BITS) - 1
    if wraps:
        return MemoryFormat(weight_bits, lo, hi, hi + dense.frac)
    x = max(abs(i.element.lo), i.element.hi)
    reach = i.length * (x << (weight_bits - 1)) + (1 << (largest + hi))
    return MemoryFormat(weight_bits, lo, hi, reach.bit_length() + 1)


def folding_of(graph: Graph) -> Folding | None:
    """Return how a graph is folded; None if it is not."""
    layers = [node for node in graph.nodes.values() if isinstance(node, FoldedDense)]
    if not layers:
        return None
    weights = "loadable" if layers[0].loadable else "rom"
    return Folding(tuple(layer.fold for layer in layers), weights, any(layer.packed for layer in layers))


def folding_to_json(folding: Folding | None) -> dict[str, Any] | None:
    """Return the folding as plain data; None stands for an unfolded network."""
    if folding is None:
        return None
    layers = [[fold.pe, fold.simd] for fold in folding.layers]
    return {"layers": layers, "weights": folding.weights, "packed": folding.packed}


def other_weights(graph: Graph) -> Graph:
    """Return a loadable graph of the same shape with other weights: each layer's neurons in reverse order.

    It is what a core is given to prove that it can show another picture.
    """
    nodes = {
        name: replace(node, weight=node.weight[::-1], bias=node.bias[::-1], shift=node.shift[::-1])
        if isinstance(node, FoldedDense)
        else node
        for name, node in graph.nodes.items()
    }
    return Graph(nodes)
