"""The grammar of the Liberty format: groups, attributes and lists, without their meaning."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from inrhw.base.errors import InputError

#: A string, a mark or a word behind white space, comments and continued lines; or what cannot be read.
_TOKEN = re.compile(
    r"""(?:\s+|/\*.*?\*/|//[^\n]*|\\(?=\s))*
    (?: "(?P<string>(?:[^"\\]|\\.)*)" | (?P<mark>[{}();:,]) | (?P<bad>["/]|\\)
      | (?P<word>[^\s{}();:,"\\/]+(?:/(?![*/])[^\s{}();:,"\\/]*)*) )""",
    re.DOTALL | re.VERBOSE,
)


@dataclass
class Group:
    """One group, such as ``cell (NAND2) { ... }``.

    Attributes
    ----------
    kind
        "cell".
    arguments
        The text in brackets, without quotes.
    attributes
        Values of ``name : value;``, without quotes; the last where a name comes twice.
    lists
        Values of ``name (a, b);``, without quotes; the last where a name comes twice.
    groups
        The groups inside, in their order.
    """

    kind: str
    arguments: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator["Group"]:
        """Yield the inner groups of given kinds."""
        return (group for group in self.groups if group.kind in kinds)


def parse(text: str, name: str) -> Group:
    """Read the one group that a Liberty text consists of.

    Parameters
    ----------
    text
        Content of the file.
    name
        Its name in messages.

    Raises
    ------
    InputError
        The text ends within a group, or is not in the format; the message names the line.
    """
    return _Parser(text, name).file()


#: Groups in one another; libraries have half a dozen.
_DEEPEST = 50


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._tokens = _TOKEN.finditer(text)
        self._open: list[tuple[str, int]] = []
        self._token: re.Match[str] | None = None
        self._next()

    def file(self) -> Group:
        group = self._statement(Group("file", ()))
        if group is None:
            raise self._error("a group such as library (NAME) { ... } is expected here")
        if self._kind:
            raise self._error("the file must end after its first group")
        return group

    def _next(self) -> None:
        """Take the next token: its kind ("" at the end), its text and where it begins."""
        self._behind = self._token.end() if self._token else 0
        self._token = next(self._tokens, None)
        self._kind = (self._token and self._token.lastgroup) or ""
        self._value = self._token[self._kind] if self._token and self._kind else ""
        if self._kind == "bad":
            raise self._error(f"{self._value!r} cannot be read here; is a string or a comment not closed")

    def _statement(self, parent: Group) -> Group | None:
        """Read an attribute, a list or a group into its parent; return the group."""
        if self._kind != "word":
            raise self._error("the name of an attribute or a group is expected here")
        name, begin = self._value, self._position()
        self._next()
        if self._mark(":"):
            parent.attributes[name] = self._attribute()
            return None
        if not self._mark("("):
            raise self._error(f"{name[:40]!r} must be followed by : or (")
        arguments = self._arguments()
        if not self._mark("{"):
            parent.lists[name] = arguments
            self._mark(";")
            return None
        if len(self._open) == _DEEPEST:
            raise self._error(f"groups are nested more than {_DEEPEST} deep; is it a Liberty file")
        group = Group(name, arguments)
        parent.groups.append(group)
        self._open.append((name, begin))
        while not self._mark("}"):
            if not self._kind:
                raise self._error("")
            self._statement(group)
            while self._mark(";"):
                pass
        self._open.pop()
        return group

    def _attribute(self) -> str:
        """Read up to a semicolon; libraries leave it out at the end of a line."""
        parts: list[str] = []
        while self._kind and not self._mark(";"):
            line_ended = parts and "\n" in self._text[self._behind : self._position()]
            if line_ended or (self._kind, self._value) == ("mark", "}"):
                break
            parts.append(self._value)
            self._next()
        return " ".join(parts)

    def _arguments(self) -> tuple[str, ...]:
        found = []
        while not self._mark(")"):
            if not self._kind or (self._kind == "mark" and self._value in "{};"):
                raise self._error("a bracket is not closed")
            if not self._mark(","):
                found.append(self._value)
                self._next()
        return tuple(found)

    def _mark(self, mark: str) -> bool:
        """Take the mark if it is the next token."""
        if self._kind == "mark" and self._value == mark:
            self._next()
            return True
        return False

    def _position(self) -> int:
        return self._token.start(self._kind) if self._token and self._kind else len(self._text)

    def _error(self, what: str) -> InputError:
        if not self._kind and self._open:
            kind, begin = self._open[-1]
            return InputError(
                f"{self._name} ends within the group {kind!r} that begins in line {self._line(begin)}; "
                "is the file complete"
            )
        return InputError(f"{self._name}, line {self._line(self._position())}: {what}")

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1
