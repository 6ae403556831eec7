"""Simulate a netlist clock by clock in numpy, without a compiler and with every net visible."""

from collections import defaultdict

import numpy as np

from inrhw.base.errors import InputError
from inrhw.estimates.power.cells.models import parts_of
from inrhw.estimates.power.cells.part import Block, Part, Tables, Values
from inrhw.synthesis.netlist import Json, in_levels


class NetlistSimulation:
    """A netlist of one clock without delays: every net settles once a clock, so there are no glitches.

    Parameters
    ----------
    module
        Flat top module of a Yosys netlist for Xilinx parts.
    copies
        Copies of the netlist that are simulated together; `flip` makes them differ.

    Attributes
    ----------
    values
        Every net bit by its number in the netlist, in each copy: 0 or 1, uint8 [bits, copies], valid after
        `settle`.

    Raises
    ------
    InputError
        It has a cell without a model, or a combinational loop.
    """

    def __init__(self, module: Json, copies: int = 1) -> None:
        self._ports = module["ports"]
        named = [(name, part) for name, cell in module["cells"].items() for part in parts_of(name, cell)]
        parts = [part for _, part in named]
        ports = [port["bits"] for port in self._ports.values()]
        # Also outputs of a block that are never read.
        pins = [bits for cell in module["cells"].values() for bits in cell["connections"].values()]
        largest = max([1, *(bit for bits in (*ports, *pins) for bit in bits if isinstance(bit, int))])
        # The last is where outputs go that lead nowhere.
        self.values: Values = np.zeros((largest + 2, copies), np.uint8)
        self.values[1] = 1
        together: dict[tuple[int, tuple[object, ...]], list[int]] = defaultdict(list)
        for number, level in enumerate(_levels(parts)):
            together[level, parts[number].kind].append(number)
        self._blocks: list[Block] = []
        self._tables: dict[str, list[tuple[Tables, int, int]]] = defaultdict(list)
        for _, group in sorted(together.items(), key=lambda item: item[0][0]):
            block = _block([parts[number] for number in group], copies)
            self._blocks.append(block)
            if isinstance(block, Tables):
                for k, number in enumerate(group):
                    name, part = named[number]
                    self._tables[name].append((block, k, part.configuration_bits))
            block.commit(self.values)  # the initial state

    @property
    def configuration(self) -> dict[str, int]:
        """Bits that can be flipped, by cell."""
        bits = {name: max(bits for *_, bits in tables) for name, tables in self._tables.items()}
        return {name: count for name, count in bits.items() if count}

    def flip(self, cell: str, bit: int, copy: int) -> None:
        """Flip a bit of a cell's `configuration` in one copy: of a LUT's INIT or a block RAM's words."""
        for block, part, bits in self._tables[cell]:
            if bit < bits:
                block.flip(part, bit, copy)

    def put(self, port: str, value: int) -> None:
        """Set an input port; ports that the netlist does not have are ignored."""
        if port in self._ports:
            for k, bit in enumerate(self._ports[port]["bits"]):
                self.values[bit] = value >> k & 1

    def get(self, port: str) -> int:
        """Return the value of a port in the first copy; unknown bits are 0."""
        bits = self._ports[port]["bits"]
        return sum(
            int(self.values[bit, 0] if isinstance(bit, int) else bit == "1") << k
            for k, bit in enumerate(bits)
        )

    def settle(self) -> None:
        """Propagate the inputs and registers to every net."""
        for block in self._blocks:
            block.evaluate(self.values)

    def clock(self) -> None:
        """Give a clock edge; what follows the registers is settled by the next `settle`."""
        for block in self._blocks:
            block.capture(self.values)
        for block in self._blocks:
            block.commit(self.values)


def _block(parts: list[Part], copies: int) -> Block:
    make = parts[0].kind[0]
    assert callable(make)
    block: Block = make(parts, copies)
    return block


def _levels(parts: list[Part]) -> list[int]:
    """Return for each part the depth of combinational logic in front of its outputs."""
    drives = {bit: number for number, part in enumerate(parts) for bit in part.drives if bit > 1}
    # A part without reads is a register: nothing waits for it.
    waits = [
        {drives[bit] for bit in part.reads if bit in drives and parts[drives[bit]].reads} for part in parts
    ]
    levels = {number: level for level, numbers in enumerate(in_levels(waits)) for number in numbers}
    if len(levels) < len(parts):
        raise InputError("the netlist has a combinational loop; register it")
    return [levels[number] for number in range(len(parts))]
