"""A row of a sweep: one trial, what became of it, and how it is built for real."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from inrhw.sweeps.measures import Goal, Measures, Rung

#: running: it has not ended. done: as deep as asked. dominated: not synthesized, since a trial that was is
#: better than its prediction. failed: with a sentence.
State = Literal["running", "done", "dominated", "failed"]


@dataclass(frozen=True)
class Row:
    """What is remembered of a trial.

    Attributes
    ----------
    number
        Its place in the sweep, from 0.
    point
        A value of each field that varies.
    identity
        Hash of all that it is made from, by which its folder is called; "" if it cannot be made.
    command
        Command that builds it for real; "" if it cannot be made.
    state
        What became of it.
    rung
        The last one that was reached, "" for none.
    measures
        What is known.
    predicted
        What the plan said, which `measures` may have replaced.
    sentence
        Why it failed or went no further, or what else is to be said.
    seconds
        Time that its rungs took where they ran; what was there already took none.
    """

    number: int
    point: Mapping[str, Any]
    identity: str = ""
    command: str = ""
    state: State = "running"
    rung: Rung | Literal[""] = ""
    measures: Measures = field(default_factory=Measures)
    predicted: Measures = field(default_factory=Measures)
    sentence: str = ""
    seconds: float = 0.0

    def values(self, goals: Sequence[Goal]) -> list[float] | None:
        """Return what a search learns of it: all its goals, or None."""
        known = [value for goal in goals if (value := self.measures.of(goal)) is not None]
        return known if self.state in ("done", "dominated") and len(known) == len(goals) else None

    def reached(self, rung: Rung, measures: Measures, seconds: float) -> "Row":
        """Return the row once it has gone up a rung."""
        return replace(
            self,
            rung=rung,
            measures=self.measures.updated(measures),
            predicted=measures if rung == "plan" else self.predicted,
            seconds=round(self.seconds + seconds, 2),
        )

    def ended(self, state: State, sentence: str = "") -> "Row":
        """Return the row with what became of it."""
        return replace(self, state=state, sentence=sentence)

    def like(self, other: "Row") -> "Row":
        """Return the row with what was found of an equal point."""
        sentence = other.sentence or f"the same as trial {other.number}"
        same = replace(other, number=self.number, point=self.point, seconds=0.0)
        return same.ended(other.state, sentence)


def row_to_text(row: Row) -> str:
    """Return a row as a database holds it, but for number and point, which it holds itself."""
    told = asdict(row)
    del told["number"], told["point"]
    return json.dumps(told)


def row_from_text(text: str, number: int, point: Mapping[str, Any]) -> Row:
    """Return what `row_to_text` was given."""
    told = json.loads(text)
    measures, predicted = (Measures(**told.pop(name)) for name in ("measures", "predicted"))
    return Row(number, point, measures=measures, predicted=predicted, **told)
