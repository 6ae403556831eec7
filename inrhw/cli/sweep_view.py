"""A sweep in the terminal: a line a trial, and how far it is."""

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from inrhw.cli.terminal import COLUMNS, console
from inrhw.reports.words import number
from inrhw.sweeps.measures import TITLES, Front, Goal
from inrhw.sweeps.row import Row

if TYPE_CHECKING:
    from inrhw.sweeps.study import Study


@contextlib.contextmanager
def showing(study: "Study[Any]") -> Iterator[Callable[[Row], None]]:
    """Yield what prints a row that has ended; a bar says how many have, and how many are on the front."""
    goals, budget = study.search.goals, study.budget
    front, states = Front(goals), Counter[str]()
    with Progress(*COLUMNS, console=console, transient=True) as bars:
        bar = bars.add_task("sweep", total=None if math.isinf(budget) else budget)

        def show(row: Row) -> None:
            if row.state == "done":
                front.add(row.number, row.measures)
            states[row.state] += 1
            told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            bars.update(bar, advance=1, description=f"{told}; {len(front.trials)} on the front")
            console.print(line(row, goals), markup=False, highlight=False, soft_wrap=True)

        yield show


def line(row: Row, goals: Sequence[Goal]) -> str:
    """Return a row as a line: what became of it, what was found, and its point.

    Examples
    --------
    >>> from inrhw.sweeps.measures import Measures
    >>> row = Row(3, {"model": "siren"}, state="done", measures=Measures(psnr_db=30.5, lut=812))
    >>> line(row, ["psnr_db", "lut"])
    '    3 done      PSNR (dB) 30.5, LUT 812; model siren'
    """
    found = ", ".join(f"{TITLES[goal]} {number(row.measures.of(goal))}" for goal in goals)
    point = ", ".join(f"{name} {value}" for name, value in row.point.items())
    said = row.sentence if row.state == "failed" else found
    return f"{row.number:5} {row.state:9} {said}; {point}"
