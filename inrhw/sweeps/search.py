"""What a sweep looks for, how far it goes and what runs it: the tables of sweep.toml that are no recipe's."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least, over
from inrhw.sweeps.measures import Goal, Rung, known_from

Method = Literal["grid", "random", "tpe", "nsga2"]


@dataclass(frozen=True)
class Search(Settings):
    """Which points are tried, and what for.

    Parameters
    ----------
    method
        grid: all there are. random, tpe (Optuna's Parzen estimators), nsga2 (Optuna's genetic algorithm).
    goals
        What is to be high or low. nsga2 and tpe look for the front of all of them.
    depth
        How far each trial goes. fit: trained. plan: and its cost predicted. synth: and synthesized, with
        power if energy is a goal. verify: and proven.
    trials
        Trials at most, over all runs of the sweep. Without it: a whole grid; other methods go on until
        `hours`.
    hours
        Hours after which a run begins no further trial. Without it: there is no limit.
    seed
        Of the search; training has its own.
    margin
        Part by which a prediction may be too large: what is worse than a synthesized trial by more than that
        is not synthesized.
    """

    method: Method = "grid"
    goals: tuple[Goal, ...] = ("psnr_db", "lut")
    depth: Rung = "synth"
    trials: Annotated[int, at_least(1)] | None = None
    hours: Annotated[float, over(0)] | None = None
    seed: Annotated[int, at_least(0, 2**32 - 1)] = 0
    margin: Annotated[float, Interval(ge=0, lt=1)] = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.goals or len(set(self.goals)) < len(self.goals):
            raise InputError(f"goals must name one or more goals, each once, not {list(self.goals)}")
        for goal in self.goals:
            if not known_from(goal, self.depth):
                raise InputError(f"the goal {goal} is not known at depth {self.depth}; give a deeper one")
        if self.method != "grid" and self.trials is None and self.hours is None:
            raise InputError(f"{self.method} does not end by itself; give trials or hours")


@dataclass(frozen=True)
class Workers(Settings):
    """Where trials run and what is remembered of them.

    Parameters
    ----------
    scheduler
        Address of a running Dask scheduler, as tcp://host:8786. "": workers on this machine.
    number
        Workers on this machine, each of one thread. Without it: one a core.
    storage
        URL of a database, as postgresql+psycopg://user@host/name. "": study.db in the sweep's folder.
    """

    scheduler: str = ""
    number: Annotated[int, at_least(1)] | None = None
    storage: str = ""


@dataclass(frozen=True)
class Needs(Settings):
    """What a worker must have been given for a stage, as `dask worker --resources` says it; 0: nothing.

    Parameters
    ----------
    cores
        Cores.
    memory_gb
        Memory in GB.
    gpu
        GPUs.
    """

    cores: Annotated[int, at_least(0)] = 0
    memory_gb: Annotated[float, at_least(0)] = 0.0
    gpu: Annotated[int, at_least(0)] = 0

    @property
    def resources(self) -> dict[str, float]:
        """What Dask calls them."""
        said = {"cores": float(self.cores), "memory_gb": self.memory_gb, "gpu": float(self.gpu)}
        return {name: amount for name, amount in said.items() if amount}


@dataclass(frozen=True)
class Resources(Settings):
    """What each stage needs of a worker."""

    fit: Needs = Needs()
    plan: Needs = Needs()
    synth: Needs = Needs()
    verify: Needs = Needs()

    def of(self, rung: Rung) -> Needs:
        """Return those of a stage."""
        needs: Needs = getattr(self, rung)
        return needs


@dataclass(frozen=True)
class Orders(Settings):
    """All of sweep.toml that is no recipe's.

    Parameters
    ----------
    search, workers, resources
        The groups.
    """

    search: Search = Search()
    workers: Workers = Workers()
    resources: Resources = Resources()
