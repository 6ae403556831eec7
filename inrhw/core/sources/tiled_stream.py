"""Coordinates of a signal in tiles from outside: as without tiles, split into tile and place in it."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import wiring

from inrhw.base.types import Vector
from inrhw.core.sources.stream import bits_per_axis, stream_ports
from inrhw.core.sources.tile_division import TileDivision
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.signals.tiles.tiling import Tiling


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
    def division(self) -> TileDivision:
        """What splits coordinates."""
        return TileDivision(self.tiling)

    @property
    def latency(self) -> int:
        """Cycles from a beat to the vector."""
        return self.division.latency

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
        whole, told_banks = source.tiling.whole, 2 if source.has_pictures else 1
        super().__init__(stream_ports(whole.axes, whole.element, source.o, told_banks))

    def elaborate(self, platform: object) -> Module:
        """Keep coordinates within the signal, then take as many tiles from them as there are."""
        m = Module()
        source = self._source
        coordinates = [self._within(axis) for axis in range(len(source.tiling.sides))]
        rests, tile = source.division.divide(m, coordinates, [Const(0, 1)] * len(coordinates))
        m.d.comb += [self.o.payload[axis].eq(rest) for axis, rest in enumerate(rests)]
        m.d.comb += self.o.valid.eq(delay_valid(m, self.valid, source.latency))
        if source.has_pictures:
            tile = Cat(tile, delay(m, self.bank, source.latency, "bank"))
        if source.o.banks > 1:
            m.d.comb += self.o.bank.eq(tile)
        return m

    def _within(self, axis: int) -> Value:
        """Return a coordinate, kept within the signal."""
        whole = self._source.tiling.whole
        side, start = whole.sides[axis], axis * bits_per_axis(whole.element)
        given = self.tdata[start : start + whole.element.width].as_signed()
        return Mux(given < 1 - side, 1 - side, Mux(given > side - 1, side - 1, given))
