"""Configuration upsets: a core's frame with one flipped bit in its LUTs or fixed block RAMs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inrhw.artifact.manifest import Manifest
from inrhw.base.progress import OnProgress, silent
from inrhw.estimates.beats import values_of_bits
from inrhw.estimates.upsets.recording import Place, Recording
from inrhw.signals.likeness import psnr_db
from inrhw.signals.patches import Patches
from inrhw.signals.samples import Values
from inrhw.synthesis.netlist import Netlist, top_module

#: Copies of the netlist that are simulated together.
COPIES = 128

#: A loss of PSNR in dB that is seen.
_SEEN_DB = 1.0


@dataclass(frozen=True)
class NodeUpsets:
    """Bits of one node of the pipeline.

    Attributes
    ----------
    node
        Its name; "top" for bits of no node.
    bits
        Bits of configuration.
    tried
        Bits that were flipped, one at a time.
    critical
        Those that changed the frame.
    harmful
        How many of those cost 1 dB or more.
    median_db, worst_db
        PSNR in dB of the frames that changed; None if none did.
    """

    node: str
    bits: int
    tried: int
    critical: int
    harmful: int
    median_db: float | None
    worst_db: float | None


@dataclass(frozen=True)
class Upsets:
    """Effects of single flipped bits of the configuration.

    Attributes
    ----------
    bits
        Of all LUTs, and of block RAMs that are never written.
    tried
        Bits that were flipped, one at a time: all, or a uniform sample.
    critical
        Those that changed any pixel of the frame, the start of the frame, or the end of a line.
    harmful
        How many of those cost 1 dB or more.
    unread
        Tried bits that no pixel of the frame reads.
    unfinished
        Tried bits with too few pixels; missing ones count as zeros.
    clean_db
        PSNR in dB of the core's frame without upsets.
    median_db, worst_db
        PSNR in dB over all that were tried.
    nodes
        By node of the pipeline, the worst first.
    """

    bits: int
    tried: int
    critical: int
    harmful: int
    unread: int
    unfinished: int
    clean_db: float
    median_db: float
    worst_db: float
    nodes: tuple[NodeUpsets, ...]


@dataclass(frozen=True)
class _Outcome:
    """Effect of a flipped bit."""

    db: float
    critical: bool = False
    finished: bool = True


def upsets_of(
    folder: Path, netlist: Path, signal: Values, *, most: int, seed: int, on_progress: OnProgress = silent
) -> Upsets:
    """Flip bits of a core's configuration, one at a time, and render its frame with each.

    The netlist is simulated from power-up on, as long as a frame takes, with the bit wrong from the start.
    Its inputs are those of the run without upsets.

    Parameters
    ----------
    folder
        The artifact: manifest.json and vectors.npz.
    netlist
        Its netlist in JSON, for UltraScale+.
    signal
        The signal that the core should render, as in `Samples.values`.
    most
        Bits to flip: all if there are no more, else a uniform sample of this size.
    seed
        Of the draw.
    on_progress
        Called with (bits done, bits in all).

    Raises
    ------
    InputError
        A file is missing, or the netlist has a cell without a model.
    Mismatch
        The netlist without upsets gives a wrong pixel.
    """
    design = Netlist(top_module(netlist))
    recording = Recording(folder, design)
    frame = _Frame(Manifest.load(folder), signal, recording.observed)
    chosen = _drawn(recording.configuration, most, seed)
    read = [place for place in chosen if recording.reads(place)]
    # Those of a batch have about the same fan-out.
    near = recording.steps_to_output()
    read.sort(key=lambda place: (near.get(place.cell, 0), place))
    found = dict.fromkeys(chosen, frame.clean)
    unread = len(chosen) - len(read)
    for first in range(0, len(read), COPIES):
        batch = read[first : first + COPIES]
        found |= zip(batch, frame.outcomes(recording.with_upsets(batch)), strict=True)
        on_progress(unread + first + len(batch), len(chosen))
    outcomes = list(found.values())
    dbs = [each.db for each in outcomes]
    seen_db = frame.clean.db - _SEEN_DB
    return Upsets(
        sum(recording.configuration.values()),
        len(chosen),
        sum(each.critical for each in outcomes),
        sum(db <= seen_db for db in dbs),
        unread,
        sum(not each.finished for each in outcomes),
        frame.clean.db,
        float(np.median(dbs)),
        min(dbs),
        tuple(sorted(_by_node(design, recording.configuration, found, seen_db), key=_harm, reverse=True)),
    )


def _drawn(sizes: Mapping[str, int], most: int, seed: int) -> list[Place]:
    """Return all bits of cells, or a uniform sample."""
    ends = np.cumsum(list(sizes.values()))
    total = int(ends[-1])
    rng = np.random.default_rng(seed)
    chosen = np.arange(total) if total <= most else np.sort(rng.choice(total, most, replace=False))
    cells = np.searchsorted(ends, chosen, side="right")
    names, starts = list(sizes), ends - list(sizes.values())
    return [Place(names[k], int(bit - starts[k])) for k, bit in zip(cells, chosen, strict=True)]


def _by_node(
    design: Netlist, sizes: Mapping[str, int], found: Mapping[Place, _Outcome], seen_db: float
) -> Iterator[NodeUpsets]:
    bits: dict[str, int] = defaultdict(int)
    of_node: dict[str, list[_Outcome]] = defaultdict(list)
    nodes = {cell: design.node_of_cell(design.cells[cell]) for cell in sizes}
    for cell, count in sizes.items():
        bits[nodes[cell]] += count
    for place, outcome in found.items():
        of_node[nodes[place.cell]].append(outcome)
    for node, count in bits.items():
        dbs = [each.db for each in of_node[node] if each.critical]
        median, worst = (float(np.median(dbs)), min(dbs)) if dbs else (None, None)
        harmful = sum(db <= seen_db for db in dbs)
        yield NodeUpsets(node, count, len(of_node[node]), len(dbs), harmful, median, worst)


def _harm(node: NodeUpsets) -> tuple[float, float]:
    """Return the sort key of nodes: their critical bits, by the sample."""
    return node.bits * node.critical / max(1, node.tried), node.bits


class _Frame:
    """The expected frame, and the frame without upsets."""

    def __init__(self, manifest: Manifest, signal: Values, observed: NDArray[np.uint8]) -> None:
        self._manifest, self._signal = manifest, signal
        self._words = self._beats(observed)
        self.clean = _Outcome(self._db(self._words))

    def outcomes(self, observed: Iterable[NDArray[np.uint8]]) -> Iterator[_Outcome]:
        """Yield the effect of each flipped bit, from the observed signals."""
        for each in observed:
            words = self._beats(each)
            if np.array_equal(words, self._words):
                yield self.clean
            else:
                yield _Outcome(self._db(words), True, len(words) == self._manifest.beats)

    def _beats(self, observed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the bits of the frame's beats, `OBSERVED` but for the first."""
        return observed[observed[:, 0] == 1, 1:][: self._manifest.beats]

    def _db(self, words: NDArray[np.uint8]) -> float:
        manifest = self._manifest
        values = np.zeros((manifest.beats, len(manifest.tdata_order)), np.int64)
        values[: len(words)] = values_of_bits(manifest, words)
        if manifest.patch_order:
            values = Patches(manifest.sides, manifest.patch).scatter(values)
        return psnr_db(self._signal, values.astype(self._signal.dtype).reshape(self._signal.shape))
