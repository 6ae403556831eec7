"""ABC proves that no assertion of a circuit ever fails, or finds a failure."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.errors import ToolFailed
from inrhw.base.programs.process import last_lines, run
from inrhw.verification.equivalence.abc import find_abc
from inrhw.verification.properties.checked import AIGER

PROVEN, BROKEN, UNDECIDED = "proven", "broken", "undecided"

#: Clocks of an induction that is tried before an invariant is looked for.
_CLOCKS = 2

_INDUCTION = f"orpos; bmc3 -F {_CLOCKS}; ind -F {_CLOCKS} -C 100000"


@dataclass(frozen=True)
class Answer:
    """Result of ABC for a circuit.

    Attributes
    ----------
    status
        "proven", "broken" or "undecided".
    clocks
        Proven: those of the induction's step. Broken: from power-up to the failure. Undecided: from power-up,
        for which no assertion fails.
    clauses
        Of the invariant, in which the step of the induction holds; 0 if the assertions are enough.
    """

    status: str
    clocks: int
    clauses: int = 0

    @property
    def how(self) -> str:
        """In words."""
        if self.status != PROVEN:
            return (
                f"fails in clock {self.clocks}"
                if self.status == BROKEN
                else f"holds for {self.clocks} clocks"
            )
        return f"invariant of {self.clauses} clauses" if self.clauses else f"induction, {self.clocks} clocks"


def answer(folder: Path, deadline_s: float) -> Answer:
    """Return ABC's result for the circuit in a folder: by induction, else by an invariant that it finds.

    Raises
    ------
    ToolFailed
        ABC ended without an answer, perhaps for lack of memory.
    """
    printed = _abc(_INDUCTION, folder, deadline_s)
    if "Networks are equivalent" in printed and "No output asserted" in printed:
        return Answer(PROVEN, _CLOCKS)
    printed = _abc(f"pdr -v -T {max(1, int(deadline_s))}", folder, deadline_s)
    if found := re.search(r"was asserted in frame (\d+)", printed):
        return Answer(BROKEN, int(found[1]))
    if found := re.search(r"Reached timeout \(\d+ seconds\) in frame (\d+)", printed):
        return Answer(UNDECIDED, int(found[1]))
    if "Property proved" in printed and (found := re.search(r"Invariant F\[\d+\] : (\d+) clauses", printed)):
        return Answer(PROVEN, 1, int(found[1]))
    raise ToolFailed("yosys-abc", folder / "abc.log", last_lines(folder / "abc.log"))


def _abc(script: str, folder: Path, deadline_s: float) -> str:
    """Return what ABC prints."""
    log = folder / "abc.log"
    command = [str(find_abc()), "-c", f"read_aiger {AIGER}; fold; {script}"]
    with contextlib.suppress(ToolFailed):  # what it printed may say enough
        run("yosys-abc", command, folder, log, deadline_s=2 * deadline_s)
    return log.read_text(errors="replace")
