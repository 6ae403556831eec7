"""The points of a sweep: settings of which some have several values."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from inrhw.base.errors import InputError
from inrhw.base.files import regular
from inrhw.base.settings import Field, Settings, fields_of, from_table, groups_of, unknown
from inrhw.sweeps.search import Orders

S = TypeVar("S", bound=Settings)

#: One value an axis, by its name.
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Range(Settings):
    """Values from one to another.

    Parameters
    ----------
    low, high
        The smallest and the largest.
    step
        Between values. None: 1 for a whole number, any value else.
    log
        Whether equal ratios are equally likely.
    """

    low: float = math.nan
    high: float = math.nan
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high):
            raise InputError("a range is written {low = 1, high = 8}, optionally with a step or log = true")
        super().__post_init__()
        if not self.low < self.high:
            raise InputError(f"low must be under high, not {self.low:g} and {self.high:g}")
        if self.step is not None and (self.step <= 0 or self.log):
            raise InputError("step must be over 0, and a range with log = true has none")
        if self.log and self.low <= 0:
            raise InputError(f"low must be over 0 where log = true, not {self.low:g}")


@dataclass(frozen=True)
class Axis:
    """A field that varies.

    Attributes
    ----------
    group
        Table that it stands in, "" for those before all tables.
    name
        Of the field.
    whole
        Whether it is a whole number.
    choices
        Its values; empty if it has a range.
    range
        Where it has no list of values.
    """

    group: str
    name: str
    whole: bool
    choices: tuple[Any, ...] = ()
    range: Range | None = None

    @property
    def values(self) -> tuple[Any, ...] | None:
        """All values in order; None if there is no end of them."""
        if self.range is None:
            return self.choices
        step = self.range.step or (1 if self.whole and not self.range.log else None)
        if step is None:
            return None
        number = math.floor((self.range.high - self.range.low) / step + 1e-9) + 1
        found = (self.range.low + k * step for k in range(number))
        return tuple(round(value) if self.whole else value for value in found)


@dataclass(frozen=True)
class Space(Generic[S]):
    """Settings, and which of them vary.

    Attributes
    ----------
    kind
        Class of the settings.
    table
        What does not vary, as TOML gives it.
    axes
        What does, in the order of the file.
    where
        File that says so, for messages.
    """

    kind: type[S]
    table: Mapping[str, Any]
    axes: tuple[Axis, ...]
    where: str

    def at(self, point: Point) -> S:
        """Return the settings of a point.

        Raises
        ------
        InputError
            Its values do not go together.
        """
        table = {
            key: dict(value) if isinstance(value, Mapping) else value for key, value in self.table.items()
        }
        for axis in self.axes:
            inner = table.setdefault(axis.group, {}) if axis.group else table
            if (value := point[axis.name]) is not None:
                inner[axis.name] = value
        return from_table(self.kind, table, self.where)

    @property
    def size(self) -> int | None:
        """Number of points; None if there is no end of them."""
        numbers = [axis.values for axis in self.axes]
        return None if None in numbers else math.prod(len(values or ()) for values in numbers)

    def nth(self, place: int) -> Point:
        """Return a point of a grid by its place: the last axis varies fastest."""
        point = {}
        for axis in reversed(self.axes):
            values = axis.values or ()
            place, which = divmod(place, len(values))
            point[axis.name] = values[which]
        return {axis.name: point[axis.name] for axis in self.axes}


def read_sweep(path: Path, kind: type[S]) -> tuple[Orders, Space[S]]:
    """Return what a sweep.toml says: the tables of `Orders`, and those of a recipe with lists and ranges.

    Raises
    ------
    InputError
        The file cannot be read or is no TOML, a key is unknown, a value cannot be, or nothing varies.
    """
    try:
        table = tomllib.loads(regular(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); docs/sweep.md shows one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
    own = dict(groups_of(Orders))
    orders = from_table(Orders, {key: value for key, value in table.items() if key in own}, str(path))
    settings = {key: value for key, value in table.items() if key not in own}
    axes = tuple(_axes(kind, settings, str(path)))
    if not axes:
        raise InputError(
            f'{path} has one point only; give a field several values, as model = ["siren", "gauss"]'
        )
    varied = {(axis.group, axis.name) for axis in axes}
    space = Space(kind, _without(settings, varied), axes, str(path))
    if orders.search.method == "grid" and space.size is None:
        endless = next(axis.name for axis in axes if axis.values is None)
        raise InputError(f"{path}: a grid needs a step in the range of {endless}, or another method")
    return orders, space


def _axes(kind: type[Any], table: Mapping[str, Any], where: str, group: str = "") -> Iterator[Axis]:
    """Yield the fields that vary, in the order of the file; everything else is checked."""
    fields, groups = {field.name: field for field in fields_of(kind)}, dict(groups_of(kind))
    for key, value in table.items():
        if key in groups:
            if not isinstance(value, Mapping):
                raise InputError(f"{where}: {key} must be a table, written [{key}], not {value!r}")
            yield from _axes(groups[key], value, f"{where}: [{key}]", key)
        elif key in fields:
            try:
                axis = _axis(fields[key], value, group)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            yield from [axis] if axis else []
        else:
            raise unknown(key, kind, where)


def _axis(field: Field, value: Any, group: str) -> Axis | None:
    """Return the axis that a value says, None if it is a single value."""
    whole = field.kind is int
    if isinstance(value, Mapping):
        return _ranged(field, from_table(Range, value, field.name), group)
    lists = isinstance(value, list) and (not field.many or any(isinstance(each, list) for each in value))
    if not lists:
        field.check(tuple(value) if isinstance(value, list) else value)
        return None
    choices = tuple(_choice(field, each) for each in value)
    for choice in choices:
        field.check(choice)
    if len(set(choices)) < len(choices) or not choices:
        raise InputError(f"{field.name} must be a list of different values, not {value!r}")
    return Axis(group, field.name, whole, choices)


def _choice(field: Field, value: Any) -> Any:
    """Return a value of a list: TOML has no word for None, so "none" stands for it."""
    if field.optional and value == "none":
        return None
    return tuple(value) if isinstance(value, list) else value


def _ranged(field: Field, range: Range, group: str) -> Axis:
    if field.kind not in (int, float) or field.choices or field.many:
        raise InputError(f"{field.name} must be {field.allowed}: it can be a list of these, but no range")
    whole = field.kind is int
    axis = Axis(group, field.name, whole, range=range)
    for end in (range.low, range.high, range.step or 1):
        if whole and end != round(end):
            raise InputError(f"{field.name} must be {field.allowed}, not {end}")
    for end in (range.low, range.high):
        field.check(round(end) if whole else end)
    return axis


def _without(table: Mapping[str, Any], varied: set[tuple[str, str]], group: str = "") -> dict[str, Any]:
    """Return a table less the fields that vary."""
    kept = {key: value for key, value in table.items() if (group, key) not in varied}
    return {
        key: _without(value, varied, key) if isinstance(value, Mapping) else value
        for key, value in kept.items()
    }
