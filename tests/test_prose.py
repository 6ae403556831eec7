"""The English of the pages: short sentences in plain words."""

import re

import pytest
from support.places import DOCS, REPOSITORY

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "sim/README.md")]
PAGES += sorted(DOCS.rglob("*.md"))

MOST_COLUMNS = 120
#: Of a sentence; a colon and a semicolon end one too.
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


def prose(text: str) -> str:
    """Return a page without front matter, code, tables and headings."""
    text = re.sub(r"\A---\n.*?^---$|^(```|:::).*?^\1$", "", text, flags=re.S | re.M)
    return re.sub(r"^(    |[|#!]).*$", "", text, flags=re.M)


def sentences(text: str) -> list[str]:
    """Return the sentences of a page, without its code and the targets of its links."""
    text = re.sub(r"`[^`]*`", "code", re.sub(r"\]\([^)]*\)", "]", prose(text)))
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text)
    return [each for some in paragraphs for each in re.split(r"(?<=[.!?:;]) ", " ".join(some.split()))]


def faults(text: str) -> list[str]:
    """Return what to change, and where: long lines, long sentences, and what `INSTEAD` has."""
    found = [
        f"{MOST_COLUMNS} columns: {each}" for each in prose(text).split("\n") if len(each) > MOST_COLUMNS
    ]
    for sentence in sentences(text):
        if len(sentence.split()) > MOST_WORDS:
            found.append(f"{MOST_WORDS} words: {sentence}")
        found += [f"{use}: {sentence}" for bad, use in INSTEAD.items() if re.search(bad, sentence, re.I)]
    return found


def test_pages_are_written_plainly() -> None:
    assert [(page.name, fault) for page in PAGES for fault in faults(page.read_text())] == []


@pytest.mark.parametrize(
    "planted",
    [
        "Of a clock that is none of them nobody knows how fast it is.",
        "That is no\nbinary fraction.",
        "The frame under way is shown.",
        "1 cells of ring form a loop, so nothing counts half.",
        "- A core and" + "\n  the other one" * 13 + ".",
        "The the core.",
        "A line that is too long. " * 5,
    ],
)
def test_a_planted_sentence_is_found(planted: str) -> None:
    page = "# A page\n\nA plain sentence with `code` and [a link](page.md).\n\n    the the code\n"
    assert faults(page) == []
    assert len(faults(f"{page}\n{planted}\n")) == 1
