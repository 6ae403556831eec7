"""The protection of a memory by its name."""

from inrhw.gateware.protection.protection import PLAIN, Protection
from inrhw.gateware.protection.single_error import SingleError
from inrhw.gateware.protection.top_votes import TopVotes

#: Bits of a number that `top3` stores three times.
TOP_BITS = 3


def protection_of(name: str, code_width: int, codes: int, top: int = TOP_BITS) -> Protection:
    """Return the protection of words of this many codes.

    Parameters
    ----------
    name
        "none", "ecc", "top3" or "scrub", which stores the words unchanged.
    code_width, codes
        Bits of a code, and codes in a word.
    top
        Bits of each that `top3` stores three times.
    """
    if name == "ecc":
        return SingleError(code_width * codes)
    return TopVotes(code_width, codes, top) if name == "top3" else PLAIN


def tells_errors(name: str) -> bool:
    """Return whether reading a protected memory reports wrong words."""
    return protection_of(name, 1, 1).check_bits > 0


def counted_errors(name: str) -> tuple[str, ...]:
    """Return the kinds of errors in protected memories: a vote always corrects.

    Examples
    --------
    >>> counted_errors("scrub"), counted_errors("top3"), counted_errors("none")
    (('corrected', 'uncorrected'), ('corrected',), ())
    """
    if name == "none":
        return ()
    return ("corrected",) if name == "top3" else ("corrected", "uncorrected")


def read_latency(name: str) -> int:
    """Return the additional cycles until a word of a protected memory can be used."""
    return protection_of(name, 1, 1).latency
