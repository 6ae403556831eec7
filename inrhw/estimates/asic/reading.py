"""Liberty files to a `Library`."""

import gzip
import itertools
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from inrhw.base.errors import InputError, said_by
from inrhw.base.files import regular
from inrhw.estimates.asic.liberty import Group, parse
from inrhw.estimates.asic.library import GENERIC, Arc, Cell, CellEnergy, Library, State, Table

_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}


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
        there is no flip-flop, no NAND of two inputs or no buffer.
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
                raise InputError(f"cell {cell.name} of {path} is defined twice; give each file once")
            cells[cell.name] = cell
        voltages[path] = units.voltage_v
    if len(set(voltages.values())) > 1:
        told = ", ".join(f"{path} {volt} V" for path, volt in voltages.items())
        raise InputError(f"the libraries must have one supply voltage: {told}")
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
        data = regular(path).read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"the Liberty file {path} cannot be read ({error})") from error


def _check(library: Library) -> None:
    cells = library.cells.values()
    needed = {
        "flip-flop, and the core has many": any(cell.state and cell.state.kind == "ff" for cell in cells),
        "NAND of two inputs, and its smallest one is the gate equivalent": any(
            cell.computes(2, 0b0111) for cell in cells
        ),
        "buffer, and abc needs one": any(cell.computes(1, 0b10) for cell in cells),
    }
    if missing := [what for what, there in needed.items() if not there]:
        raise InputError(
            f"{' '.join(map(str, library.files))} holds no {missing[0]}; give the library's other files too, "
            "each with its own --liberty"
        )
    if library.nand2.area_um2 == 0:
        raise InputError(
            f"cell {library.nand2.name} of {library.name} has an area of 0, but defines the gate equivalent"
        )


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a number")
    return value


def _numbers(texts: Iterable[str]) -> tuple[float, ...]:
    return tuple(
        _finite(part) for text in texts for part in text.replace(",", " ").replace("\\", " ").split()
    )


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
        self._pf = self._unit("".join(load), "f") / 1e-12
        self._ns = self._unit(library.attributes.get("time_unit", "1ns"), "s") / 1e-9
        self._nw = self._unit(library.attributes.get("leakage_power_unit", "1nW"), "w") / 1e-9
        self._v = self._unit(library.attributes.get("voltage_unit", "1V"), "v")
        self._pj = self._pf * self._v**2  # internal energy is in units of capacitance times voltage^2
        nominal = library.attributes.get("nom_voltage")
        self.voltage_v = None if nominal is None else self._number(nominal) * self._v
        if self.voltage_v is not None and self.voltage_v <= 0:
            raise InputError(f"{path} has a nom_voltage of {nominal}, which must be above 0")
        templates = library.of("lu_table_template", "power_lut_template")
        self._templates = {name: group for group in templates for name in group.arguments}

    def cells(self) -> Iterator[Cell]:
        """Yield the cells; those with buses are memories and the like, which no logic is mapped to."""
        for group in self._library.of("cell"):
            if not any(group.of("bus", "bundle")):
                try:
                    yield self._cell(group)
                except (ValueError, IndexError, KeyError) as error:
                    name = " ".join(group.arguments)
                    raise InputError(
                        f"cell {name} of {self._path} cannot be read ({said_by(error)})"
                    ) from error

    def _cell(self, group: Group) -> Cell:
        name = group.arguments[0]
        if "area" not in group.attributes:
            raise InputError(f"cell {name} of {self._path} has no area; give a library with areas")
        area = _finite(group.attributes["area"])
        if area < 0:
            raise ValueError(f"its area is {area:g}")
        pins = [(pin, names) for pin in group.of("pin") for names in pin.arguments]
        outputs = {name: pin for pin, name in pins if pin.attributes.get("direction") == "output"}
        inputs = {name: pin for pin, name in pins if pin.attributes.get("direction") == "input"}
        default = self._library.attributes.get("default_input_pin_cap", "0")
        return Cell(
            name,
            area_um2=area,
            leakage_nw=self._leakage(group),
            inputs={
                name: _finite(pin.attributes.get("capacitance", default)) * self._pf
                for name, pin in inputs.items()
            },
            outputs={name: pin.attributes.get("function", "") for name, pin in outputs.items()},
            state=_state(group),
            arcs=tuple(arc for pin, name in pins for arc in self._arcs(name, pin)),
            energies=tuple(energy for pin, name in pins for energy in self._energies(name, pin)),
        )

    def _leakage(self, group: Group) -> float | None:
        """Return the leakage that is given for the cell, else the mean over its states, else the default."""
        if "cell_leakage_power" in group.attributes:
            return _finite(group.attributes["cell_leakage_power"]) * self._nw
        states: dict[str, float] = {}
        for leakage in group.of("leakage_power"):  # one for each supply pin: they add up
            when = leakage.attributes.get("when", "")
            states[when] = states.get(when, 0.0) + _finite(leakage.attributes["value"]) * self._nw
        if states:
            return states.get("", sum(states.values()) / len(states))
        default = _finite(self._library.attributes.get("default_cell_leakage_power", "0"))
        return default * self._nw or None  # a default of 0 says nothing

    def _arcs(self, name: str, pin: Group) -> Iterator[Arc]:
        for timing in _without_state(pin.of("timing"), "timing_type"):
            told = timing.attributes
            for related in told.get("related_pin", "").split():
                yield Arc(
                    pin=name,
                    related=related,
                    kind=told.get("timing_type", "combinational"),
                    sense=told.get("timing_sense", "non_unate"),
                    tables=self._tables(timing, self._ns),
                )

    def _energies(self, name: str, pin: Group) -> Iterator[CellEnergy]:
        for power in _without_state(pin.of("internal_power"), "related_pg_pin"):
            tables = self._tables(power, self._pj)
            if "power" in tables:
                tables = {"rise_power": tables["power"], "fall_power": tables["power"]}
            for related in power.attributes.get("related_pin", "").split() or [""]:
                yield CellEnergy(name, related, power.attributes.get("related_pg_pin", ""), tables)

    def _tables(self, group: Group, unit: float) -> dict[str, Table]:
        return {table.kind: self._table(table, unit) for table in group.groups if _is_table(table)}

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
            axes.insert(0 if any(_is_column(variable) for variable, _ in axes) else len(axes), ("", (0.0,)))
        (first, rows), (second, columns) = axes
        if len(values) != len(rows) * len(columns):
            raise ValueError(f"a table of {len(rows)} x {len(columns)} has {len(values)} values")
        table = [values[k : k + len(columns)] for k in range(0, len(values), len(columns))]
        if any(b <= a for axis in (rows, columns) for a, b in itertools.pairwise(axis)) or not values:
            raise ValueError(f"the axes of a table must ascend, not {rows} and {columns}")
        if _is_column(first) and not _is_column(second):
            rows, columns, second = columns, rows, first
            table = list(zip(*table, strict=True))
        scale = self._pf if "capacitance" in second else self._ns
        return Table(
            tuple(row * self._ns for row in rows), tuple(column * scale for column in columns), tuple(table)
        )

    def _number(self, text: str) -> float:
        try:
            return _finite(text)
        except ValueError:
            raise InputError(f"{self._path} has {text!r} where a number is needed") from None

    def _unit(self, text: str, symbol: str) -> float:
        """Return a unit such as "10ps" in seconds, farads, watts or volts."""
        found = re.fullmatch(rf"\s*([\d.eE+-]*?)\s*([a-z]?){symbol}\s*", text.lower())
        if found is None or found[2] not in _PREFIXES:
            raise InputError(f"{self._path} has the unit {text!r}, which is not understood")
        return self._number(found[1] or "1") * _PREFIXES[found[2]]


def _is_column(variable: str) -> bool:
    """Return whether an axis of a table is that of `Table.columns`: the load, or the clock's transition."""
    return "capacitance" in variable or variable.startswith("related_")


def _is_table(group: Group) -> bool:
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
