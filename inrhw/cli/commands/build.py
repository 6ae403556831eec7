"""Do everything: from pictures to a report."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from inrhw.base.board import load_board
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit, default_folder, fit_of
from inrhw.cli.commands.power import Power
from inrhw.cli.commands.report import finish
from inrhw.cli.commands.synth import Synth
from inrhw.cli.commands.verify import Verify
from inrhw.cli.options import DEFAULT_WHOLE, Output, Resume, WholeRecipeOptions
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import building, print_rung

if TYPE_CHECKING:
    from inrhw.verification.ladder import Rung


def build(
    asked: WholeRecipeOptions = DEFAULT_WHOLE, *, output: Output = None, resume: Resume = False
) -> None:
    """Do everything: fit, emit, synth, power, verify, report.

    A recipe.toml in the place of pictures says what the options would say; options beside it override it.
    """
    training_stage = planned(asked.recipe, resume=resume)
    with building(output or default_folder(training_stage.pictures)) as work:
        run(asked.recipe, training_stage, work, print_rung)
    finish(work)


def planned(recipe: Recipe, *, resume: bool) -> Fit:
    """Return the training that a recipe asks for; what cannot be reached is said now, before it begins."""
    from inrhw.lowering.planning import plan_for
    from inrhw.synthesis.synthesis import check_placeable

    board, hardware = load_board(recipe.board), recipe.hardware
    if recipe.estimates.place:
        check_placeable(board)
    training = fit_of(recipe, resume=resume)
    scaled = [replace(architecture, scale=hardware.scale) for architecture in training.architectures]
    plan_for(scaled, hardware, board)
    return training


def run(recipe: Recipe, training: Fit, work: BuildFolder, on_rung: "Callable[[Rung], None]") -> None:
    """Run all stages in a folder."""
    work.run(training)
    work.run(Emit(recipe.hardware, recipe.board, recipe.name))
    work.run(Synth(recipe.board, recipe.estimates.place))
    work.run(Power(recipe.hardware.clock_mhz, recipe.estimates.activity))
    work.run(Verify(recipe.verification, on_rung))
