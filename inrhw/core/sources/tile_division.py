"""From coordinates of a signal to the tile and the place in it.

That is a long division, a bit of the quotient a clock, on all axes at once: no multiplier, and any number of
tiles of any size costs as many cycles as the tiles on one axis have bits. Leaves of several sizes are found
by cells, equal tiles as large as the smallest leaf: a map says to which leaf a cell belongs, and another
cycle for each halving turns the place in the cell into that in the leaf.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from inrhw.core.sources.leaf_memory import in_word, leaf_map
from inrhw.gateware.memories.memory import ColumnMemory
from inrhw.gateware.pipeline import delay
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling


@dataclass(frozen=True)
class TileDivision:
    """The division of coordinates by the sides of tiles.

    A coordinate on a seam belongs to the tile that begins there, one beyond the signal to the tile at the
    border, however far it is.

    Parameters
    ----------
    tiling
        The signal's tiles.
    frac
        Bits of coordinates below those of a sample's.
    """

    tiling: Tiling
    frac: int = 0

    @property
    def bits(self) -> int:
        """Of the quotient, on the axis with most tiles."""
        return (max(self.tiling.cells.counts) - 1).bit_length()

    @property
    def latency(self) -> int:
        """Cycles: one to the first tile's middle, one for each bit, and those in which a leaf is found."""
        halvings = self.tiling.deepest
        return 1 + self.bits + (1 + halvings if halvings else 0)

    def divide(
        self, m: Module, coordinates: Sequence[Value], beyond: Sequence[Value]
    ) -> tuple[list[Value], Value]:
        """Return the coordinates in the tile, and its number, of what came `latency` cycles ago.

        `beyond` says of each coordinate whether it is behind the signal's end.
        """
        cells, low = self.tiling.cells, dict[tuple[int, int], Signal]()
        strides = np.cumprod((1, *cells.counts[:-1])).tolist()
        rests: list[Value] = [self._from_first(m, axis, given) for axis, given in enumerate(coordinates)]
        beyond = [delay(m, flag, 1, f"beyond{axis}") for axis, flag in enumerate(beyond)]
        tile: Value = Const(0, range(cells.tiles))
        for bit in reversed(range(self.bits)):
            passed = Signal(range(cells.tiles), name=f"tile{bit}", reset_less=True)
            for axis, (rest, side, stride) in enumerate(zip(rests, self._sides, strides, strict=True)):
                step, last = side << self.frac + 1 + bit, cells.counts[axis] - 1
                name = f"{axis}_{bit}"
                low[axis, bit] = taken = Signal(name=f"taken{name}")
                if last >> bit:
                    # The first tile reaches from minus half of its length to half of it.
                    reached = rest >= step - (side << self.frac)
                    m.d.comb += taken.eq(Mux(beyond[axis], last >> bit & 1, reached))
                    tile = tile + Mux(taken, stride << bit, 0)
                rests[axis] = _registered(m, rest - Mux(taken, step, 0), f"rest{name}", len(rest))
                beyond[axis] = delay(m, beyond[axis], 1, f"beyond{name}") if bit else beyond[axis]
            m.d.sync += passed.eq(tile)
            tile = passed
        return self._in_leaf(m, rests, tile, low) if self.tiling.deepest else (rests, tile)

    @property
    def _sides(self) -> list[int]:
        """Of a cell that is not cut."""
        return [side >> self.tiling.deepest for side in self.tiling.tile]

    def _in_leaf(
        self, m: Module, rests: list[Value], cell: Value, low: Mapping[tuple[int, int], Value]
    ) -> tuple[list[Value], Value]:
        """Return the coordinates in the leaf of a cell, and the leaf's number.

        A leaf that could be halved once more is twice as wide, and `low`, last bits of the quotient, say in
        which half the cell is; each halving that it had makes its samples twice as far apart.
        """
        assert isinstance(self.tiling, Leaves)
        contents = leaf_map(self.tiling)
        m.submodules.map = memory = ColumnMemory(contents, contents[0].width)
        m.d.comb += memory.address.eq(cell)
        word: Value = memory.data[0]
        rests = [_registered(m, rest, f"in_cell{axis}", len(rest)) for axis, rest in enumerate(rests)]
        for bit in range(self.tiling.deepest):
            _, halvings = in_word(self.tiling, word)
            for axis, side in enumerate(self._sides):
                # Since it was found, `bit` of the quotient, the map and as many halvings went by.
                second: Value = Const(0)
                if (axis, bit) in low:
                    second = delay(m, low[axis, bit], 2 * bit + 2, f"second{axis}_{bit}")
                half, rest = side << self.frac + bit, rests[axis]
                wider = rest + Mux(second, half, -half)
                name = f"in_leaf{axis}_{bit}"
                rests[axis] = _registered(m, Mux(halvings > bit, wider, rest << 1), name, len(rest) + 1)
            word = delay(m, word, 1, f"word{bit}")
        return rests, in_word(self.tiling, word)[0]

    def _from_first(self, m: Module, axis: int, given: Value) -> Value:
        """Return a coordinate from the middle of the first tile, a cycle later."""
        side, tile = self.tiling.sides[axis], self._sides[axis]
        moved = given + (side - tile << self.frac)
        return _registered(m, moved, f"from_first{axis}", len(moved))


def _registered(m: Module, value: Value, name: str, width: int) -> Signal:
    register = Signal(signed(width), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
