"""Standard cells as Liberty files describe them, in one set of units: um^2, ns, pF, pJ, nW, V."""

import gzip
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inrhw.asic import logic
from inrhw.asic.liberty import Group, parse
from inrhw.errors import InputError

#: Gate equivalents without anybody's library; its head says where the areas come from.
GENERIC = Path(__file__).with_name("generic.lib")

#: What one of a unit is in ns, pF, nW and V.
_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}

_NAND2 = 0b0111


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
    """How one pin makes another change, or must not.

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
class Energy:
    """What a cell takes from the supply, besides charging its load, when a pin changes.

    Parameters
    ----------
    pin
        Pin that changes.
    related
        Input that makes it change; "" for an input.
    supply
        Supply pin that it comes from: those of several add up, those of one are of several states of the cell.
    tables
        "rise_power" and "fall_power" in pJ.
    """

    pin: str
    related: str
    supply: str
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class State:
    """What a cell keeps.

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
        What it keeps; None for a combinational cell.
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
    energies: tuple[Energy, ...]

    @property
    def is_nand2(self) -> bool:
        """Return whether it is a NAND of its two inputs and nothing else."""
        if self.state or len(self.outputs) != 1 or len(self.inputs) != 2:
            return False
        (function,) = self.outputs.values()
        return function != "" and logic.truth(function, sorted(self.inputs)) == _NAND2


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
        Cells by name.
    """

    name: str
    files: tuple[Path, ...]
    voltage_v: float | None
    cells: Mapping[str, Cell] = field(repr=False)

    @property
    def nand2(self) -> Cell:
        """Return the smallest NAND of two inputs: one gate equivalent."""
        return min((cell for cell in self.cells.values() if cell.is_nand2), key=lambda cell: cell.area_um2)

    @property
    def is_timed(self) -> bool:
        """Return whether it says how long its cells take."""
        return any("rise_transition" in arc.tables for arc in self.nand2.arcs)

    @property
    def is_generic(self) -> bool:
        """Return whether it is the built-in one, whose areas are gate equivalents and no um^2."""
        return self.files == (GENERIC,)


def load_library(files: Sequence[Path]) -> Library:
    """Read Liberty files, packed with gzip or not, as one library.

    Parameters
    ----------
    files
        Files of one library and one corner; each keeps its own units.

    Raises
    ------
    InputError
        A file is missing, damaged or of another supply than the first; a cell is there twice or has no area;
        there is no flip-flop, or no NAND of two inputs.
    """
    names, cells, voltages = [], dict[str, Cell](), {}
    for path in files:
        group = parse(read_text(path), str(path))
        if group.kind != "library":
            raise InputError(f"{path} holds a {group.kind}, not a library; give a Liberty file (.lib)")
        names.append(group.arguments[0] if group.arguments else path.stem)
        units = _Units(group, path)
        for cell in units.cells():
            if cell.name in cells:
                raise InputError(f"cell {cell.name} of {path} is in a file before it too; give each file once")
            cells[cell.name] = cell
        voltages[path] = units.voltage_v
    if len(set(voltages.values())) > 1:
        told = ", ".join(f"{path} {volt} V" for path, volt in voltages.items())
        raise InputError(f"the libraries must be of one supply: {told}")
    library = Library(" + ".join(names), tuple(files), next(iter(voltages.values()), None), cells)
    _check(library)
    return library


def generic_library() -> Library:
    """Return the built-in library, which knows areas in gate equivalents and nothing else."""
    return load_library([GENERIC])


def read_text(path: Path) -> str:
    """Return the content of a Liberty file, unpacked.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"the Liberty file {path} cannot be read ({error})") from error


def _check(library: Library) -> None:
    where = " ".join(map(str, library.files))
    if not any(cell.state and cell.state.kind == "ff" for cell in library.cells.values()):
        raise InputError(
            f"{where} holds no flip-flop, and the core has many; give the library's other files too, "
            "each with its own --liberty"
        )
    if not any(cell.is_nand2 for cell in library.cells.values()):
        raise InputError(
            f"{where} holds no NAND of two inputs, whose smallest one is the unit of gate equivalents; give the "
            "library's other files too, each with its own --liberty"
        )


def _place(axis: tuple[float, ...], value: float) -> tuple[int, float]:
    """Return the interval of an axis to use, and where in it the value lies; 0 to 1 unless it is outside."""
    if len(axis) < 2:
        return 0, 0.0
    k = min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)
    return k, (value - axis[k]) / (axis[k + 1] - axis[k])


def _numbers(texts: Iterable[str]) -> tuple[float, ...]:
    return tuple(float(part) for text in texts for part in text.replace(",", " ").replace("\\", " ").split())


class _Units:
    """Reads the cells of one file in its own units.

    Raises
    ------
    InputError
        A number or a unit cannot be read, or a cell has no area.
    """

    def __init__(self, library: Group, path: Path) -> None:
        self._library, self._path = library, path
        load = library.lists.get("capacitive_load_unit", ("1", "pf"))
        self._pf = self._unit(f"{load[0]}{load[-1]}", "f") / 1e-12
        self._ns = self._unit(library.attributes.get("time_unit", "1ns"), "s") / 1e-9
        self._nw = self._unit(library.attributes.get("leakage_power_unit", "1nW"), "w") / 1e-9
        self._v = self._unit(library.attributes.get("voltage_unit", "1V"), "v")
        self._pj = self._pf * self._v**2  # Liberty: internal energy is in units of capacitance times voltage^2
        nominal = library.attributes.get("nom_voltage")
        self.voltage_v = None if nominal is None else self._number(nominal) * self._v
        self._templates = {
            group.arguments[0]: group for group in library.of("lu_table_template", "power_lut_template")
        }

    def cells(self) -> Iterator[Cell]:
        """Yield the cells; those with buses are memories and the like, which no logic is mapped to."""
        for group in self._library.of("cell"):
            if not any(group.of("bus", "bundle")):
                try:
                    yield self._cell(group)
                except (ValueError, IndexError) as error:
                    name = " ".join(group.arguments)
                    raise InputError(f"cell {name} of {self._path} cannot be read ({error})") from error

    def _cell(self, group: Group) -> Cell:
        name = group.arguments[0]
        if "area" not in group.attributes:
            raise InputError(f"cell {name} of {self._path} has no area, so nothing can be added up")
        pins = [(pin, names) for pin in group.of("pin") for names in pin.arguments]
        outputs = {name: pin for pin, name in pins if pin.attributes.get("direction") == "output"}
        inputs = {name: pin for pin, name in pins if pin.attributes.get("direction") == "input"}
        default = self._library.attributes.get("default_input_pin_cap", "0")
        return Cell(
            name,
            area_um2=float(group.attributes["area"]),
            leakage_nw=self._leakage(group),
            inputs={
                name: float(pin.attributes.get("capacitance", default)) * self._pf
                for name, pin in inputs.items()
            },
            outputs={name: pin.attributes.get("function", "") for name, pin in outputs.items()},
            state=_state(group),
            arcs=tuple(arc for pin, name in pins for arc in self._arcs(name, pin)),
            energies=tuple(energy for pin, name in pins for energy in self._energies(name, pin)),
        )

    def _leakage(self, group: Group) -> float | None:
        """Return what the library calls the cell's leakage, else the mean over the states it names."""
        if "cell_leakage_power" in group.attributes:
            return float(group.attributes["cell_leakage_power"]) * self._nw
        states: dict[str, float] = {}
        for leakage in group.of("leakage_power"):  # one for each supply pin: they add up
            when = leakage.attributes.get("when", "")
            states[when] = states.get(when, 0.0) + float(leakage.attributes["value"]) * self._nw
        return states.get("", sum(states.values()) / len(states)) if states else None

    def _arcs(self, name: str, pin: Group) -> Iterator[Arc]:
        for timing in _without_state(pin.of("timing"), "timing_type"):
            told = timing.attributes
            for related in told.get("related_pin", "").split():
                yield Arc(
                    pin=name,
                    related=related,
                    kind=told.get("timing_type", "combinational"),
                    sense=told.get("timing_sense", "non_unate"),
                    tables={table.kind: self._table(table, self._ns) for table in timing.groups if _plain(table)},
                )

    def _energies(self, name: str, pin: Group) -> Iterator[Energy]:
        for power in _without_state(pin.of("internal_power"), "related_pg_pin"):
            tables = {table.kind: self._table(table, self._pj) for table in power.groups if _plain(table)}
            if "power" in tables:
                tables = {"rise_power": tables["power"], "fall_power": tables["power"]}
            for related in power.attributes.get("related_pin", "").split() or [""]:
                yield Energy(name, related, power.attributes.get("related_pg_pin", ""), tables)

    def _table(self, group: Group, unit: float) -> Table:
        """Read a table; its axes may stand in the template that it names."""
        template = self._templates.get(group.arguments[0] if group.arguments else "", Group("", ()))
        axes = []
        for k in (1, 2):
            texts = group.lists.get(f"index_{k}") or template.lists.get(f"index_{k}")
            if texts is not None:
                axes.append((template.attributes.get(f"variable_{k}", ""), _numbers(texts)))
        values = tuple(value * unit for value in _numbers(group.lists["values"]))
        # One value a row or a column where an axis is missing.
        while len(axes) < 2:
            is_load = any("capacitance" in variable for variable, _ in axes)
            axes.insert(0 if is_load else len(axes), ("", (0.0,)))
        (first, rows), (second, columns) = axes
        if len(values) != len(rows) * len(columns):
            raise ValueError(f"a table of {len(rows)} x {len(columns)} has {len(values)} values")
        table = [values[k : k + len(columns)] for k in range(0, len(values), len(columns))]
        if "capacitance" in first and "capacitance" not in second and len(rows) > 1:
            rows, columns, second = columns, rows, first
            table = list(zip(*table, strict=True))
        scale = self._pf if "capacitance" in second else self._ns
        return Table(
            tuple(row * self._ns for row in rows), tuple(column * scale for column in columns), tuple(table)
        )

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{self._path} has {text!r} where a number must stand") from None

    def _unit(self, text: str, symbol: str) -> float:
        """Return a unit such as "10ps" in seconds, farads, watts or volts."""
        found = re.fullmatch(rf"\s*([\d.eE+-]*?)\s*([a-z]?){symbol}\s*", text.lower())
        if found is None or found[2] not in _PREFIXES:
            raise InputError(f"{self._path} has the unit {text!r}, which is not understood")
        return self._number(found[1] or "1") * _PREFIXES[found[2]]


def _plain(group: Group) -> bool:
    """Return whether a group is a table of numbers over transition and load."""
    return "values" in group.lists and group.kind.split("_")[-1] in (
        *("rise", "fall", "transition", "constraint", "power"),
    )


def _without_state(groups: Iterable[Group], kind: str) -> list[Group]:
    """Return the groups for any state of the cell; all those of a related pin that has none such."""
    kinds: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        told = group.attributes
        kinds.setdefault((told.get("related_pin", ""), told.get(kind, "")), []).append(group)
    return [
        group
        for same in kinds.values()
        for group in ([group for group in same if "when" not in group.attributes] or same)
    ]


def _state(group: Group) -> State | None:
    for found in itertools.chain(group.of("ff"), group.of("latch"), group.of("statetable")):
        return State(found.kind, found.arguments, dict(found.attributes))
    return None
