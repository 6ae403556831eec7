"""The core: a graph between a source of coordinates and an AXI4-Stream of samples."""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Fixed, Vector
from inrhw.core.beat import Beat
from inrhw.core.circuit import CoreComponent
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.leaf_raster import LeafRaster
from inrhw.core.sources.raster import RasterSource
from inrhw.core.sources.tiled_raster import TiledRaster
from inrhw.core.sources.tiled_stream import TiledStream
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.core.sources.window import WindowSource
from inrhw.gateware.memories.contents import Contents, whole_depth
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.gateware.protection.chosen import counted_errors
from inrhw.lowering.folding import weight_ecc_of
from inrhw.lowering.hardware import check_control, check_leaves, check_scrub, check_source, check_window
from inrhw.lowering.patch_order import check_patches
from inrhw.lowering.second_weights import drawn_weights, other_weights
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.patches import Patches
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import Window

#: Cycles from a pixel leaving the network to the same pixel at m_axis: the FIFO and its output register.
FIFO_LATENCY = 2


@dataclass(frozen=True, eq=False)
class Core:
    """A network with its source, as one piece of hardware.

    Parameters
    ----------
    graph
        From coordinates to pixels, as `lower` makes it.
    grid
        The signal's coordinates.
    source
        "raster": the core makes the coordinates itself, frame after frame. "stream": they come by
        AXI4-Stream.
    others
        Grids of picture 1, 2, and so on, of a core of many; none where all have the first one's.
    control
        Whether there are registers to start, stop and watch it; of a raster core.
    window
        Whether the raster core's window can be set at run time: see `WindowSource` and `TiledWindow`.
    tiling
        The tiles of the signal, of a core with a bank of weights for each.
    pad
        Whether m_axis_tdata has zeros above the values, up to a power of two of bytes.
    patch
        Samples along each axis of the patch that an evaluation gives; () for a single one. Grid and tiles are
        then those of patches.
    patch_order
        Whether a beat is a patch; else samples leave line by line.
    """

    graph: Graph
    grid: Grid
    source: str = "raster"
    others: tuple[Grid, ...] = ()
    control: bool = False
    window: bool = False
    tiling: Tiling | None = None
    pad: bool = False
    patch: tuple[int, ...] = ()
    patch_order: bool = False

    def __post_init__(self) -> None:
        check_source(self.source)
        check_control(self.control, self.source)
        patches, in_patches = self.patches, self.patch_order
        sizes = len(set(self.grids))
        check_patches(patches, in_patches, self.source, sizes, window=self.window, scrubs=self.scrubs)
        if self.graph.o.length % self.patches.samples:
            raise InputError(f"{self.graph.o.length} values are not those of {self.patches.samples} samples")
        if self.scrubs:
            check_scrub(self.source, bool(self.graph.memories))
        if self.window:
            first = next(iter(self.graph.nodes.values()))
            folded = isinstance(first, FoldedDense)
            check_window(self.source, folded, first.o.element, self.grid.axes, self.tiling)
        i = self.graph.i
        if self.tiling:
            self._check_tiling(self.tiling)
        for vector in self._coordinates:
            if (i.element, i.length) != (vector.element, vector.length):
                raise InputError(f"the graph takes {i}, but the grid gives {vector}")
        if len(self.grids) != self.pictures:
            raise InputError(f"a core of {self.pictures} pictures needs as many grids, not {len(self.grids)}")

    @property
    def _coordinates(self) -> list[Vector]:
        """What the first layer is given: of tiles, of a window over them, or of each picture."""
        if self.tiled_window:
            return [self.tiled_window.o]
        return [grid.vector for grid in ((self.tiling.grid,) if self.tiling else self.grids)]

    def _check_tiling(self, tiling: Tiling) -> None:
        if tiling.sides != self.grid.sides:
            raise InputError("tiles must be of the signal that the core shows")
        if isinstance(tiling, Leaves):
            loadable, weight_ecc = bool(self.graph.memories), weight_ecc_of(self.graph)
            check_leaves(self.source, window=self.window, loadable=loadable, weight_ecc=weight_ecc)
        banks = 2 * whole_depth(tiling.tiles) if self.graph.memories else tiling.tiles
        if self.graph.i.banks != banks:
            raise InputError(f"a core of {tiling.tiles} tiles needs a bank of weights for each")

    @property
    def grids(self) -> tuple[Grid, ...]:
        """That of each picture."""
        return (self.grid, *self.others) if self.others else (self.grid,) * self.pictures

    @property
    def patches(self) -> Patches:
        """What evaluations give of the signal, or of the first of several."""
        return self.patches_of(self.grid)

    def patches_of(self, grid: Grid) -> Patches:
        """Return what evaluations on a grid give of the signal there."""
        patch = self.patch or (1,) * grid.axes
        return Patches(tuple(side * own for side, own in zip(grid.sides, patch, strict=False)), patch)

    @property
    def buffer(self) -> PatchBuffer | None:
        """What turns patches into lines, of a core that does."""
        if not self.patch or self.patch_order:
            return None
        return PatchBuffer.of(self.patches, self.evaluation.bits_per_sample, self.pictures)

    @property
    def sizes(self) -> tuple[Grid, ...]:
        """The grids that differ, in the order of the pictures."""
        return tuple(dict.fromkeys(self.grids))

    @property
    def scans(self) -> tuple[Grid, ...]:
        """What a raster scan goes through: one grid, or that of each bank if they differ."""
        return self.sizes if len(self.sizes) == 1 else self.grids

    @property
    def coordinates(self) -> Codes:
        """What golden vectors are about: every coordinate of each size, int64 [n, axes].

        With tiles they are those that the network gets; but a stream core is given those of the whole signal.
        """
        return self.grid.codes() if self.source == "stream" and self.tiling else self.network_inputs

    @property
    def network_inputs(self) -> Codes:
        """What the first layer gets for `coordinates`."""
        if self.tiled_window:
            return self.tiled_window.located()[1]
        if self.tiling:
            return self.tiling.codes()
        return np.concatenate([grid.codes() for grid in self.sizes])

    def golden(self) -> list[Codes]:
        """Return what the core gives of each picture, [beats, values]: pixels, or patches as they are."""
        return [self._as_beats(values) for values in self._evaluated()]

    def _as_beats(self, values: Codes) -> Codes:
        """Return what is evaluated at all coordinates in the order in which it leaves."""
        return self.patches.scatter(values).reshape(-1, self.channels) if self.buffer else values

    def _evaluated(self) -> list[Codes]:
        """Return the network's values of each picture at all coordinates, [n, values]."""
        x = self.network_inputs
        if not self.tiling:
            return [self.graph.of_bank(bank).forward_int(x) for bank in range(self.pictures)]
        return [self.graph.forward_banks(x, self.tiling.numbers())]

    def in_window(self, window: Window) -> Codes:
        """Return what the core gives in a window, [pixels, values]; its window can be set.

        Raises
        ------
        InputError
            If the window's numbers do not fit its ports.
        """
        source = self.window_source
        if isinstance(source, TiledWindow):
            numbers, x = source.located(window)
            return self.graph.forward_banks(x, numbers)
        assert source
        return self.pipeline.forward_int(source.forward_int(window))

    def as_signal(self, beats: Codes, grid: Grid) -> Codes:
        """Return the beats of a scan of a grid as the signal's values, [..., y, x, channels]."""
        if self.buffer:
            return beats.reshape(*reversed(self.patches.sides), -1)
        values = beats.reshape(*reversed(grid.sides), -1)
        return self.patches_of(grid).scatter(values) if self.patch else values

    def frame(self, picture: int) -> slice:
        """Return which beats of a scan of all sizes are a picture's own."""
        if self.buffer:
            return slice(math.prod(self.beat_sides))
        grid, start = self.grids[picture], 0
        for other in itertools.takewhile(lambda other: other != grid, self.sizes):
            start += other.pixels
        return slice(start, start + grid.pixels)

    @property
    def window_source(self) -> WindowSource | TiledWindow | None:
        """What walks over the picture, of a core whose window can be set."""
        if self.tiled_window:
            return self.tiled_window
        first = next(iter(self.graph.nodes.values()))
        return WindowSource(first, self.grid) if self.window and isinstance(first, Dense) else None

    @property
    def tiled_window(self) -> TiledWindow | None:
        """The same, of a core in tiles: what walks in front of the first layer."""
        return TiledWindow(self.tiling, self.graph.i.banks) if self.tiling and self.window else None

    @property
    def raster(self) -> RasterSource | FoldedRaster | TiledWindow:
        """The first layer as a raster source; or what walks in front of it."""
        if self.tiled_window:
            return self.tiled_window
        first = next(iter(self.graph.nodes.values()))
        if isinstance(first, FoldedDense):
            if isinstance(self.tiling, Leaves):
                return LeafRaster(first, (self.tiling.grid,), self.tiling)
            return TiledRaster.of(first, self.tiling) if self.tiling else FoldedRaster(first, self.scans)
        assert isinstance(first, Dense)
        return WindowSource(first, self.grid) if self.window else RasterSource(first, self.grid)

    @property
    def tiled_stream(self) -> TiledStream | None:
        """The source of a stream core in tiles."""
        return TiledStream(self.tiling, self.graph.i) if self.tiling and self.source == "stream" else None

    @property
    def coordinate(self) -> Fixed:
        """Format of a coordinate: of those of s_axis, or else of those that the network gets."""
        element = self.grid.element if self.source == "stream" else self.graph.i.element
        assert isinstance(element, Fixed)
        return element

    @property
    def pipeline(self) -> Graph:
        """The part of the graph between source and FIFO."""
        scans = self.source == "raster" and not self.tiled_window
        return self.graph.without_first() if scans else self.graph

    @property
    def pictures(self) -> int:
        """Pictures whose weights the core holds for good; which one, says tid or a register."""
        return 1 if self.graph.memories or self.tiling else self.graph.i.banks

    @property
    def banks(self) -> list[int]:
        """Numbers of the banks that hold weights: between two loadable pictures in tiles there is a gap."""
        banks = range(self.graph.i.banks)
        if not (self.tiling and self.graph.memories):
            return list(banks)
        return [bank for bank in banks if bank % (len(banks) // 2) < self.tiling.tiles]

    @functools.cached_property
    def memories(self) -> tuple[Contents, ...]:
        """All memories that can be written, with what they hold for this network; none if weights are fixed.

        The first one's name says all that a network must share with this core besides the memories.
        """
        raster = self.raster.memories if self.source == "raster" else ()
        memories = (*raster, *self.pipeline.memories)
        if not memories:
            return ()
        edges = "; ".join(f"{name} {node.o}" for name, node in self.graph.nodes.items())
        tiles = f"tiles {self.tiling}; " if self.tiling else ""
        patch = f"patch {size_text(self.patch)}; " if self.patch else ""
        name = f"{memories[0].name}; {self.grid}; {tiles}{patch}{edges}"
        return (replace(memories[0], name=name), *memories[1:])

    @property
    def scrubs(self) -> bool:
        """Whether the words of memories are repaired before each frame."""
        return weight_ecc_of(self.graph) == "scrub"

    @property
    def counted_errors(self) -> tuple[str, ...]:
        """Which errors in memories are counted by registers, if there are any; see there."""
        return counted_errors(weight_ecc_of(self.graph))

    @property
    def held_between_frames(self) -> bool:
        """Whether memories are written between two frames: words are repaired, or a tile is replaced."""
        return self.scrubs or any(memory.part for memory in self.memories)

    @property
    def other(self) -> "Core":
        """The same hardware with other weights, and leaves, for the bench of a loadable core."""
        tiling = self.tiling.turned if isinstance(self.tiling, Leaves) else self.tiling
        return replace(self, graph=other_weights(self.graph), tiling=tiling)

    def drawn(self, seed: int) -> "Core":
        """Return the same hardware with any weights, for the bench of a loadable core."""
        return replace(self, graph=drawn_weights(self.graph, seed))

    @property
    def other_tiles(self) -> "Core | None":
        """The same with other weights of tiles alone, where these are not all that the memories hold.

        It is for the bench of a core in which single tiles can be replaced.
        """
        if len({bool(memory.part) for memory in self.memories}) < 2:
            return None
        return replace(self, graph=other_weights(self.graph, of_tiles=True))

    @property
    def has_registers(self) -> bool:
        """Whether there is an AXI4-Lite bus."""
        return bool(self.memories) or self.control or (self.pictures > 1 and self.source == "raster")

    @property
    def source_latency(self) -> int:
        """Cycles from admission to the first node."""
        if self.source == "raster":
            return self.raster.latency
        return self.tiled_stream.latency if self.tiled_stream else 0

    @property
    def initiation_interval(self) -> int:
        """Cycles between pixels."""
        return self.graph.initiation_interval

    @property
    def clocks_a_beat(self) -> float:
        """Cycles from a beat to the next, on average: those of a pixel, or of a patch that leaves as one."""
        interval = self.initiation_interval
        return self.patches.clocks_by_lines(interval) if self.buffer else interval

    @property
    def clocks_a_sample(self) -> float:
        """Cycles from a sample to the next, on average."""
        return self.clocks_a_beat if self.buffer else self.clocks_a_beat / self.patches.samples

    @property
    def latency(self) -> int:
        """Cycles from a pixel's admission to its beat at m_axis, when nothing is in its way."""
        return self._fifo_latency + (self.buffer.latency(self.initiation_interval) if self.buffer else 0)

    @property
    def cycles_to_fifo(self) -> int:
        """Cycles from a pixel's admission to its write into the FIFO."""
        return self.source_latency + self.pipeline.latency

    @property
    def _fifo_latency(self) -> int:
        return self.cycles_to_fifo + FIFO_LATENCY

    @property
    def credits(self) -> int:
        """Depth of the FIFO: room for everything in flight, and for the cycle of a returning credit."""
        if self.buffer:  # each takes some cycles to leave
            pace = max(self.initiation_interval, self.buffer.samples)
            return -(-(self._fifo_latency + self.buffer.samples) // pace)
        return self._fifo_latency // self.initiation_interval + 1

    @property
    def channels(self) -> int:
        """Values of a pixel."""
        return self.graph.o.length // self.patches.samples

    @property
    def beat_sides(self) -> tuple[int, ...]:
        """Beats along each axis, of many pictures of the first."""
        return self.patches.sides if self.buffer else self.grid.sides

    @property
    def value(self) -> Fixed:
        """Format of a value."""
        element = self.graph.o.element
        assert isinstance(element, Fixed)
        return element

    @property
    def evaluation(self) -> Beat:
        """What an evaluation of the network gives: a sample, or a patch."""
        return Beat(self.value, self.channels, self.patches.samples)

    @property
    def beat(self) -> Beat:
        """What a beat of m_axis is: a sample, or a patch that leaves as one."""
        return replace(self.evaluation, samples=1 if self.buffer else self.patches.samples, pad=self.pad)

    def component(self) -> "CoreComponent":
        """Return the top-level component, with flat AXI port names."""
        return CoreComponent(self)


def core_over(
    graph: Graph,
    grid: Grid | Sequence[Grid] | Tiling,
    source: str = "raster",
    *,
    control: bool = False,
    window: bool = False,
    pad: bool = False,
    patch: tuple[int, ...] = (),
    patch_order: bool = False,
) -> Core:
    """Return the core of a picture, of each of several pictures, or of a signal in tiles; see `Core`."""
    if isinstance(grid, Tiling):
        first, others, tiling = grid.whole, [], grid
    else:
        if not isinstance(grid, Grid) and not grid:
            raise InputError("a core shows at least one picture; give the grid of each")
        first, *others = [grid] if isinstance(grid, Grid) else grid
        tiling = None
    return Core(
        graph,
        first,
        source,
        tuple(others),
        control=control,
        window=window,
        tiling=tiling,
        pad=pad,
        patch=patch,
        patch_order=patch_order,
    )
