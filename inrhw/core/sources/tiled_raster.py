"""The first layer on a raster scan over tiles, each with weights of its own: accumulators, no multiplier.

A line of a picture crosses many tiles. What each neuron's sum was at the last sample of a tile's line waits
for the next line in a memory with a place for each column of tiles; on three axes it waits for the next frame
too, in a place for each tile of a frame; on one axis nothing waits. So a tile is scanned as a signal is by a
`FoldedRaster`, and another tile may come with every sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Module

from inrhw.base.types import Codes
from inrhw.core.sources.folded_raster import FoldedRaster, FoldedRasterComponent, Position
from inrhw.core.sources.tile_counter import TileCounter
from inrhw.gateware.memories.contents import Contents
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.signals.tiles.tiling import Tiling


@dataclass(frozen=True, eq=False)
class TiledRaster(FoldedRaster):
    """A folded first layer with a bank for each tile.

    Parameters
    ----------
    dense
        The networks' first layer.
    grids
        That of a whole tile.
    tiling
        Where the tiles are.
    """

    tiling: Tiling

    @classmethod
    def of(cls, dense: FoldedDense, tiling: Tiling) -> "TiledRaster":
        """Return the scan of a signal's tiles."""
        return cls(dense, (tiling.grid,), tiling)

    @property
    def told_banks(self) -> int:
        """The scan knows the tile, but of loadable weights not which of two pictures is shown."""
        return 2 if self.dense.loadable else 1

    @property
    def pixels(self) -> int:
        """Samples of a scan."""
        return self.tiling.whole.pixels

    def contents(self) -> list[Contents]:
        """Return start values, then increments of a pixel, a line, a frame; once if all tiles are alike."""
        step = self.tiling.steps[:, None]
        back, whole = self.tiling.extents - 1, np.array(self.tiling.tile) // step - 1
        if self.dense.sets == 1 and (back[:, :-1] == back[0, :-1]).all() and (step == step[0]).all():
            back, step = back[:1], step[:1]
        return self._contents(list(whole[: len(step)].T[..., None]), list(back.T[..., None]), step)

    def forward_int(self, bank: int = 0) -> Codes:
        """Return the first layer's output for every sample, [samples, o.length]."""
        return self.dense.forward_banks(self.tiling.codes(), self.tiling.numbers())

    def frames(self, vectors: int) -> Iterator[tuple[int, Codes]]:
        """Yield 0 and vectors of scan after scan, until so many vectors."""
        frame = self.forward_int()
        for left in range(vectors, 0, -len(frame)):
            yield 0, frame[:left]

    def component(self) -> "TiledRasterComponent":
        """Return the accumulators and the counter."""
        return TiledRasterComponent(self)

    @classmethod
    def examples(cls) -> Iterator["TiledRaster"]:
        """Yield tiles of every awkward shape, whole and cut, with whole and uneven numbers of beats."""
        rng = np.random.default_rng(0)
        for sides, tile, rows, lanes in (
            ((4, 4), (2, 2), 3, 3),
            ((6, 4), (3, 2), 4, 2),
            ((5, 3), (2, 2), 3, 1),
            ((3, 5), (1, 2), 2, 1),
            ((4, 3), (4, 1), 3, 2),
            ((2, 2), (2, 2), 3, 1),
            ((80, 2), (1, 1), 3, 2),
            ((80, 2), (1, 2), 4, 2),
            ((7,), (3,), 3, 2),
            ((4,), (1,), 2, 2),
            ((5, 3, 4), (2, 2, 3), 3, 2),
            ((2, 3, 2), (2, 1, 1), 2, 2),
            ((3, 2, 3), (3, 2, 2), 3, 1),
        ):
            tiling = Tiling(sides, tile)
            vector = tiling.grid.vector
            i = replace(vector, banks=tiling.tiles)
            layers = [
                Dense(vector, rng.integers(-99, 100, (rows, len(tile))), 9, bias, 4, wrap=True)
                for bias in rng.integers(-99, 100, (tiling.tiles, rows))
            ]
            for each in (layers, layers[:1]):
                yield cls.of(FoldedDense.of(each, i, Fold(lanes, len(tile))), tiling)


class TiledRasterComponent(FoldedRasterComponent):
    """Puts out a vector for each cycle in which `advance` is high, with its tile as the bank."""

    _source: TiledRaster

    def _position(self, m: Module) -> Position:
        m.submodules.counter = counter = TileCounter(self._source.tiling)
        m.d.comb += counter.step.eq(self.advance)
        *starts, start_of_tile = counter.starts
        return Position(
            start_of_tile,
            starts,
            counter.waiting,
            Cat(counter.tile, self.bank) if self._source.dense.loadable else counter.tile,
            counter.start_of_scan if len(starts) > 1 else counter.start_of_frame,
            counter.start_of_frame,
            counter.end_of_line,
        )
