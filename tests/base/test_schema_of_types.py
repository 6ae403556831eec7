"""A schema takes what `to_json` writes and refuses what `from_json` refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inrhw.base.typed_json import from_json, schema_of, to_json


@dataclass(frozen=True)
class Twig:
    """A part.

    Parameters
    ----------
    length
        In cm.
    """

    length: int
    name: str = ""


@dataclass(frozen=True)
class Branch:
    twigs: tuple[Twig, ...]
    ends: tuple[int, bool]
    named: Mapping[str, int] | None
    longest: Twig | None = None


SCHEMA = Draft202012Validator(schema_of(Branch))
twigs = st.builds(Twig, st.integers(), st.text(max_size=3))
branches = st.builds(
    Branch,
    st.lists(twigs, max_size=2).map(tuple),
    st.tuples(st.integers(), st.booleans()),
    st.none() | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.none() | twigs,
)


@given(branches)
def test_what_is_written_is_of_the_schema(branch: Branch) -> None:
    SCHEMA.validate(to_json(branch))


@pytest.mark.parametrize(
    "change",
    [
        {"ends": [1]},
        {"ends": [True, 1]},
        {"twigs": [{"name": "a"}]},
        {"twigs": [{"length": 1, "color": 2}]},
        {"named": {"a": "b"}},
        {"fruit": 1},
    ],
    ids=str,
)
def test_both_refuse_the_same(change: dict[str, Any]) -> None:
    plain = to_json(Branch((), (1, True), None)) | {"named": None} | change
    with pytest.raises(ValueError):
        from_json(Branch, plain)
    assert not SCHEMA.is_valid(plain)


def test_the_docstring_describes_the_keys() -> None:
    assert schema_of(Twig)["properties"]["length"] == {"type": "integer", "description": "In cm."}
