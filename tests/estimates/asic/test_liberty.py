"""The grammar of Liberty: everything in it comes back, and what is wrong is named with its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.estimates.asic.liberty import Group, parse

WORDS = st.text("aZ_0.+-", max_size=4).map(lambda text: f"w{text}")
TEXTS = st.text("abc ()*!'&|^{};:,/\\01.", max_size=12).map(lambda text: text.replace("\\", ""))
ARGUMENTS = st.lists(TEXTS.filter(bool), max_size=3).map(tuple)
SPACES = st.sampled_from(["", " ", "\n", "/* a { ; */", " // b }\n", "\\\n", "\t"])


def groups(inner: st.SearchStrategy[list[Group]]) -> st.SearchStrategy[Group]:
    return st.builds(
        Group,
        WORDS,
        ARGUMENTS,
        st.dictionaries(WORDS, TEXTS.filter(bool)),
        st.dictionaries(WORDS, ARGUMENTS),
        inner,
    )


TREES = st.recursive(groups(st.just([])), lambda tree: groups(st.lists(tree, max_size=3)), max_leaves=4)


def written(group: Group, space: str) -> str:
    """Return a group as text, with something to skip between its tokens."""

    def arguments(texts: tuple[str, ...]) -> str:
        return space.join(["(", f"{space},{space}".join(f'"{text}"' for text in texts), ")"])

    lines = [f'{name}{space}:{space}"{value}"{space};' for name, value in group.attributes.items()]
    lines += [f"{name}{space}{arguments(texts)}{space};" for name, texts in group.lists.items()]
    lines += [written(inner, space) for inner in group.groups]
    return space.join([group.kind, arguments(group.arguments), "{", *lines, "}"])


@settings(max_examples=50)
@given(TREES, SPACES)
def test_what_is_written_is_read(tree: Group, space: str) -> None:
    assert parse(written(tree, space), "a.lib") == tree


@settings(max_examples=50)
@given(TREES, st.data())
def test_a_truncated_file_is_refused(tree: Group, data: st.DataObject) -> None:
    text = written(tree, "\n")
    end = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(InputError, match=r"a\.lib"):
        parse(text[:end], "a.lib")


def test_values_may_stand_without_quotes_and_lines_end_without_semicolons() -> None:
    found = parse('library(x) {\n a : 1.5e-3\n b : 2 + 3;\n c ("1, 2", \\\n "3")\n d : true }', "a.lib")
    assert found.attributes == {"a": "1.5e-3", "b": "2 + 3", "d": "true"}
    assert found.lists == {"c": ("1, 2", "3")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("library (x) {\n cell (a) {\n area : 1;\n", "ends within the group 'cell' that begins in line 2"),
        ("library (x) { /* never closed", "line 1: .* comment not closed"),
        ('library (x) {\n a : "never closed', "line 2: .* string"),
        ("area : 1;", "a group such as library"),
        ("library (x) {} more", "must end after its first group"),
        ("library (x { a : 1; }", "a bracket is not closed"),
        ("library (x) {\n\n area 1; }", "line 3: 'area' must be followed by"),
        ("library (x) { ( }", "the name of an attribute or a group is expected here"),
        ("", "the name of an attribute or a group"),
    ],
)
def test_an_error_says_what_and_where(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text, "a.lib")


def test_a_file_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.lib, line 1: groups are nested more than 50 deep"):
        parse("a(b){" * 5000 + "}" * 5000, "a.lib")
