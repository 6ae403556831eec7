"""Coordinates of a signal in tiles from outside: the same as without tiles, split into tile and place in it.

That is a long division, a bit of the quotient a clock, on all axes at once: no multiplier, and any number of
tiles of any size costs as many cycles as the tiles on one axis have bits.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Vector
from inrhw.core.sources.stream import bits_per_axis
from inrhw.gateware.edge import flow
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.signals.tiling import Tiling


@dataclass(frozen=True)
class TiledStream:
    """The source of a core in tiles that takes coordinates of the whole signal.

    A coordinate beyond the first or the last sample of an axis is taken as that sample's.

    Parameters
    ----------
    tiling
        The signal's tiles.
    o
        What the first layer takes: coordinates in a tile, and a bank for each tile, or two if weights can be
        loaded.
    """

    tiling: Tiling
    o: Vector

    @property
    def bits(self) -> int:
        """Of the quotient, on the axis with most tiles."""
        return (max(self.tiling.counts) - 1).bit_length()

    @property
    def latency(self) -> int:
        """Cycles from a beat to the vector: to the signal's border, and one for each bit."""
        return 1 + self.bits

    @property
    def has_pictures(self) -> bool:
        """Whether there are banks for two pictures, of which one is chosen from outside."""
        return self.o.banks > self.tiling.tiles

    def component(self) -> "TiledStreamComponent":
        """Return the circuit."""
        return TiledStreamComponent(self)


class TiledStreamComponent(wiring.Component):
    """Takes coordinates as a `StreamSourceComponent` does, and puts out those in the tile, with its bank.

    Attributes
    ----------
    tdata
        The beat's data; axis k in bits ``[k * bits_per_axis, k * bits_per_axis + width)``.
    bank
        Which of two pictures the beat is meant for, if there are two.
    """

    def __init__(self, source: TiledStream) -> None:
        self._source = source
        whole = source.tiling.whole
        ports = {
            "tdata": In(whole.axes * bits_per_axis(whole.element)),
            "valid": In(1),
            "o": Out(flow(source.o)),
        }
        if source.has_pictures:
            ports["bank"] = In(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Keep coordinates within the signal, then take as many tiles from them as there are."""
        m = Module()
        source, tiling = self._source, self._source.tiling
        strides = np.cumprod((1, *tiling.counts[:-1])).tolist()
        rests: list[Value] = [self._within(m, axis) for axis in range(len(tiling.sides))]
        tile: Value = Const(0, range(tiling.tiles))
        for bit in reversed(range(source.bits)):
            passed = Signal(range(tiling.tiles), name=f"tile{bit}", reset_less=True)
            for axis, (rest, side, stride) in enumerate(zip(rests, tiling.tile, strides, strict=True)):
                step = 2 * side << bit
                if tiling.counts[axis] > 1 << bit:
                    # A tile begins with its first sample, 1 - side; what is before it belongs to another.
                    beyond = rest >= step + 1 - side
                    rests[axis] = _registered(m, rest - Mux(beyond, step, 0), f"rest{axis}_{bit}", len(rest))
                    tile = tile + Mux(beyond, stride << bit, 0)
                else:
                    rests[axis] = _registered(m, rest, f"rest{axis}_{bit}", len(rest))
            m.d.sync += passed.eq(tile)
            tile = passed
        m.d.comb += [self.o.payload[axis].eq(rest) for axis, rest in enumerate(rests)]
        m.d.comb += self.o.valid.eq(delay_valid(m, self.valid, source.latency))
        if source.has_pictures:
            tile = Cat(tile, delay(m, self.bank, source.latency, "bank"))
        if source.o.banks > 1:
            m.d.comb += self.o.bank.eq(tile)
        return m

    def _within(self, m: Module, axis: int) -> Value:
        """Return a coordinate, kept within the signal, in half samples from the middle of the first tile."""
        tiling = self._source.tiling
        side, tile = tiling.sides[axis], tiling.tile[axis]
        start, width = axis * bits_per_axis(tiling.whole.element), tiling.whole.element.width
        given = self.tdata[start : start + width].as_signed()
        kept = Mux(given < 1 - side, 1 - side, Mux(given > side - 1, side - 1, given))
        # From 1 - tile to 2 * side - tile - 1.
        return _registered(m, kept + (side - tile), f"from_first{axis}", (2 * side).bit_length() + 1)


def _registered(m: Module, value: Value, name: str, width: int) -> Signal:
    register = Signal(signed(width), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
