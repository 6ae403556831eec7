"""What a folded core renders when bits of its memories flipped, check bits too: its circuit in integers.

Nothing here is rounded or clamped that the circuit does not: a flipped weight can make a sum leave its width,
and the sum wraps. In a core of several pictures or tiles each bank of weights is struck once, for all that
reads it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.types import Codes, Element, Phase
from inrhw.core.core import Core
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.gateware.memories.contents import Contents, contents_to_columns
from inrhw.gateware.protection.protection import Protection
from inrhw.gateware.protection.repair import Pieces
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.rows import wrapped
from inrhw.ops.linear.folded_dense.signs import beyond_sum, from_words
from inrhw.ops.node import Graph

#: From what a memory was given to what is read of it.
Strike = Callable[[Contents], Contents]


def is_strikable(core: Core) -> bool:
    """Return whether bits of the core's memories can be flipped here: it is folded.

    Packed multipliers are left out, which take no weight of -128, and windows, whose coordinates are finer.
    """
    folded = [node for node in core.graph.nodes.values() if isinstance(node, FoldedDense)]
    return bool(folded) and not core.window and not any(node.packed for node in folded)


def flips(rate: float, rng: np.random.Generator, *, scrubs: bool = False) -> Strike:
    """Return memories each of whose bits flipped with this probability, read through their protection.

    If a core `scrubs`, this is what the next frame reads; the current frame reads a flip uncorrected.
    """

    def strike(contents: Contents) -> Contents:
        code = _code(contents, scrubs)
        words, width = list(contents.words), contents.width + code.check_bits
        hit = rng.random((len(words), width)) < rate
        for k in np.flatnonzero(hit.any(axis=1)).tolist():
            flipped = sum(1 << bit for bit in np.flatnonzero(hit[k]).tolist())
            words[k] = code.decode(code.encode(words[k]) ^ flipped).word
        return replace(contents, words=tuple(words))

    return strike


def stored_bits(core: Core) -> int:
    """Return the bits of all memories of weights, checks among them; of loadable ones one of two contents."""
    return sum(
        (memory.width + _code(memory, core.scrubs).check_bits) * len(memory.words)
        for memory in _memories(core)
    )


def rendered(core: Core, strike: Strike) -> list[Codes]:
    """Return the values of each picture of a core that `is_strikable`, int64 [samples, channels].

    Samples are in the order of a scan, or evaluations of a core in patches.
    """
    tiling, nodes = core.tiling, core.graph.nodes
    if core.source == "raster" and isinstance(core.raster, FoldedRaster):
        xs, nodes = _scanned(core, core.raster, strike), core.pipeline.nodes
    else:
        xs = [tiling.codes()] if tiling else [grid.codes() for grid in core.grids]
    struck = {
        name: struck_dense(node, strike) if isinstance(node, FoldedDense) else node
        for name, node in nodes.items()
    }
    if tiling:
        return [Graph(struck).forward_banks(xs[0], tiling.numbers())]
    return [Graph(struck).of_bank(bank).forward_int(x) for bank, x in enumerate(xs)]


@dataclass(frozen=True, eq=False)
class _StruckDense(FoldedDense):
    """A folded layer with what is read of its memories, in range or not: weights, or their signs."""

    def __post_init__(self) -> None:
        """Check nothing."""

    def forward_int(self, x: Codes) -> Codes:
        """Multiply, add, wrap, shift; see `Node`."""
        format, weight = self.format, self.weight[0]
        sums = x @ weight.T
        if format.level is not None:
            sums = sums + beyond_sum(weight, self.synapse_fold) << format.level
        total = (sums + self.bias[0]) & (1 << format.sum_width) - 1
        if not isinstance(self.element, Phase):
            total = wrapped(total, format.sum_width)
        return _of_element(total >> self.shift[0], self.element)


def struck_dense(node: FoldedDense, strike: Strike) -> FoldedDense:
    """Return a layer with what is read of such memories."""
    format, lanes, scales = node.format, node.lane_contents(), node.scale_contents()
    words = np.array([_columns(lane, format.weight_bits, strike) for lane in lanes])
    words = words.reshape(node.fold.simd, node.sets, node.neuron_fold, node.synapse_fold, node.fold.pe)
    words = words.transpose(1, 2, 4, 3, 0).reshape(node.sets, node.neuron_fold * node.fold.pe, -1)
    words = words[:, : node.o.length, : node.i.length]
    signs = format.level is not None
    weight = from_words(words, format.weight_bits) if signs else wrapped(words, format.weight_bits)
    codes = _columns(scales, node.scale_width, strike).reshape(node.sets, -1)[:, : node.o.length]
    bias, shift = codes & (1 << format.sum_width) - 1, format.shift_lo + (codes >> format.sum_width)
    others = (node.element, format, node.fold, node.loadable, node.packed, node.weight_ecc)
    return _StruckDense(node.i, weight, bias, shift, *others)


def _scanned(core: Core, raster: FoldedRaster, strike: Strike) -> list[Codes]:
    """Return the first layer's output for every sample of each picture: sums that grow by constants."""
    steps = _columns(raster.contents(), raster.acc_width, strike)
    steps = steps.reshape(len(steps), raster.starts, -1)[..., : raster.o.length]

    def scan(codes: Codes, bank: int) -> Codes:
        # What is added at each sample: the start once, else the step of the last axis that went on.
        went_on = np.cumprod(codes == codes[0], axis=1).sum(axis=1)
        added = np.where(np.arange(len(codes)) == 0, 0, 1 + went_on)
        # Modulo 2**64, of which the sums are the low bits.
        total = np.cumsum(steps[bank % len(steps)][added], axis=0)
        width = raster.o.element.width
        total = total >> raster.acc_width - width & (1 << width) - 1
        return _of_element(total, raster.o.element)

    if not core.tiling:
        return [scan(grid.codes(), bank) for bank, grid in enumerate(core.grids)]
    codes, numbers = core.tiling.codes(), core.tiling.numbers()
    values = np.empty((len(codes), raster.o.length), np.int64)
    for tile in range(core.tiling.tiles):
        here = numbers == tile
        values[here] = scan(codes[here], tile)
    return [values]


def _code(contents: Contents, scrubs: bool) -> Protection | Pieces:
    return Pieces(contents.width) if scrubs else contents.protection


def _memories(core: Core) -> list[Contents]:
    nodes = list(core.graph.nodes.values())
    found: list[Contents] = []
    if core.source == "raster" and isinstance(core.raster, FoldedRaster):
        found, nodes = core.raster.contents(), nodes[1:]
    for node in nodes:
        if isinstance(node, FoldedDense):
            found += [*(memory for lane in node.lane_contents() for memory in lane), *node.scale_contents()]
    return found


def _columns(contents: Sequence[Contents], width: int, strike: Strike) -> Codes:
    """Return the codes that are read, [sets, depth, columns], without a sign."""
    columns: Codes = contents_to_columns([strike(memory) for memory in contents], width)
    return columns


def _of_element(codes: Codes, element: Element) -> Codes:
    return wrapped(codes, element.width) if element.signed else codes & (1 << element.width) - 1
