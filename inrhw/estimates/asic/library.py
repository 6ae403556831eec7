"""Standard cells from Liberty files, in one set of units: um^2, ns, pF, pJ, nW, V."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inrhw.estimates.asic import logic

#: Gate equivalents without anybody's library; its head says where the areas come from.
GENERIC = Path(__file__).with_name("generic.lib")


@dataclass(frozen=True)
class Table:
    """A characterised quantity over one or two axes.

    Parameters
    ----------
    rows
        Transition times in ns, ascending: of the input, of a constraint those of the constrained pin.
    columns
        Loads in pF, ascending; of a constraint transition times of the clock in ns.
    values
        A row of values for each of `rows`; ns or pJ.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    def at(self, row: float, column: float) -> float:
        """Return the value between the four points around, or on the plane through the nearest four."""
        i, x = _place(self.rows, row)
        j, y = _place(self.columns, column)
        below, above = (
            values[j] + (y * (values[j + 1] - values[j]) if y else 0.0)
            for values in (self.values[i], self.values[i + 1 if x else i])
        )
        return below + x * (above - below)


@dataclass(frozen=True)
class Arc:
    """A dependence of one pin on another, or a timing constraint between them.

    Parameters
    ----------
    pin, related
        Pin that changes, or is constrained; pin that makes it change, or the clock.
    kind
        Liberty's ``timing_type``; "combinational" where it is not given.
    sense
        Liberty's ``timing_sense``; "non_unate" where it is not given.
    tables
        "cell_rise", "rise_transition", "cell_fall", "fall_transition", "rise_constraint", "fall_constraint".
    """

    pin: str
    related: str
    kind: str
    sense: str
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class CellEnergy:
    """Energy that a cell takes from the supply when a pin changes, without charging its load.

    Parameters
    ----------
    pin
        Pin that changes.
    related
        Input that makes it change; "" for an input.
    supply
        Supply pin that it comes from: those of several add up, those of one are of states of the cell.
    tables
        "rise_power" and "fall_power" in pJ.
    """

    pin: str
    related: str
    supply: str
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class State:
    """State of a cell.

    Parameters
    ----------
    kind
        "ff", "latch", or "statetable", whose function is not read.
    names
        Names of the state and of its inverse in the functions of the outputs.
    functions
        "clocked_on", "next_state", "enable", "data_in", "clear", "preset": those that it has.
    """

    kind: str
    names: tuple[str, ...]
    functions: Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """A standard cell.

    Parameters
    ----------
    name
        Its name.
    area_um2
        Its area; in the generic library in gate equivalents.
    leakage_nw
        Leakage power, mean over its states; None where the library does not say.
    inputs
        Capacitance in pF of each input pin.
    outputs
        Function of each output pin, "" where none is given.
    state
        Its state; None for a combinational cell.
    arcs, energies
        Timing and internal power.
    """

    name: str
    area_um2: float
    leakage_nw: float | None
    inputs: Mapping[str, float]
    outputs: Mapping[str, str]
    state: State | None
    arcs: tuple[Arc, ...]
    energies: tuple[CellEnergy, ...]

    def computes(self, pins: int, truth: int) -> bool:
        """Return whether it is a gate with just this many inputs and this truth table."""
        if self.state or len(self.outputs) != 1 or len(self.inputs) != pins:
            return False
        (function,) = self.outputs.values()
        return function != "" and logic.truth(function, sorted(self.inputs)) == truth


@dataclass(frozen=True)
class Library:
    """Cells to map to.

    Parameters
    ----------
    name
        Names of the libraries in its files.
    files
        The files.
    voltage_v
        Nominal supply; None where no file says.
    cells
        Cells by name; among them a flip-flop, a NAND of two inputs and a buffer.
    """

    name: str
    files: tuple[Path, ...]
    voltage_v: float | None
    cells: Mapping[str, Cell] = field(repr=False)

    @property
    def nand2(self) -> Cell:
        """Return the smallest NAND of two inputs: one gate equivalent."""
        found = [cell for cell in self.cells.values() if cell.computes(2, 0b0111)]
        return min(found, key=lambda cell: cell.area_um2)

    @property
    def is_timed(self) -> bool:
        """Return whether it has the delays of its cells."""
        return any({"rise_transition", "fall_transition"} <= arc.tables.keys() for arc in self.nand2.arcs)

    @property
    def is_generic(self) -> bool:
        """Return whether it is the built-in library, whose areas are gate equivalents, not um^2."""
        return self.files == (GENERIC,)


def _place(axis: tuple[float, ...], value: float) -> tuple[int, float]:
    """Return the interval of an axis, and the position of the value in it: 0 to 1 unless it is outside."""
    if len(axis) < 2:
        return 0, 0.0
    k = min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)
    return k, (value - axis[k]) / (axis[k + 1] - axis[k])
