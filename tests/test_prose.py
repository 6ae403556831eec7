"""The English of the pages: short sentences in plain words."""

import re
from collections.abc import Iterator

import pytest
from support.places import REPOSITORY

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "sim/README.md")]
PAGES += sorted((REPOSITORY / "docs").rglob("*.md"))

#: Words of the longest sentence. A colon and a semicolon end one too.
MOST_WORDS = 40

#: What is not written, and what is written instead.
INSTEAD = {
    r"(?<!there )\b(is|are|was|were) no (?!longer|more|less|better|worse|faster)": "is not a",
    r"\bunder way\b": "in flight, running",
    r"\bso (many|much) (as|that are|of)\b": "this many",
    r"\bgo(es)? on\b": "continue",
    r"\bwhat (is|was|are) (there|left|asked|taken|wanted)\b": "the name of the thing",
    r", else\b": "otherwise",
    r"\b(we|us|ours?)\b": "inrhw",
    r"\b(simply|obviously|clearly|basically|actually|of course)\b": "nothing",
    r"\bnobody (knows|saw)\b|\bcounts? half\b|\bcannot be written\b|\bin the place of\b": "the fact",
    r"\b(?!H )(\w+) \1\b": "the word once",
}


def sentences(text: str) -> Iterator[str]:
    """Yield what a reader reads as prose: no code, no tables, no headings, no targets of links."""
    text = re.sub(r"\A---\n.*?^---$|^(```|:::).*?^\1$", "", text, flags=re.S | re.M)
    text = re.sub(r"^(    |[|#!:]).*$", "", text, flags=re.M)
    text = re.sub(r"`[^`]*`", "code", re.sub(r"\]\([^)]*\)", "]", text))
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        yield from re.split(r"(?<=[.!?:;]) ", " ".join(paragraph.split()))


def faults(text: str) -> list[str]:
    """Return the sentences that are too long or hold what is not written, with what to do."""
    found = [f"{MOST_WORDS} words: {each}" for each in sentences(text) if len(each.split()) > MOST_WORDS]
    return found + [
        f"{instead}: {each}"
        for each in sentences(text)
        for pattern, instead in INSTEAD.items()
        if re.search(pattern, each, re.IGNORECASE)
    ]


def test_pages_are_written_plainly() -> None:
    assert {} == {page.name: found for page in PAGES if (found := faults(page.read_text()))}


@pytest.mark.parametrize(
    "sentence",
    [
        "Of a clock that is none of them nobody knows how fast it is.",
        "That is no\nbinary fraction.",
        "The frame under way is shown.",
        "1 cells of ring form a loop, so nothing counts half.",
        "- A core and " + "the other one " * 13 + ".",
        "The the core.",
    ],
)
def test_a_planted_sentence_is_found(sentence: str) -> None:
    assert faults(f"# A page\n\nA plain sentence.\n\n{sentence}\n")
