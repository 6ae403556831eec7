"""The first layer on a raster scan over leaves of several sizes: that over tiles, behind a map.

The scan counts in cells, equal tiles as large as the smallest leaf. A memory says to which leaf a cell
belongs, and how many cells that has side by side, a power of two. So a leaf begins where the last bits of a
cell's place on each axis are zero, and its sums wait in the place of its first cell. Where a leaf's samples
are farther apart its increments are larger, which are its own anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Module
from amaranth.lib import wiring

from inrhw.core.sources.counter import all_of
from inrhw.core.sources.folded_raster import Position
from inrhw.core.sources.leaf_memory import in_word, leaf_map
from inrhw.core.sources.tile_counter import TileCounter
from inrhw.core.sources.tiled_raster import TiledRaster, TiledRasterComponent
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import ColumnMemory
from inrhw.gateware.pipeline import delay
from inrhw.gateware.protection.chosen import read_latency
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.signals.tiles.leaves import Leaves


@dataclass(frozen=True, eq=False)
class LeafRaster(TiledRaster):
    """A folded first layer with a bank for each leaf of a signal.

    Parameters
    ----------
    dense
        The networks' first layer.
    grids
        That of a tile that is not cut.
    tiling
        Where the leaves are.
    """

    tiling: Leaves

    @property
    def position_latency(self) -> int:
        """Cycles in which the map is read."""
        return 1 + read_latency(self.dense.weight_ecc)

    def leaf_map(self) -> list[Contents]:
        """Return the map, which says of every cell its leaf."""
        return leaf_map(self.tiling, self.dense.weight_ecc)

    @property
    def memories(self) -> tuple[Contents, ...]:
        """Those of a loadable layer, and the map."""
        return (*super().memories, *self.leaf_map()) if self.dense.loadable else ()

    def component(self) -> "LeafRasterComponent":
        """Return the accumulators, the counter and the map."""
        return LeafRasterComponent(self)

    @classmethod
    def examples(cls) -> Iterator["LeafRaster"]:
        """Yield leaves of every awkward shape, whole and cut, with whole and uneven numbers of beats."""
        rng = np.random.default_rng(0)
        for sides, tile, depths, rows, lanes in (
            ((8, 4), (4, 4), "01111", 3, 3),
            ((8, 8), (8, 8), "1222211", 4, 2),
            ((7, 5), (4, 4), "12222110110", 3, 2),
            ((3, 3), (8, 8), "1", 3, 1),
            ((6, 3), (4, 2), "111111110", 3, 3),
            ((4, 4), (2, 2), "0000", 2, 1),
            ((200, 4), (4, 4), "1111" + "0" * 48 + "1111", 3, 2),
            ((11,), (4,), "122012", 3, 2),
            ((5, 3, 6), (4, 4, 4), "0111111110", 3, 2),
        ):
            tiling = Leaves(sides, tile, depths)
            vector = tiling.grid.vector
            i = replace(vector, banks=tiling.tiles)
            layers = [
                Dense(vector, rng.integers(-99, 100, (rows, len(tile))), 9, bias, 4, wrap=True)
                for bias in rng.integers(-99, 100, (tiling.tiles, rows))
            ]
            for each in (layers, layers[:1]):
                yield cls(FoldedDense.of(each, i, Fold(lanes, len(tile))), (tiling.grid,), tiling)
        for weight_ecc in ("ecc", "top3"):
            dense = FoldedDense.of(layers, i, Fold(lanes, len(tile)), weight_ecc=weight_ecc)
            yield cls(dense, (tiling.grid,), tiling)


class LeafRasterComponent(TiledRasterComponent):
    """Puts out a vector for each cycle in which `advance` is high, with its leaf as the bank."""

    _source: LeafRaster

    def __init__(self, source: LeafRaster) -> None:
        super().__init__(source)
        contents = source.leaf_map()
        self._map = ColumnMemory(contents, contents[0].width, 0 if source.dense.loadable else None)

    def _position(self, m: Module) -> Position:
        source, tiling = self._source, self._source.tiling
        m.submodules.counter = counter = TileCounter(tiling.cells)
        m.submodules.map = self._map
        m.d.comb += [counter.step.eq(self.advance), self._map.address.eq(counter.tile)]
        axes = len(tiling.sides)
        asked = [*counter.starts, *counter.places, *([self.bank] if source.dense.loadable else [])]
        if source.dense.loadable:
            m.d.comb += self._map.bank.eq(self.bank)
        late = [delay(m, signal, source.position_latency, signal.name) for signal in asked]
        starts, places, picture = late[:axes], late[axes : 2 * axes], late[2 * axes :]
        number, halvings = in_word(tiling, self._map.data[0])
        # Those bits of a cell's place that differ in a leaf.
        inner = [Cat(halvings > bit for bit in range(len(place))) for place in places]
        in_first = [(place & bits) == 0 for place, bits in zip(places, inner, strict=True)]
        *starts, first = (start & all_of(in_first[:n]) for n, start in enumerate(starts, 1))
        return Position(
            first,
            starts,
            Cat(place & ~bits for place, bits in zip(places[:-1], inner, strict=False)),
            Cat(number, *picture),
            counter.start_of_scan if axes > 2 else counter.start_of_frame,
            counter.start_of_frame,
            counter.end_of_line,
        )

    def _also_read(self) -> list[ColumnMemory]:
        return [self._map]

    def _also_loaded(self) -> list[tuple[wiring.PureInterface, int]]:
        return [(self._map.load, len(self._source.contents()))]
