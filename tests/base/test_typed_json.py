import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.typed_json import from_json, to_json


@dataclass(frozen=True)
class Leaf:
    number: int
    text: str = "none"


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...]
    pair: tuple[int, bool]
    named: Mapping[str, int] | None
    best: Leaf | None = None
    share: float = 0.5


texts = st.text(max_size=4)
leaves = st.builds(Leaf, st.integers(), texts)
trees = st.builds(
    Tree,
    st.lists(leaves, max_size=3).map(tuple),
    st.tuples(st.integers(), st.booleans()),
    st.none() | st.dictionaries(texts, st.integers(), max_size=3),
    st.none() | leaves,
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(trees)
def test_what_is_written_is_read(tree: Tree) -> None:
    assert from_json(Tree, json.loads(json.dumps(to_json(tree)))) == tree


def test_what_is_at_its_default_is_left_out() -> None:
    assert to_json(Tree((Leaf(1), Leaf(2, "two")), (3, True), None)) == {
        "leaves": [{"number": 1}, {"number": 2, "text": "two"}],
        "pair": [3, True],
        "named": None,
    }


RIGHT = {"leaves": [{"number": 1}], "pair": [3, True], "named": {"a": 1}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leaves": 3}, "has 3 as leaves, which must be a list"),
        ({"leaves": [{"number": 1}, {}]}, "lacks leaves[1].number"),
        ({"leaves": [{"number": 1, "texte": ""}]}, "has leaves[0].texte, which is not a known key"),
        ({"leaves": [7]}, "has 7 as leaves[0], which must be an object"),
        ({"leaves": [{"number": True}]}, "has True as leaves[0].number, which must be a whole number"),
        ({"leaves": [{"number": 1.0}]}, "has 1.0 as leaves[0].number, which must be a whole number"),
        ({"pair": [3]}, "has [3] as pair, which must be a list of 2"),
        ({"pair": [3, 1]}, "has 1 as pair[1], which must be true or false"),
        ({"named": {"a": "1"}}, "has '1' as named.a, which must be a whole number"),
        ({"best": {"number": 1, "text": None}}, "has None as best.text, which must be a text"),
        ({"share": math.inf}, "has inf as share, which must be a number"),
        ({"worst": None}, "has worst, which is not a known key"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(changes: dict[str, Any], message: str) -> None:
    assert from_json(Tree, RIGHT)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_json(Tree, RIGHT | changes)


def test_all_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"^lacks leaves, pair, named$"):
        from_json(Tree, {})
    with pytest.raises(ValueError, match=r"^has \[\], which must be an object$"):
        from_json(Tree, [])
