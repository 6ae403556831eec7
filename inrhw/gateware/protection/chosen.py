"""The protection of a memory that is asked for by name."""

from inrhw.gateware.protection.protection import PLAIN, Protection
from inrhw.gateware.protection.single_error import SingleError
from inrhw.gateware.protection.top_votes import TopVotes

#: Bits of a number that `top3` stores three times.
TOP_BITS = 3


def protection_of(name: str, code_width: int, codes: int, top: int = TOP_BITS) -> Protection:
    """Return the protection of words of so many codes.

    Parameters
    ----------
    name
        "none", "ecc" or "top3"; "scrub", of which the words themselves know nothing.
    code_width, codes
        Bits of a code, and codes in a word.
    top
        Bits of each that `top3` stores three times.
    """
    if name == "ecc":
        return SingleError(code_width * codes)
    return TopVotes(code_width, codes, top) if name == "top3" else PLAIN


def tells_errors(name: str) -> bool:
    """Return whether reading a protected memory tells that a word is wrong: what has no checks cannot."""
    return protection_of(name, 1, 1).check_bits > 0


def counted_errors(name: str) -> tuple[str, ...]:
    """Return which errors there can be in protected memories: a vote always corrects.

    Examples
    --------
    >>> counted_errors("scrub"), counted_errors("top3"), counted_errors("none")
    (('corrected', 'uncorrected'), ('corrected',), ())
    """
    if name == "none":
        return ()
    return ("corrected",) if name == "top3" else ("corrected", "uncorrected")


def read_latency(name: str) -> int:
    """Return the cycles by which a word of a protected memory comes later than that of another."""
    return protection_of(name, 1, 1).latency
