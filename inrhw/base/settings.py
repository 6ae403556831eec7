"""Settings: frozen dataclasses whose fields say type, default, bounds and one line of help, once each.

A field's type is int, float, bool, str, a tuple of these, a `Literal` of choices, or one of them or None.
`Annotated` adds bounds (`annotated_types`); the docstring's "Parameters" hold the help. The command line,
recipe.toml, the checks and the identity are made from that. What users call from Python is checked by its
annotations likewise.
"""

import dataclasses
import difflib
import functools
import hashlib
import inspect
import json
import math
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from annotated_types import Interval

from inrhw.base.errors import WORDS, InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="Settings")
P = ParamSpec("P")
R = TypeVar("R")


def at_least(least: float, most: float | None = None) -> Interval:
    """Return the bound of a number from `least` to `most`."""
    return Interval(ge=least, le=most)


def over(least: float, most: float | None = None) -> Interval:
    """Return the bound of a number over `least` and at most `most`."""
    return Interval(gt=least, le=most)


@dataclass(frozen=True)
class Field:
    """What is declared of one setting.

    Attributes
    ----------
    name
        Its name, in Python and in recipe.toml; on the command line with dashes.
    kind
        int, float, bool or str: its type, or that of each of its values.
    choices
        The only values that it may have; empty if it may have any.
    bounds
        Of a number.
    optional
        Whether it may be None.
    many
        Whether it is a tuple.
    default
        Its value where none is given.
    help
        One line or a few.
    """

    name: str
    kind: type
    choices: tuple[Any, ...]
    bounds: Interval | None
    optional: bool
    many: bool
    default: Any
    help: str

    @property
    def allowed(self) -> str:
        """What a value may be, to follow "must be"."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        ends = {self.bounds.ge, self.bounds.le} if self.bounds else set()
        if len(ends) == 1 and None not in ends:
            return _number(*ends)
        words = f"{WORDS[self.kind]}{_range(self.bounds)}"
        return f"a list, each {words}" if self.many else words

    def check(self, value: object) -> None:
        """Raise InputError unless `value` may stand here."""
        if value is None and self.optional:
            return
        values = value if self.many and isinstance(value, tuple) else (value,)
        if (self.many and not isinstance(value, tuple)) or not all(map(self._fits, values)):
            raise InputError(f"{self.name} must be {self.allowed}, not {value!r}")

    def _fits(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        if not is_of(self.kind, value):
            return False
        if self.kind in (int, float):
            return _within(self.bounds, value)  # type: ignore[arg-type]
        return "\0" not in str(value)  # no path may have one


class Settings:
    """Base of a frozen dataclass of settings; every field is checked when one is made.

    Raises
    ------
    InputError
        A value has the wrong type or is out of bounds.
    """

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if field.many and isinstance(value, list):  # as TOML and JSON have it
                value = tuple(value)
                object.__setattr__(self, field.name, value)
            field.check(value)
            if field.kind is float and isinstance(value, int):  # 3 and 3.0 are the same setting
                object.__setattr__(self, field.name, float(value))
        for name, kind in groups_of(type(self)):
            if not isinstance(value := getattr(self, name), kind):
                raise InputError(f"{name} must be settings of {kind.__name__}, not {value!r}")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that refuses arguments of other types than its annotations name.

    For what users call from Python; what a type does not say the function checks itself.

    Examples
    --------
    >>> @checked
    ... def half(number: float) -> float:
    ...     return number / 2
    >>> half("x")
    Traceback (most recent call last):
    inrhw.base.errors.InputError: half: number must be a number, not 'x'
    """
    signature, hints = inspect.signature(function), inspect.get_annotations(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs).arguments.items()
        _check_types(function.__name__, ((name, value, hints.get(name, Any)) for name, value in given))
        return function(*args, **kwargs)

    return call


def check_fields(instance: "DataclassInstance") -> None:
    """Raise InputError unless each field of a dataclass is of the type that its annotation names."""
    told = ((field.name, getattr(instance, field.name), field.type) for field in dataclasses.fields(instance))
    _check_types(type(instance).__name__, told)


def _check_types(where: str, told: Iterable[tuple[str, Any, Any]]) -> None:
    """Raise InputError unless each value, of a name, is of the type that a hint names."""
    for name, value, hint in told:
        if not is_of(hint, value):
            raise InputError(f"{where}: {name} must be {type_words(hint)}, not {repr(value)[:60]}")


def is_of(hint: Any, value: Any) -> bool:
    """Return whether a value is of a type; True for hints that cannot be told, such as a name in quotes."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return any(is_of(each, value) for each in inner)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in inner)
    if origin in (int, float):
        return isinstance(value, (int, origin)) and not isinstance(value, bool)
    if origin is type and inner:
        return isinstance(value, type) and issubclass(value, inner[0])
    if origin in (tuple, Sequence, Collection, Mapping):
        return _holds(origin, inner, value)
    is_told = isinstance(origin, type) and origin is not Any and not getattr(origin, "_is_protocol", False)
    return not is_told or isinstance(value, origin)


def _holds(kind: Any, inner: tuple[Any, ...], value: Any) -> bool:
    """Return whether a value is a collection of a kind, no text, that holds values of the inner types."""
    if isinstance(value, Mapping):
        return kind is Mapping and all(is_of(inner[1], each) for each in value.values())
    if isinstance(value, (str, bytes)) or not isinstance(value, (tuple, list) if kind is tuple else kind):
        return False
    each = inner[:1] * len(value) if len(inner) == 1 or inner[-1] is ... else inner
    return len(each) == len(value) and all(map(is_of, each, value))


def type_words(hint: Any) -> str:
    """Return how a message names a type.

    Examples
    --------
    >>> type_words(tuple[int, ...] | None)
    'None or a list, each a whole number'
    """
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(type_words, sorted(inner, key=lambda each: each is not types.NoneType)))
    if origin is Literal:
        return f"one of {', '.join(map(repr, inner))}"
    if origin in (tuple, Sequence, Collection):
        return f"a list, each {type_words(inner[0])}"
    if origin is type and inner:
        return f"a kind of {type_words(inner[0])}"
    if origin is Mapping:
        return f"a table, each {type_words(inner[1])}"
    own = {**WORDS, types.NoneType: "None"}
    return own[origin] if origin in own else getattr(origin, "__name__", str(origin))


def fields_of(kind: type[Any]) -> tuple[Field, ...]:
    """Return what is declared of each field that is a setting, not a group of settings."""
    return _read(kind)  # type: ignore[arg-type]  # a class is hashable, which mypy does not see


@functools.cache
def _read(kind: type[Any]) -> tuple[Field, ...]:
    """Read the declarations of a class: once, since every instance is checked against them."""
    hints, texts, groups = get_type_hints(kind, include_extras=True), help_of(kind), dict(groups_of(kind))
    return tuple(
        _declared(field, hints[field.name], texts.get(field.name, ""))
        for field in dataclasses.fields(kind)
        if field.name not in groups
    )


def groups_of(kind: type[Any]) -> tuple[tuple[str, type[Settings]], ...]:
    """Return the fields that are settings themselves, with their types."""
    hints = get_type_hints(kind)
    return tuple(
        (field.name, hints[field.name])
        for field in dataclasses.fields(kind)
        if isinstance(hints[field.name], type) and issubclass(hints[field.name], Settings)
    )


def help_of(kind: type) -> Mapping[str, str]:
    """Return the text of each parameter in a numpydoc docstring, as one line."""
    from docstring_parser import parse  # noqa: PLC0415

    found: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        for parameter in parse(each.__doc__ or "").params:
            for name in parameter.arg_name.split(", "):
                found[name] = " ".join((parameter.description or "").split())
    return found


def identity(*settings: "DataclassInstance") -> str:
    """Return a hash of all that settings say: what was made with others is not the same."""
    told = [[type(each).__name__, dataclasses.asdict(each)] for each in settings]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def from_table(kind: type[S], table: Mapping[str, Any], where: str) -> S:
    """Return the settings that a table, as TOML gives it, describes; what it leaves out has its default.

    Parameters
    ----------
    kind
        A dataclass of settings, which may hold others.
    table
        Keys are names of fields.
    where
        What the table is from, for messages.

    Raises
    ------
    InputError
        A key is unknown, or a value has a wrong type or is out of bounds; the message names it.
    """
    fields, groups = {field.name: field for field in fields_of(kind)}, dict(groups_of(kind))
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in groups:
            if not isinstance(value, Mapping):
                raise InputError(f"{where}: {key} must be a table, written [{key}], not {value!r}")
            values[key] = from_table(groups[key], value, f"{where}: [{key}]")
        elif key in fields:
            values[key] = value
        else:
            raise unknown(key, kind, where)
    try:
        return kind(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def unknown(key: str, kind: type[Settings], where: str) -> InputError:
    """Return the error of a key that settings do not have: it says which is meant, or where it belongs."""
    known = [*(field.name for field in fields_of(kind)), *dict(groups_of(kind))]
    return InputError(f"{where}: there is no {key}; {_nearest(key, known, kind)}")


def _nearest(key: str, known: Sequence[str], kind: type[Settings]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"{close[0]} is the nearest name"
    elsewhere = [group for group, inner in groups_of(kind) if key in {f.name for f in fields_of(inner)}]
    return f"it belongs into [{elsewhere[0]}]" if elsewhere else f"known are {', '.join(known)}"


def _declared(field: "dataclasses.Field[Any]", hint: Any, text: str) -> Field:
    bounds = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        bounds = next((extra for extra in extras if isinstance(extra, Interval)), None)
    arms = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    (hint,) = [arm for arm in arms if arm is not type(None)]
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        bounds = next((extra for extra in extras if isinstance(extra, Interval)), bounds)
    many = get_origin(hint) is tuple
    if many:
        hint = get_args(hint)[0]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = type(choices[0]) if choices else hint
    return Field(field.name, kind, choices, bounds, len(arms) > 1, many, field.default, text)


def _within(bounds: Interval | None, value: float) -> bool:
    if not math.isfinite(value):
        return False
    if bounds is None:
        return True
    low = (bounds.ge is None or value >= bounds.ge) and (bounds.gt is None or value > bounds.gt)  # type: ignore[operator]
    high = (bounds.le is None or value <= bounds.le) and (bounds.lt is None or value < bounds.lt)  # type: ignore[operator]
    return low and high


def _range(bounds: Interval | None) -> str:
    if bounds is None:
        return ""
    if bounds.ge is not None and bounds.le is not None:
        return f" from {_number(bounds.ge)} to {_number(bounds.le)}"
    words = {"of at least": bounds.ge, "over": bounds.gt, "at most": bounds.le, "under": bounds.lt}
    return " " + " and ".join(f"{word} {_number(edge)}" for word, edge in words.items() if edge is not None)


def _number(edge: Any) -> str:
    if isinstance(edge, int):
        return f"2**{edge.bit_length()} - 1" if edge > 1 << 32 else str(edge)
    return f"{edge:g}"
