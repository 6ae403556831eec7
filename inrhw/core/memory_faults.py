"""What a folded core renders when bits of its memories flipped, check bits too: its circuit in integers.

Nothing here is rounded or clamped that the circuit does not: a flipped weight can make a sum leave its width,
and the sum wraps.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from inrhw.base.types import Codes, Element, Phase
from inrhw.core.core import Core
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.gateware.memory import Contents, contents_to_columns
from inrhw.gateware.protection.protection import Protection
from inrhw.gateware.protection.repair import Pieces
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.rows import wrapped
from inrhw.ops.linear.folded_dense.signs import beyond_sum, from_words

#: From what a memory was given to what is read of it.
Strike = Callable[[Contents], Contents]


def is_strikable(core: Core) -> bool:
    """Return whether bits of the core's memories can be flipped here: it is folded, and of one network.

    Packed multipliers are left out, which take no weight of -128, and windows, whose coordinates are finer.
    """
    folded = [node for node in core.graph.nodes.values() if isinstance(node, FoldedDense)]
    return bool(folded) and not core.window and not any(node.sets > 1 or node.packed for node in folded)


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
    """Return the bits of all memories of weights for one picture, checks among them."""
    return sum(
        (memory.width + _code(memory, core.scrubs).check_bits) * len(memory.words)
        for memory in _memories(core)
    )


def rendered(core: Core, strike: Strike) -> Codes:
    """Return the values of a core that `is_strikable`, int64 [samples, channels], as they are scanned."""
    nodes, x = list(core.graph.nodes.values()), core.grid.codes()
    if core.source == "raster" and isinstance(core.raster, FoldedRaster):
        x, nodes = _scanned(core.raster, strike), nodes[1:]
    for node in nodes:
        x = struck_forward(node, x, strike) if isinstance(node, FoldedDense) else node.forward_int(x)
    return x


def struck_forward(node: FoldedDense, x: Codes, strike: Strike) -> Codes:
    """Return what a layer of one set of weights makes of codes [batch, i.length], with such memories."""
    format, lanes, scales = node.format, node.lane_contents(), node.scale_contents()
    pe, simd = node.fold.pe, node.fold.simd
    words = np.array([_columns(lane, format.weight_bits, strike) for lane in lanes])
    words = words.reshape(simd, node.neuron_fold, node.synapse_fold, pe)
    words = words.transpose(1, 3, 2, 0).reshape(node.neuron_fold * pe, -1)[: node.o.length, : node.i.length]
    codes = _columns(scales, node.scale_width, strike).reshape(-1)[: node.o.length]
    bias, shift = codes & (1 << format.sum_width) - 1, format.shift_lo + (codes >> format.sum_width)
    if format.level is None:
        sums = x @ wrapped(words, format.weight_bits).T
    else:
        signs = from_words(words, format.weight_bits)
        sums = x @ signs.T + beyond_sum(signs, node.synapse_fold) << format.level
    total = (sums + bias) & (1 << format.sum_width) - 1
    if not isinstance(node.element, Phase):
        total = wrapped(total, format.sum_width)
    return _of_element(total >> shift, node.element)


def _scanned(raster: FoldedRaster, strike: Strike) -> Codes:
    """Return the first layer's output for every sample of a scan: sums that grow by constants."""
    steps = _columns(raster.contents(), raster.acc_width, strike)
    steps = steps.reshape(raster.starts, -1)[:, : raster.o.length]
    # What is added at each sample: the start once, else the step of the last axis that went on.
    codes = raster.grids[0].codes()
    went_on = np.cumprod(codes == codes[0], axis=1).sum(axis=1)
    added = np.where(np.arange(len(codes)) == 0, 0, 1 + went_on)
    # Modulo 2**64, of which the sums are the low bits.
    total = np.cumsum(steps[added], axis=0)
    width = raster.o.element.width
    total = total >> raster.acc_width - width & (1 << width) - 1
    return _of_element(total, raster.o.element)


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
    """Return the codes that are read, [depth, columns], without a sign."""
    columns: Codes = contents_to_columns([strike(memory) for memory in contents], width)[0]
    return columns


def _of_element(codes: Codes, element: Element) -> Codes:
    return wrapped(codes, element.width) if element.signed else codes & (1 << element.width) - 1
