"""Frozen dataclasses as JSON, back, and as JSON Schema; what does not fit is named by its place."""

import sys
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from inrhw.base.errors import WORDS

T = TypeVar("T")

#: Which JSON Schema ours are.
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

#: What JSON Schema calls them.
_SCHEMA_WORDS = {int: "integer", float: "number", str: "string", bool: "boolean", types.NoneType: "null"}


def to_json(value: Any) -> Any:
    """Return a dataclass, and all that is in it, as what `json` writes; fields at their default are left out.

    Examples
    --------
    >>> from inrhw.base.figure import Figure
    >>> to_json((Figure(3, "LUT", "Yosys"),))
    [{'value': 3, 'unit': 'LUT', 'source': 'Yosys'}]
    """
    if is_dataclass(value):
        told = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: to_json(item) for name, (item, default) in told.items() if item != default}
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, tuple) else value


def from_json(kind: type[T], plain: Any) -> T:
    """Return what `to_json` was given.

    A key that the dataclass does not have is refused: a misspelled one that may be absent would else be
    taken for absent.

    Parameters
    ----------
    kind
        A dataclass of int, float, str, bool, tuples, mappings from str, dataclasses, and any of these or
        None.
    plain
        What `json` read.

    Raises
    ------
    ValueError
        It does not fit; the message continues after the name of the file.
    """
    made: T = _read(kind, plain, "")
    return made


def schema_of(kind: Any) -> Schema:
    """Return the schema of a type: int, float, str, bool, tuple, mapping, literal, dataclass, or any or None.

    Examples
    --------
    >>> schema_of(tuple[int, ...])
    {'type': 'array', 'items': {'type': 'integer'}}
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return {"anyOf": [schema_of(each) for each in inner]}
    if origin is Literal:
        return {"enum": [*inner]}
    if origin is tuple:
        if inner[-1] is ...:
            return array(schema_of(inner[0]))
        n = len(inner)
        return {"type": "array", "prefixItems": [*map(schema_of, inner)], "minItems": n, "maxItems": n}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    return _schema_of_dataclass(kind) if is_dataclass(kind) else {"type": _SCHEMA_WORDS[kind]}


def array(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def table(properties: Mapping[str, Schema], *, optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these keys and no other; those in `optional` may be absent."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": [*properties],
        "additionalProperties": False,
    }


def _schema_of_dataclass(kind: Any) -> Schema:
    from inrhw.base.settings import help_of  # noqa: PLC0415  # a driver reads files without it

    hints, texts = get_type_hints(kind), help_of(kind)
    each = {
        field.name: schema_of(hints[field.name])
        | ({"description": texts[field.name]} if field.name in texts else {})
        for field in fields(kind)
    }
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    return table(
        {name: schema for name, schema in each.items() if name in needed},
        optional={name: schema for name, schema in each.items() if name not in needed},
    )


def _read(kind: Any, plain: Any, where: str) -> Any:
    """Return a value of a type; `where` is its place in the file, "" for the whole file."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        (some,) = (each for each in inner if each is not types.NoneType)
        return None if plain is None else _read(some, plain, where)
    if origin is tuple:
        return _read_tuple(inner, plain, where)
    if is_dataclass(kind):
        return _read_dataclass(kind, plain, where)
    if origin is Mapping:
        items = _dict(plain, where).items()
        return {name: _read(inner[1], item, _under(where, name)) for name, item in items}
    fits = type(plain) is kind  # True is no number
    if kind is float:
        fits = type(plain) in (int, float) and abs(plain) <= sys.float_info.max  # NaN is none
    if not fits:
        raise ValueError(f"has {plain!r} as {where}, which must be {WORDS[kind]}")
    return float(plain) if kind is float else plain


def _read_tuple(inner: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:
    kinds = [inner[0]] * len(plain) if isinstance(plain, list) and inner[-1] is ... else inner
    if not isinstance(plain, list) or len(plain) != len(kinds):
        many = "a list" if inner[-1] is ... else f"a list of {len(inner)}"
        raise ValueError(f"has {plain!r} as {where}, which must be {many}")
    return tuple(
        _read(kind, item, f"{where}[{k}]") for k, (kind, item) in enumerate(zip(kinds, plain, strict=True))
    )


def _read_dataclass(kind: Any, plain: Any, where: str) -> Any:
    given, hints = _dict(plain, where), get_type_hints(kind)
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    if missing := [_under(where, name) for name in needed if name not in given]:
        raise ValueError(f"lacks {', '.join(missing)}")
    if unknown := [_under(where, name) for name in given if name not in hints]:
        raise ValueError(f"has {', '.join(unknown)}, which is not a known key")
    return kind(**{name: _read(hints[name], item, _under(where, name)) for name, item in given.items()})


def _dict(plain: Any, where: str) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise ValueError(f"has {plain!r}{f' as {where}' if where else ''}, which must be an object")
    return plain


def _under(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
