"""Trials that train nothing: for sweeps whose workers are other processes, which import this module."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least
from inrhw.sweeps.measures import Goal, Measures, Rung
from inrhw.sweeps.trial import Outcome


@dataclass(frozen=True)
class Shape(Settings):
    """A group.

    Parameters
    ----------
    width, depth
        Whole numbers.
    rate
        A number.
    kind
        A text.
    """

    width: Annotated[int, at_least(1, 64)] = 8
    depth: int = 1
    rate: float = 0.5
    kind: str = "a"


@dataclass(frozen=True)
class Fake(Settings):
    """What is swept.

    Parameters
    ----------
    shape
        The group.
    """

    shape: Shape = Shape()


@dataclass(frozen=True)
class FakeTrial:
    """Wider is better and larger; every rung leaves a line in `log`.

    Parameters
    ----------
    log
        File with a line for every rung that is begun, and one for every rung that ends.
    seconds
        Time that a rung takes.
    """

    log: Path
    seconds: float = 0.0

    def identity(self, settings: Fake) -> str:
        """Return the values; a depth of 13 cannot be."""
        shape = settings.shape
        if shape.depth == 13:
            raise InputError("a depth of 13 cannot be")
        return f"{shape.width}-{shape.depth}-{shape.rate:g}-{shape.kind}"

    def command(self, settings: Fake, folder: Path) -> str:
        """Return something to read."""
        return f"fake {folder.name}"

    def climb(self, settings: Fake, folder: Path, rung: Rung, goals: tuple[Goal, ...]) -> Outcome:
        """Take the time, and leave the lines; a kind of "killer" ends the worker."""
        self._note(f"begun {folder.name} {rung} {os.getpid()}")
        shape = settings.shape
        if shape.kind == "killer":
            os._exit(1)
        if shape.depth == 12:
            return Outcome(Measures(), "a depth of 12 fails")
        time.sleep(self.seconds)
        self._note(f"ended {folder.name} {rung} {os.getpid()}")
        lut = shape.width * 100.0 * shape.depth
        if rung == "fit":
            return Outcome(Measures(psnr_db=20.0 + shape.width), seconds=self.seconds)
        return Outcome(Measures(lut=lut if rung == "plan" else lut + 1, dsp=0.0), seconds=self.seconds)

    def _note(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(line + "\n")

    def lines(self, word: str) -> list[tuple[str, ...]]:
        """Return identity, rung and process of each line that begins with a word."""
        told = self.log.read_text().splitlines() if self.log.exists() else []
        return [tuple(line.split()[1:]) for line in told if line.startswith(word)]
