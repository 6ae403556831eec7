"""Whatever a name holds, Tcl reads it back as one word and runs nothing of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.synthesis.vivado.tcl import Tcl, command, result_of, word

tkinter = pytest.importorskip("tkinter", reason="this Python has no Tcl")

# Tcl ends its own strings at NUL, and UTF-8 has no surrogates.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"], max_codepoint=0xFFFF))


@given(st.lists(TEXT | st.text('\\"$[]{}; \n\t#'), min_size=1))
def test_every_word_is_read_back_as_it_was(words: list[str]) -> None:
    tcl = tkinter.Tcl()
    got: list[tuple[str, ...]] = []
    tcl.createcommand("take", lambda *given: got.append(given))
    tcl.eval(command("take", *words))
    assert got == [tuple(words)]


def test_a_result_is_that_of_a_command() -> None:
    tcl = tkinter.Tcl()
    assert tcl.eval(command("set", "x", result_of("string", "length", "a b[exit]"))) == "9"
    assert tcl.eval(command("set", "y", Tcl("$x"))) == "9"
    assert tcl.eval(command("set", "y", "$x")) == "$x"


def test_plain_words_stay_readable() -> None:
    assert word("xcvu37p-fsvh2892-2L-e") == "xcvu37p-fsvh2892-2L-e"
    assert word("") == '""'
