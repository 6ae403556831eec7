import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least, checked, fields_of, from_table, groups_of, identity, over


@dataclass(frozen=True)
class Inner(Settings):
    """Some settings.

    Parameters
    ----------
    count
        How many,
        in all.
    share
        A part.
    kind
        Which.
    """

    count: Annotated[int, at_least(1, 8)] = 3
    share: Annotated[float, over(0, 1)] | None = None
    kind: Literal["round", "square"] = "round"
    on: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer(Settings):
    """A tree of them."""

    title: str = ""
    inner: Inner = Inner()


def test_each_field_is_declared_once_with_type_default_bounds_and_help() -> None:
    count, share, kind, on, names = fields_of(Inner)
    assert (count.kind, count.default, count.help) == (int, 3, "How many, in all.")
    assert count.allowed == "a whole number from 1 to 8"
    assert (share.kind, share.optional, share.allowed) == (float, True, "a number over 0 and at most 1")
    assert (kind.choices, on.kind, names.many) == (("round", "square"), bool, True)
    assert groups_of(Outer) == (("inner", Inner),)
    assert [field.name for field in fields_of(Outer)] == ["title"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "count must be a whole number from 1 to 8, not 0"),
        ({"count": 9}, "count must be a whole number from 1 to 8, not 9"),
        ({"count": 2.0}, "count must be a whole number from 1 to 8, not 2.0"),
        ({"count": True}, "count must be a whole number from 1 to 8, not True"),
        ({"count": None}, "count must be a whole number from 1 to 8, not None"),
        ({"share": 0.0}, "share must be a number over 0 and at most 1, not 0.0"),
        ({"share": math.nan}, "share must be a number over 0 and at most 1, not nan"),
        ({"share": "half"}, "share must be a number over 0 and at most 1, not 'half'"),
        ({"kind": "oval"}, "kind must be one of round, square, not 'oval'"),
        ({"on": 1}, "on must be true or false, not 1"),
        ({"names": ("a", 3)}, "names must be a list, each a text, not ('a', 3)"),
        ({"names": "a"}, "names must be a list, each a text, not 'a'"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_can(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Inner(**values)
    assert str(caught.value) == message


def test_a_whole_number_is_a_number() -> None:
    assert Inner(share=1) == Inner(share=1.0)
    assert identity(Inner(share=1)) == identity(Inner(share=1.0))


def test_a_list_is_a_tuple() -> None:
    assert Inner(names=["a", "b"]) == Inner(names=("a", "b"))  # type: ignore[arg-type]


@given(
    st.builds(
        Inner,
        st.integers(1, 8),
        st.none() | st.floats(0, 1, exclude_min=True),
        st.sampled_from(["round", "square"]),
        st.booleans(),
        st.lists(st.text(st.characters(exclude_characters="\0"))).map(tuple),
    )
)
def test_every_field_decides_the_identity_and_nothing_else_does(settings: Inner) -> None:
    assert identity(settings) == identity(replace(settings))
    changes: dict[str, Any] = {
        "count": settings.count % 8 + 1,
        "kind": "square" if settings.kind == "round" else "round",
    }
    changes |= {"on": not settings.on, "names": (*settings.names, "x")}
    changes |= {"share": 0.25 if settings.share != 0.25 else 0.5}
    found = {identity(replace(settings, **{name: value})) for name, value in changes.items()}
    assert len(found | {identity(settings)}) == 1 + len(changes)


def test_a_table_becomes_settings_and_what_it_leaves_out_has_its_default() -> None:
    table = {"title": "x", "inner": {"count": 4, "names": ["a", "b"]}}
    assert from_table(Outer, table, "f") == Outer("x", Inner(4, names=("a", "b")))


@checked
def taking(
    numbers: Sequence[float] = (),
    pair: tuple[int, str] | None = None,
    kind: Literal["a", "b"] = "a",
    **rest: Any,
) -> int:
    return len(numbers) + len(rest)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"numbers": "12"}, "taking: numbers must be a list, each a number, not '12'"),
        ({"numbers": [1, True]}, "taking: numbers must be a list, each a number, not [1, True]"),
        ({"pair": (1,)}, "taking: pair must be None or a list, each a whole number, not (1,)"),
        ({"kind": "c"}, "taking: kind must be one of 'a', 'b', not 'c'"),
    ],
)
def test_an_argument_of_another_type_is_named(given: dict[str, Any], message: str) -> None:
    assert taking([1, 2.5], (1, "x"), "b", more=object()) == 3
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        taking(**given)


def test_a_group_holds_settings_of_its_kind() -> None:
    with pytest.raises(InputError, match="inner must be settings of Inner, not 3"):
        Outer("x", 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"titel": "x"}, "f: there is no titel; title is the nearest name"),
        ({"inner": {"cuont": 1}}, "f: [inner]: there is no cuont; count is the nearest name"),
        ({"count": 1}, "f: there is no count; it belongs into [inner]"),
        ({"zzz": 1}, "f: there is no zzz; known are title, inner"),
        ({"inner": 3}, "f: inner must be a table, written [inner], not 3"),
        ({"inner": {"count": 99}}, "f: [inner]: count must be a whole number from 1 to 8, not 99"),
    ],
)
def test_a_wrong_table_is_one_sentence_with_file_and_key(table: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_table(Outer, table, "f")
    assert str(caught.value) == message
