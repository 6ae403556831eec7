"""A stage of a build: what it reads, depends on and leaves, and what the report takes from it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from inrhw.cli.recipe import Recipe

if TYPE_CHECKING:
    from inrhw.cli.build_folder import BuildFolder


class Stage(ABC):
    """One run of a stage; each stage is one subclass, in a file of `inrhw.cli.commands`.

    Attributes
    ----------
    name
        Of the stage, and of the command that runs it.
    result
        The file with what it found.
    after
        Stages whose results must exist and be up to date.
    of_one_core
        Whether its files are removed with the core, even if the next core has the same name.
    """

    name: ClassVar[str]
    result: ClassVar[str]
    after: "ClassVar[tuple[type[Stage], ...]]" = ()
    of_one_core: ClassVar[bool] = False

    @classmethod
    def needs(cls, folder: "BuildFolder") -> "Mapping[str, type[Stage]]":
        """Return the files that must be there, and the stage that writes each."""
        return {}

    @classmethod
    def inputs(cls, folder: "BuildFolder") -> Sequence[str]:
        """Return the names of all files that it would read now: by default those that it needs."""
        return list(cls.needs(folder))

    def key(self, folder: "BuildFolder") -> Sequence[str]:
        """Return everything else that its result depends on."""
        return ()

    def settings(self, recipe: Recipe, folder: "BuildFolder") -> Recipe:
        """Return the recipe of the folder once this stage has run."""
        return recipe

    @abstractmethod
    def outputs(self, folder: "BuildFolder") -> Sequence[str]:
        """Return the names of the files that it leaves; some exist only for some cores."""

    def left(self, folder: "BuildFolder") -> Sequence[str]:
        """Return the names of what else it may leave, such as logs."""
        return ()

    @abstractmethod
    def run(self, folder: "BuildFolder") -> None:
        """Run the stage."""

    @classmethod
    def reported(cls, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
        """Return the sections that it adds to the report of a folder, given those of the stages before it."""
        return {}
