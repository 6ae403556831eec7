"""Train one tile of a signal again."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from inrhw.base.settings import identity
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import WEIGHTS, Fit, train_and_save
from inrhw.cli.options import TILE_HELP, FolderArgument, Resume
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import building, console

if TYPE_CHECKING:
    from inrhw.networks.training.fitted import Fitted


@dataclass(frozen=True, eq=False)
class Retrain(Fit):
    """Training of one tile, with all others as they are."""

    there: "Fitted | None" = None
    tile: int = 0

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """The weights that are there, the tile, and training."""
        from inrhw.base.files import digest

        return [digest(folder.folder / WEIGHTS), str(self.tile), identity(self.training)]

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """The recipe stays that of all tiles."""
        return recipe

    def run(self, folder: BuildFolder) -> None:
        """Train, and write weights and pictures."""
        from inrhw.networks.training.tile_fit import retrain_tile

        assert self.there is not None
        train = functools.partial(retrain_tile, self.there, self.tile, self.training)
        train_and_save(folder, train, resume=self.resume)


_AS_THERE = "[default: that of all tiles]"


def retrain(
    folder: FolderArgument,
    *,
    tile: Annotated[str, Parameter(help=TILE_HELP)],
    steps: Annotated[int | None, Parameter(help=f"Training steps. {_AS_THERE}")] = None,
    learning_rate: Annotated[float | None, Parameter(help=f"Learning rate at the start. {_AS_THERE}")] = None,
    seed: Annotated[
        int | None, Parameter(help="Seed of the initial weights. [default: one more than before]")
    ] = None,
    resume: Resume = False,
) -> None:
    """Train one tile of a build with --tiles again; the others stay as they are.

    The new tile stays if it is better. The core is then out of date: run emit, synth, verify and
    report again.
    """
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.tile_fit import tile_number

    there = Fitted.load(folder)
    number = tile_number(tile, there)
    before = there.training
    training = replace(
        before,
        steps=before.steps if steps is None else steps,
        learning_rate=before.learning_rate if learning_rate is None else learning_rate,
        seed=before.seed + 1 if seed is None else seed,
        batch=None,
    )
    stage = Retrain([there.picture], [there.architecture], training, resume, there=there, tile=number)
    with building(folder) as work:
        work.run(stage)
    console.print(f"tile {tile} was trained again; emit, synth, verify and report the core again")
