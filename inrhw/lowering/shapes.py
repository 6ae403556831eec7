"""The layers of a core for the cost model: nodes with the formats before training."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from inrhw.base.types import Element, Fixed
from inrhw.gateware.adder_graph import MOST_OPERANDS
from inrhw.gateware.memories.contents import whole_depth
from inrhw.gateware.multipliers.mac import is_wide
from inrhw.lowering.folding import loadable_format
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, weight_codes_of
from inrhw.networks.inr import INR
from inrhw.networks.shared import SharedArchitecture, own_network
from inrhw.networks.tiled import TiledArchitecture
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat, can_pack
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.shape import FoldedShape
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.node import Node
from inrhw.ops.rotation import Rotation
from inrhw.signals.grid import Grid
from inrhw.signals.samples import VALUES
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import WindowNumbers

#: Untrained networks from which the formats of tiles are taken: of many networks some have wider sums. Of
#: eight, a plan has half a block RAM too few for 384 tiles (benchmarks/results/tiles.json).
_TILES = 64


@dataclass(frozen=True)
class LayerShape:
    """A dense layer without its weights, and the nodes around it.

    Parameters
    ----------
    fixed
        The layer with fixed weights. The bits of its sums and shifts follow from the weights before training,
        which are close.
    loadable
        Formats of its memories if they are loadable.
    rotated
        What inputs go through in front of the layer, a `Fwht` and what follows it, or nothing.
    following
        What results go through, to the next layer's `rotated`.
    shared
        Several pictures have the same weights: adders replace multipliers if there is one for each weight.
    baked
        The layer with the weights before training, as adders.
    tiling
        The tiles of a core with a bank for each.
    loadable_sets
        Sets of weights if they are loadable.
    window
        For a layer that takes coordinates from a window over tiles: the picture.
    """

    fixed: FoldedShape
    loadable: MemoryFormat
    rotated: tuple[Node, ...]
    following: tuple[Node, ...]
    shared: bool
    baked: Dense = field(compare=False)
    tiling: Tiling | None = None
    loadable_sets: int = 1
    window: Grid | None = None

    @property
    def rows(self) -> int:
        """Neurons."""
        return self.fixed.rows

    @property
    def columns(self) -> int:
        """Synapses."""
        return self.fixed.columns

    @property
    def weight_bits(self) -> int:
        """Width of a weight."""
        return self.fixed.format.weight_bits

    @property
    def weight_kind(self) -> str:
        """How lanes use weights: "numbers" to multiply by, or "signs"."""
        return "numbers" if self.fixed.format.level is None else "signs"

    @property
    def x_bits(self) -> int:
        """Width of an input."""
        return self.fixed.x.width

    @property
    def phase_bits(self) -> int:
        """Width of the activation's argument; 0 in front of a pixel."""
        last = self.following[-1]
        return last.i.element.width if isinstance(last, CurveNode) else 0

    @property
    def arguments(self) -> int:
        """Rows for each value."""
        return self.rows // self.following[-1].o.length

    @property
    def is_last(self) -> bool:
        """Whether it gives the signal's values."""
        return self.following[-1].o.element in VALUES

    @property
    def y_bits(self) -> int:
        """Width of the next layer's input."""
        return self.following[-1].o.element.width

    @property
    def rotation(self) -> Rotation | None:
        """The rotation of inputs in front of the layer."""
        return next((node.rotation for node in self.rotated if isinstance(node, Fwht)), None)

    @property
    def banks(self) -> int:
        """Sets of weights: one for each picture if they are not shared."""
        return self.fixed.sets

    def scans(self, source: str) -> bool:
        """Return whether the layer, if it is the first, is the accumulators of a scan."""
        return source == "raster" and not self.window

    def is_wide(self, sum_bits: int) -> bool:
        """Return whether one of its products takes two DSP blocks."""
        weight_bits, x_bits, terms, _ = self.fixed.sizes
        return is_wide(weight_bits, x_bits, terms, sum_bits)

    def folded(
        self, fold: Fold, lanes: int, weights: str, *, packed: bool = False, weight_ecc: str = "none"
    ) -> FoldedShape:
        """Return the layer on multipliers, with its input on `lanes`."""
        loadable = weights == "loadable"
        format = (self.loadable if loadable else self.fixed.format).on(fold, self.columns)
        packed = packed and can_pack(format, self.fixed.x, fold)
        shape = replace(
            self.fixed, format=format, fold=fold, lanes=lanes, packed=packed, weight_ecc=weight_ecc
        )
        if not loadable:
            return shape
        element: Element = self.fixed.element
        if isinstance(element, Fixed):
            element = Fixed(self.loadable.sum_width - self.loadable.shift_lo, element.frac)
        banks = 2 * whole_depth(self.fixed.banks if self.tiling else 1)
        return replace(shape, element=element, banks=banks, sets=self.loadable_sets, loadable=True)


@functools.lru_cache(maxsize=64)
def layer_shapes(
    architecture: Architecture,
    pictures: int = 1,
    *,
    operands: int = MOST_OPERANDS,
    adder_levels: int = 1,
    window: bool = False,
) -> tuple[LayerShape, ...]:
    """Return the dense layers of a core, first to last.

    Parameters
    ----------
    architecture
        Of its network; a `SharedArchitecture` for several pictures, a `TiledArchitecture` for tiles.
    pictures
        Pictures that share layers on it.
    operands, adder_levels
        As for `lower`, for layers that are adders.
    window
        Whether a window moves over the tiles.
    """
    tiling, alike = None, range(0)
    if isinstance(architecture, TiledArchitecture):
        tiling, pictures = architecture.tiling_of_patches, architecture.tiles
        alike = architecture.shared_places
        architecture = architecture.of_tile
    precision = architecture.precision
    if precision.quantizer == "auto":  # what it rotates, training decides
        precision = replace(precision, quantizer="uniform")
    known = replace(architecture, precision=precision)
    if isinstance(known, SharedArchitecture):
        networks = [own_network(known, 0)]
    else:
        networks = [INR(known, seed) for seed in range(min(_TILES, pictures) if tiling else 1)]
    graphs = [
        lower(network.quantized(), operands=operands, adder_levels=adder_levels) for network in networks
    ]
    each = [_chunks(graph.nodes.values()) for graph in graphs]
    chunks = each[0]
    codes = weight_codes_of(precision, len(chunks))
    if isinstance(architecture, SharedArchitecture) and pictures > 1:
        alike = _shared_layers(architecture, len(chunks))
    once = {*alike, 0} if tiling and architecture.encoding else alike
    shapes = tuple(
        LayerShape(
            fixed=replace(
                _folded([found[k][1] for found in each[: 1 if k in alike else None]], codes[k]).shape,
                banks=pictures,
                sets=1 if k in once else pictures,
            ),
            loadable=loadable_format(dense, precision, k, len(chunks), architecture.value.width),
            rotated=tuple(rotated),
            following=tuple(following),
            shared=k in once,
            baked=dense,
            tiling=tiling,
            loadable_sets=pictures if tiling and k not in alike else 1,
        )
        for k, (rotated, dense, following) in enumerate(chunks)
    )
    if window and tiling:
        return (_in_window(shapes[0], tiling, [found[0][1] for found in each], codes[0]), *shapes[1:])
    return shapes


def _in_window(shape: LayerShape, tiling: Tiling, layers: Sequence[Dense], code: WeightCode) -> LayerShape:
    """Return the first layer of tiles for coordinates from a window over them."""
    x = WindowNumbers(tiling.whole).anywhere_in(tiling)
    finer = _folded([layer.taking(x) for layer in layers], code).shape
    return replace(
        shape,
        fixed=replace(finer, banks=shape.fixed.banks, sets=shape.fixed.sets),
        loadable=shape.loadable.finer(x.frac - shape.fixed.x.frac),
        window=tiling.whole,
    )


def _folded(layers: Sequence[Dense], code: WeightCode) -> FoldedDense:
    """Return the layer of a network, or those of several as banks, on a lane for each weight."""
    first = layers[0]
    i, fold = replace(first.i, banks=len(layers)), Fold(*first.weight.shape)
    return FoldedDense.of(layers, i, fold, sign_bits=code.sign_bits)


def _chunks(nodes: Iterable[Node]) -> list[tuple[list[Node], Dense, list[Node]]]:
    """Return each dense layer with a rotation in front of it, and with the nodes behind it."""
    found: list[tuple[list[Node], Dense, list[Node]]] = []
    rotated: list[Node] = []
    for node in nodes:
        if isinstance(node, Dense):
            found.append((rotated, node, []))
            rotated = []
        elif isinstance(node, Fwht) or rotated:
            rotated.append(node)
        else:
            found[-1][2].append(node)
    return found


def _shared_layers(architecture: SharedArchitecture, layers: int) -> range:
    """Return which dense layers pictures share; a projection of two factors is one layer more."""
    more = layers - (len(architecture.features) - 1)
    shared = architecture.shared_layers
    return range(shared.start + more, shared.stop + more)
