"""Every net of a core's netlist during a frame, and the nets that change when a bit has flipped."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inrhw.estimates.power.cells.models import parts_of
from inrhw.estimates.power.netlist_simulation import NetlistSimulation
from inrhw.estimates.power.player import Player
from inrhw.synthesis.netlist import Json, Netlist, pins_of

#: Clocks after a frame in which a core that is late may still give its last pixels.
_PATIENCE = 64

#: What is looked at in every clock, the lowest bit first.
OBSERVED = ("m_axis_tvalid", "m_axis_tdata", "m_axis_tuser", "m_axis_tlast")


@dataclass(frozen=True, order=True)
class Place:
    """A bit of a cell's configuration."""

    cell: str
    bit: int


class Recording:
    """The nets of a netlist in each clock from power-up to some clocks after the end of a frame.

    Parameters
    ----------
    folder
        The artifact: manifest.json and vectors.npz.
    netlist
        Its netlist, for UltraScale+.

    Attributes
    ----------
    configuration
        Bits that can be flipped, by cell.
    observed
        `OBSERVED`, uint8 [clocks, bits].

    Raises
    ------
    InputError
        A file is missing, or the netlist has a cell without a model.
    Mismatch
        The netlist gives a wrong pixel.
    """

    def __init__(self, folder: Path, netlist: Netlist) -> None:
        self._netlist = netlist
        simulation = _Recorder(netlist.module)
        player = Player(folder, simulation)
        player.start(0)
        while player.taken < player.pixels:
            player.play()
        for _ in range(_PATIENCE):
            player.play()
        self._rows = np.array(simulation.rows)
        self._bits = len(simulation.values)
        self.configuration = simulation.configuration
        self.observed = np.column_stack([self._wave(bit) for bit in self._outputs])

    def reads(self, place: Place) -> bool:
        """Return whether a bit is read in any clock: others change nothing. Always True for a block RAM."""
        for part in parts_of(place.cell, self._netlist.cells[place.cell]):
            if place.bit < part.configuration_bits:
                index = sum((self._wave(bit) << k for k, bit in enumerate(part.reads)), np.uint8(0))
                if not part.reads or (index == place.bit).any():
                    return True
        return False

    def with_upsets(self, places: Sequence[Place]) -> Iterator[NDArray[np.uint8]]:
        """Yield `observed` for a flip of each of these bits alone.

        Only cells behind the flipped ones are simulated; all others follow the recording.
        """
        cells = self._fan_out({place.cell for place in places})
        simulation = NetlistSimulation(self._netlist.module | {"cells": cells}, len(places))
        for copy, place in enumerate(places):
            simulation.flip(place.cell, place.bit, copy)
        driven = {bit for cell in cells.values() for _, bit in pins_of(cell, "output")}
        needed = {bit for cell in cells.values() for _, bit in pins_of(cell, "input")}
        given = np.array(sorted(needed.union(self._outputs) - driven), np.int64)
        outputs = np.array(self._outputs, np.int64)
        rows = []
        for row in self._rows:
            simulation.values[given] = np.unpackbits(row, count=self._bits)[given, None]
            simulation.settle()
            rows.append(np.packbits(simulation.values[outputs], 1))
            simulation.clock()
        seen = np.array(rows)
        for copy in range(len(places)):
            yield _bit(seen, copy)

    def steps_to_output(self) -> dict[str, int]:
        """Return for each cell the number of others on the shortest path to an output."""
        drivers = {
            bit: name for name, cell in self._netlist.cells.items() for _, bit in pins_of(cell, "output")
        }
        found = {drivers[bit]: 0 for bit in self._outputs if bit in drivers}
        waiting = deque(found)
        while waiting:
            name = waiting.popleft()
            for _, bit in pins_of(self._netlist.cells[name], "input"):
                source = drivers.get(bit)
                if source is not None and source not in found:
                    found[source] = found[name] + 1
                    waiting.append(source)
        return found

    @cached_property
    def _outputs(self) -> list[int]:
        """Net bits of `OBSERVED`; constants as bits 0 and 1."""
        bits = [bit for name in OBSERVED for bit in self._netlist.module["ports"][name]["bits"]]
        return [bit if isinstance(bit, int) else int(bit == "1") for bit in bits]

    @cached_property
    def _readers(self) -> dict[int, list[str]]:
        """Names of the cells that read each net bit."""
        found: dict[int, list[str]] = defaultdict(list)
        for name, cell in self._netlist.cells.items():
            for _, bit in pins_of(cell, "input"):
                found[bit].append(name)
        return found

    def _wave(self, bit: int) -> NDArray[np.uint8]:
        """Return a net bit in every clock."""
        return _bit(self._rows, bit)

    def _fan_out(self, names: set[str]) -> dict[str, Json]:
        """Return cells, and all cells behind them, in the order of the netlist."""
        found, waiting = set(names), list(names)
        while waiting:
            for _, bit in pins_of(self._netlist.cells[waiting.pop()], "output"):
                new = set(self._readers.get(bit, ())) - found
                found |= new
                waiting += new
        return {name: cell for name, cell in self._netlist.cells.items() if name in found}


def _bit(packed: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Return a bit of the last axis that `numpy.packbits` packed."""
    bit: NDArray[np.uint8] = packed[..., number >> 3] >> np.uint8(7 - number % 8) & np.uint8(1)
    return bit


class _Recorder(NetlistSimulation):
    """Keeps all nets of every clock, eight in a byte."""

    def __init__(self, module: Json) -> None:
        super().__init__(module)
        self.rows: list[NDArray[np.uint8]] = []

    def clock(self) -> None:
        self.rows.append(np.packbits(self.values[:, 0]))
        super().clock()
