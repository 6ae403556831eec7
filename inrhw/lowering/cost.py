"""The cost of a core on an FPGA before training: the sum over its nodes, and the rest."""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace

from inrhw.base.board import Family
from inrhw.base.types import Vector
from inrhw.gateware.cost import Cost, block_ram, lut_ram
from inrhw.gateware.memories.contents import MAX_LUT_DEPTH
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.lowering.folding import Folding, accumulator_width, lanes_to_rotate, weight_ecc_of
from inrhw.lowering.shapes import LayerShape
from inrhw.lowering.source_cost import division_cost, folded_raster_cost, raster_cost, walk_cost
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.linear.gather import Gather
from inrhw.ops.linear.regroup import Regroup
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Graph, Node
from inrhw.signals.grid import Grid
from inrhw.signals.tiles.tiling import Tiling

#: What an ECP5 needs for one of UltraScale+ or 7 series: its LUTs have four inputs, its LUT RAM 16 words,
#: sums are outside of multipliers, blocks have 18 kbit. Rough: four designs needed 1.7 to 3.0 times the LUTs.
_ECP5 = Cost(lut=3, ff=2, dsp=1, bram=2, uram=1)

#: The same where nothing is in LUT RAM and adders have two operands already. Measured: docs/density.md.
_UNROLLED_LUT = 1.5

#: By family; iCE40 like ECP5, with blocks of 4 kbit.
_FACTORS: Mapping[Family, Cost] = {"ecp5": _ECP5, "ice40": replace(_ECP5, bram=9)}


def on_family(cost: Cost, family: Family, *, unrolled: bool = False) -> Cost:
    """Return the cost of a circuit on a board of the family, as `Board` counts it."""
    factors = _FACTORS.get(family)
    if factors is None:
        return cost
    if unrolled:
        factors = replace(factors, lut=_UNROLLED_LUT)
    return Cost(*(getattr(cost, field.name) * getattr(factors, field.name) for field in fields(Cost)))


#: What does not depend on the network: counters and credits, and with weights that can be loaded the loader.
#: Fitted to benchmarks/results/folding_cost.json, as are the constants below that name no other file.
_COUNTERS = Cost(lut=45, ff=35)
_LOADER = Cost(lut=680, ff=240)

#: What brings a single tile to its place, but for the memory it waits in. Measured: see docs/tiles.md.
_PLACER = Cost(lut=75, ff=25)

#: What repairs the words of memories, and that half a block at least keeps their checks; and, where memories
#: are protected, the registers of `control` that count errors. Measured: see docs/robust.md.
_SCRUBBER, _ERRORS = Cost(lut=90, ff=90, bram=0.25), Cost(lut=60, ff=35)

#: The registers by which the picture of a frame is chosen.
_PICTURES = Cost(lut=60, ff=75)

#: The registers to start, stop and watch a core, and their bus where there is none yet: see
#: benchmarks/results/control_cost.json.
_REGISTERS, _BUS = Cost(lut=235, ff=135), Cost(ff=60)


def synapse_fold(shape: LayerShape, fold: Fold) -> int:
    """Return the cycles that a processing element needs for all inputs."""
    return fold.synapse_fold(shape.columns)


def cycles(shape: LayerShape, fold: Fold) -> int:
    """Return neuron_fold * synapse_fold, the cycles for a vector."""
    return fold.neuron_fold(shape.rows) * fold.synapse_fold(shape.columns)


def out_lanes(shape: LayerShape, fold: Fold) -> int:
    """Return the lanes on which the layer's results leave."""
    return fold.out_lanes(shape.columns)


def value_lanes(shape: LayerShape, fold: Fold) -> int:
    """Return the lanes on which the values behind the layer leave."""
    return -(-out_lanes(shape, fold) // shape.arguments)


def network_cost(
    shapes: Sequence[LayerShape],
    folding: Folding,
    source: str,
    *,
    control: bool = False,
    buffer: PatchBuffer | None = None,
) -> dict[str, Cost]:
    """Return the cost of each part of a core on UltraScale+; see `on_family` for others.

    Parameters
    ----------
    shapes
        Its dense layers.
    folding
        How they are folded.
    source
        "raster" or "stream".
    control
        Whether it has the registers of docs/control.md.
    buffer
        What turns patches into lines, if it does.
    """
    parts, lanes = {}, shapes[0].columns
    pace = max(cycles(shape, fold) for shape, fold in zip(shapes, folding.layers, strict=True))
    for k, (shape, fold) in enumerate(zip(shapes, folding.layers, strict=True)):
        parts[f"layer{k}"] = layer_cost(
            shape,
            fold,
            lanes,
            folding.weights,
            pace,
            packed=folding.packed,
            weight_ecc=folding.weight_ecc,
            raster=k == 0 and shape.scans(source),
        )
        lanes = value_lanes(shape, fold)
    rest = rest_cost(
        shapes, folding.weights, source, control=control, weight_ecc=folding.weight_ecc, buffer=buffer
    )
    return parts | {"rest": rest}


def baked_cost(
    shapes: Sequence[LayerShape],
    source: str,
    *,
    control: bool = False,
    window: Grid | None = None,
    buffer: PatchBuffer | None = None,
) -> Cost:
    """Return the cost of a core of one picture with the baked weights that it has before training.

    Parameters
    ----------
    shapes
        The layers.
    source, control
        As in `inrhw.emit`.
    window
        The picture of a core whose window moves over it; else None.
    buffer
        What turns patches into lines, if something does.
    """
    rest = rest_cost(shapes, "baked", source, control=control, buffer=buffer)
    return sum(itertools.chain.from_iterable(baked_parts(shapes, source, window=window)), rest)


def baked_parts(
    shapes: Sequence[LayerShape], source: str, *, window: Grid | None = None
) -> Iterator[tuple[Cost, Cost]]:
    """Yield the cost of each layer of such a core, with the nodes behind it; see `baked_cost`."""
    for k, shape in enumerate(shapes):
        layer = shape.baked.cost() if k or source == "stream" else raster_cost(shape.baked, window)
        yield layer, _on_lanes(shape.following, shape.rows, shape.rows, 1)


def layer_cost(
    shape: LayerShape,
    fold: Fold,
    lanes: int,
    weights: str,
    pace: int,
    *,
    packed: bool,
    raster: bool,
    weight_ecc: str = "none",
) -> Cost:
    """Return the cost of one dense layer, with the rotation before and the activation after it.

    Parameters
    ----------
    shape, fold
        The layer.
    lanes
        Of its input.
    weights, packed, weight_ecc
        As in `Folding`.
    pace
        Cycles between pixels.
    raster
        The layer is a raster source.
    """
    leaving = out_lanes(shape, fold)
    folded = shape.folded(fold, lanes, weights, packed=packed, weight_ecc=weight_ecc)
    together = shape.arguments * value_lanes(shape, fold)
    following = _on_lanes(shape.following, shape.rows, together, folded.banks)
    if together != leaving:
        edge = Vector(folded.element, shape.rows, leaving, banks=folded.banks)
        following += Regroup(edge, together).cost()
    if shape.is_last and leaving < shape.rows:
        following += Gather(Vector(shape.following[-1].o.element, shape.rows, leaving)).cost()
    if raster:
        return folded_raster_cost(folded, shape.tiling) + following
    if shape.shared and fold == Fold(shape.rows, shape.columns) and lanes == shape.columns:
        return shape.baked.cost() + following
    if not shape.rotation:
        return folded.cost() + following
    rotated = lanes_to_rotate(shape.rotation, lanes, pace)
    return _rotated(shape, lanes, rotated) + replace(folded, lanes=rotated).cost() + following


def rest_cost(
    shapes: Sequence[LayerShape],
    weights: str,
    source: str,
    *,
    control: bool = False,
    weight_ecc: str = "none",
    buffer: PatchBuffer | None = None,
) -> Cost:
    """Return what the FIFO, the counters, and the loader or the choice of a picture cost, and `control`.

    And line buffers, if there are some.

    With weight_ecc "scrub" also what repairs words, but for the checks: they are the memories' own.
    """
    chosen = shapes[0].banks > 1 and source == "raster" and not shapes[0].tiling
    pages = _pages(weights == "loadable", chosen, control, weight_ecc)
    first, split = shapes[0], Cost()
    if first.tiling and source == "stream":
        split = division_cost(first.tiling, first.x_bits)
    elif first.tiling and first.window:
        split = walk_cost(first.tiling)
    lines = buffer.cost() if buffer else Cost()
    if weights == "loadable":
        pages += _placer(_tile_words(shapes, source))
    return _fifo(shapes[-1].rows * shapes[-1].y_bits, 1) + pages + split + lines


def graph_cost(
    graph: Graph,
    grid: Grid,
    source: str,
    *,
    control: bool = False,
    window: bool = False,
    tiling: Tiling | None = None,
    buffer: PatchBuffer | None = None,
) -> dict[str, Cost]:
    """Return the cost of each node of a graph in a core on UltraScale+, and of "source" and "rest".

    Parameters
    ----------
    graph
        Lowered, folded or not, with the weights and formats of the core.
    grid
        The picture.
    source, control, window
        As in `inrhw.emit`.
    tiling
        The tiles of a graph with a bank for each.
    buffer
        What turns patches into lines, if something does.
    """
    first, *others = graph.nodes
    behind = zip(others, itertools.pairwise(graph.nodes.values()), strict=True)
    parts = {name: _behind(before, node) for name, (before, node) in behind}
    node = graph.nodes[first]
    if source == "stream":
        parts[first] = node.cost()
        if tiling:
            parts["source"] = division_cost(tiling, node.i.element.width)
    elif isinstance(node, FoldedDense) and tiling and window:
        parts[first] = node.cost()
        parts["source"] = walk_cost(tiling)
    elif isinstance(node, FoldedDense):
        parts["source"] = folded_raster_cost(node.shape, tiling)
    else:
        assert isinstance(node, Dense)
        parts["source"] = raster_cost(node, grid if window else None)
    loadable = bool(graph.memories)
    chosen = graph.i.banks > 1 and not loadable and source == "raster" and not tiling
    credits = graph.latency // graph.initiation_interval + 1
    fifo = _fifo(graph.o.length * graph.o.element.width, credits)
    if buffer:
        parts["lines"] = buffer.cost()
    placer = _placer(sum(-(-memory.width // 32) * memory.part for memory in graph.memories))
    return parts | {"rest": fifo + _pages(loadable, chosen, control, weight_ecc_of(graph)) + placer}


def _fifo(bits: int, depth: int) -> Cost:
    """Return the cost of the FIFO for pixels of this many bits, and of the credits."""
    width = bits + 2
    return Cost(lut=lut_ram(width, depth), ff=width) + _COUNTERS


def _pages(loadable: bool, chosen: bool, control: bool, weight_ecc: str) -> Cost:
    """Return the cost of the registers of a core: the loader's, those that choose a picture, `control`."""
    page = (_LOADER if loadable else Cost()) + (_PICTURES if chosen else Cost())
    if weight_ecc == "scrub":
        page += _SCRUBBER
    if weight_ecc != "none" and control:
        page += _ERRORS
    return page + ((_REGISTERS if page.ff else _REGISTERS + _BUS) if control else Cost())


@functools.lru_cache(maxsize=1024)
def _on_lanes(nodes: tuple[Node, ...], length: int, lanes: int, banks: int) -> Cost:
    """Return the cost of nodes for vectors on `lanes`."""
    moved: Callable[..., Node] = replace
    placed = [moved(node, i=Vector(node.i.element, length, lanes, banks=banks)) for node in nodes]
    return sum(itertools.starmap(_behind, itertools.pairwise([None, *placed])), Cost())


def _behind(before: Node | None, node: Node) -> Cost:
    """Return the cost of a node behind another one: a curve costs less if sums reach only a part of it."""
    if isinstance(before, Requantize) and isinstance(node, CurveNode) and before.unused:
        return node.cost() + node.i.lanes * node.spared(before.unused)
    return node.cost()


def _tile_words(shapes: Sequence[LayerShape], source: str) -> int:
    """Return about how many 32-bit words the file of a tile has; 0 without tiles."""
    if not shapes[0].tiling:
        return 0
    bits = 0
    for k, shape in enumerate(shapes):
        format = shape.loadable
        if k == 0 and shape.scans(source):  # a start value, and an increment an axis
            width = accumulator_width(replace(shape.fixed, format=format, loadable=True))
            bits += shape.rows * (1 + shape.columns) * width
        elif shape.loadable_sets > 1:
            words = shape.columns * format.weight_bits + format.sum_width + format.shift_bits
            bits += shape.rows * words
    return -(-bits // 32)


def _placer(words: int) -> Cost:
    """Return the cost of keeping this many words of a tile, and copying them to their place."""
    if not words:
        return Cost()
    return _PLACER + (Cost(lut=lut_ram(32, words)) if words <= MAX_LUT_DEPTH else block_ram(32, words))


def _rotated(shape: LayerShape, lanes: int, rotated_lanes: int) -> Cost:
    """Return the cost of rotation and rounding, with a buffer if lanes differ."""
    rotation, *others = shape.rotated
    assert isinstance(rotation, Fwht)
    edge = replace(rotation.i, lanes=lanes)
    regrouped = Regroup(edge, rotated_lanes).cost() if lanes != rotated_lanes else Cost()
    turned = Fwht.pipelined(replace(edge, lanes=rotated_lanes), rotation.rotation)
    return regrouped + turned.cost() + _on_lanes(tuple(others), shape.columns, rotated_lanes, 1)
