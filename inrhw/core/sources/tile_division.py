"""From coordinates of a signal to the tile and the place in it.

That is a long division, a bit of the quotient a clock, on all axes at once: no multiplier, and any number of
tiles of any size costs as many cycles as the tiles on one axis have bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from inrhw.gateware.pipeline import delay
from inrhw.signals.tiling import Tiling


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
        return (max(self.tiling.counts) - 1).bit_length()

    @property
    def latency(self) -> int:
        """Cycles: one to the first tile's middle, and one for each bit."""
        return 1 + self.bits

    def divide(
        self, m: Module, coordinates: Sequence[Value], beyond: Sequence[Value]
    ) -> tuple[list[Value], Value]:
        """Return the coordinates in the tile, and its number, of what came `latency` cycles ago.

        `beyond` says of each coordinate whether it is behind the signal's end.
        """
        tiling = self.tiling
        strides = np.cumprod((1, *tiling.counts[:-1])).tolist()
        rests: list[Value] = [self._from_first(m, axis, given) for axis, given in enumerate(coordinates)]
        beyond = [delay(m, flag, 1, f"beyond{axis}") for axis, flag in enumerate(beyond)]
        tile: Value = Const(0, range(tiling.tiles))
        for bit in reversed(range(self.bits)):
            passed = Signal(range(tiling.tiles), name=f"tile{bit}", reset_less=True)
            for axis, (rest, side, stride) in enumerate(zip(rests, tiling.tile, strides, strict=True)):
                step, last = side << self.frac + 1 + bit, tiling.counts[axis] - 1
                name = f"{axis}_{bit}"
                taken = Signal(name=f"taken{name}")
                if last >> bit:
                    # The first tile reaches from minus half of its length to half of it.
                    reached = rest >= step - (side << self.frac)
                    m.d.comb += taken.eq(Mux(beyond[axis], last >> bit & 1, reached))
                    tile = tile + Mux(taken, stride << bit, 0)
                rests[axis] = _registered(m, rest - Mux(taken, step, 0), f"rest{name}", len(rest))
                beyond[axis] = delay(m, beyond[axis], 1, f"beyond{name}") if bit else beyond[axis]
            m.d.sync += passed.eq(tile)
            tile = passed
        return rests, tile

    def _from_first(self, m: Module, axis: int, given: Value) -> Value:
        """Return a coordinate from the middle of the first tile, a cycle later."""
        side, tile = self.tiling.sides[axis], self.tiling.tile[axis]
        moved = given + (side - tile << self.frac)
        return _registered(m, moved, f"from_first{axis}", len(moved))


def _registered(m: Module, value: Value, name: str, width: int) -> Signal:
    register = Signal(signed(width), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
