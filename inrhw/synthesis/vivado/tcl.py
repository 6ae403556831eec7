"""Tcl, quoted word by word, so that no name can be executed as a command."""

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./:=+-]+")

_ESCAPES = str.maketrans({character: f"\\{character}" for character in '\\"$[]'} | {"\n": "\\n", "\r": "\\r"})


class Tcl(str):
    """A piece of Tcl that `command` does not quote."""

    __slots__ = ()


def word(text: str) -> str:
    r"""Return Tcl for one word that is exactly `text`.

    Examples
    --------
    >>> print(word("photo.v"), word("a b"), word("$x [exit]"))
    photo.v "a b" "\$x \[exit\]"
    """
    return text if _PLAIN.fullmatch(text) else f'"{text.translate(_ESCAPES)}"'


def command(*words: str) -> Tcl:
    """Return one command; every word is quoted except pieces of Tcl."""
    return Tcl(" ".join(text if isinstance(text, Tcl) else word(text) for text in words))


def result_of(*words: str) -> Tcl:
    """Return a word that is the result of a command.

    Examples
    --------
    >>> print(command("create_clock", "-period", "3.333", result_of("get_ports", "aclk")))
    create_clock -period 3.333 [get_ports aclk]
    """
    return Tcl(f"[{command(*words)}]")
