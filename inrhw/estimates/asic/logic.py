"""Boolean functions as Liberty writes them: ``(A*B)'``, ``!A | B ^ C``, ``A B``."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from inrhw.base.errors import InputError

_TOKEN = re.compile(r"""[A-Za-z_][\w\[\]]*|[()!'^*&+|01]|\S""")
_OPERATORS = (("+|", "|"), ("*&", "&"), ("^", "^"))

Value = TypeVar("Value")


def read(
    function: str,
    name: Callable[[str], Value],
    invert: Callable[[Value], Value],
    join: Callable[[str, Value, Value], Value],
) -> Value:
    """Evaluate a function by three actions: for a name or a constant, for NOT, and for the rest.

    An inversion binds tightest, then ^, then AND (written ``*``, ``&`` or nothing), then OR (``+`` or ``|``).

    Parameters
    ----------
    function
        The text.
    name
        Called with each name, "0" and "1".
    invert
        Called with what is inverted.
    join
        Called with "&", "|" or "^" and the two sides.

    Raises
    ------
    InputError
        It is not a function.

    Examples
    --------
    >>> read("(A B)' + !C*1", str, lambda x: f"~{x}", lambda sign, x, y: f"({x} {sign} {y})")
    '(~(A & B) | (~C & 1))'
    """
    return _Reader(function, name, invert, join).result()


def inputs(function: str) -> list[str]:
    """Return the names in a function, sorted.

    Examples
    --------
    >>> inputs("!(B*A)+A")
    ['A', 'B']
    """
    return sorted({token for token in _TOKEN.findall(function) if token[0].isalpha() or token[0] == "_"})


def truth(function: str, pins: Sequence[str]) -> int:
    """Return the truth table over some pins: bit k is the value where pin j is bit j of k.

    Raises
    ------
    InputError
        It is not a function of these pins.

    Examples
    --------
    >>> bin(truth("(A*B)'", ["A", "B"]))
    '0b111'
    """
    rows = 1 << len(pins)
    every = (1 << rows) - 1
    columns = {pin: sum(1 << k for k in range(rows) if k >> j & 1) for j, pin in enumerate(pins)}
    values: Mapping[str, int] = {**columns, "0": 0, "1": every}

    def value(name: str) -> int:
        if name not in values:
            raise InputError(f"the function {function!r} of a cell has no pin {name!r} to depend on")
        return values[name]

    operators: Mapping[str, Callable[[int, int], int]] = {
        "|": int.__or__,
        "&": int.__and__,
        "^": int.__xor__,
    }
    return read(function, value, lambda x: x ^ every, lambda operator, x, y: operators[operator](x, y))


class _Reader(Generic[Value]):
    """What `read` does."""

    def __init__(
        self,
        function: str,
        name: Callable[[str], Value],
        invert: Callable[[Value], Value],
        join: Callable[[str, Value, Value], Value],
    ) -> None:
        self._function = function
        self._tokens = [*_TOKEN.findall(function), ""]
        self._name, self._invert, self._join = name, invert, join

    def result(self) -> Value:
        try:
            value = self._level(0)
        except RecursionError:
            raise InputError(
                f"the function {self._function[:40]!r}... of a cell is nested too deep"
            ) from None
        if self._tokens[0]:
            raise self._error()
        return value

    def _level(self, level: int) -> Value:
        """Read operands with an operator of a level or of a tighter one between them."""
        if level == len(_OPERATORS):
            return self._inversion()
        written, operator = _OPERATORS[level]
        value = self._level(level + 1)
        while True:
            if self._tokens[0] and self._tokens[0] in written:
                self._tokens.pop(0)
            elif operator != "&" or not re.match(r"[\w(!]", self._tokens[0]):
                return value
            value = self._join(operator, value, self._level(level + 1))

    def _inversion(self) -> Value:
        token = self._tokens.pop(0)
        if token == "!":
            return self._invert(self._inversion())
        if token == "(":
            value = self._level(0)
            if self._tokens[0] != ")":
                raise self._error()
            self._tokens.pop(0)
        elif re.match(r"\w", token):
            value = self._name(token)
        else:
            self._tokens.insert(0, token)
            raise self._error()
        while self._tokens[0] == "'":
            self._tokens.pop(0)
            value = self._invert(value)
        return value

    def _error(self) -> InputError:
        where = f"{self._tokens[0]!r} cannot stand" if self._tokens[0] else "it ends"
        return InputError(f"the function {self._function!r} of a cell cannot be read: {where} there")
