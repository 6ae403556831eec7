"""What a sweep must be told of trials: how a point becomes one, and what a worker does with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from inrhw.base.settings import Settings
from inrhw.sweeps.measures import Goal, Measures, Rung

S = TypeVar("S", bound=Settings)
S_contra = TypeVar("S_contra", bound=Settings, contravariant=True)


@dataclass(frozen=True)
class Outcome:
    """What a worker found on a rung.

    Attributes
    ----------
    measures
        What is known now.
    sentence
        Why it failed; "" if it did not.
    seconds
        Time it took.
    """

    measures: Measures
    sentence: str = ""
    seconds: float = 0.0


class Trial(Protocol[S_contra]):
    """What becomes of a point; a module-level object, since workers are other processes."""

    def identity(self, settings: S_contra) -> str:
        """Return a hash of all that a trial is made from.

        Raises
        ------
        InrhwError
            A file that the settings name cannot be read.
        """

    def command(self, settings: S_contra, folder: Path) -> str:
        """Return the command that completes the build in the folder of a trial."""

    def climb(self, settings: S_contra, folder: Path, rung: Rung, goals: tuple[Goal, ...]) -> Outcome:
        """Go up a rung in a folder, and the rungs below if they are not there; errors become sentences."""
