"""Do everything: from pictures to a report."""

import contextlib
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inrhw.base.board import load_board
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit, default_folder, fit_of
from inrhw.cli.commands.power import Power
from inrhw.cli.commands.report import show, write
from inrhw.cli.commands.synth import Synth
from inrhw.cli.commands.verify import Verify
from inrhw.cli.options import DEFAULT_WHOLE, AsJson, Output, Resume, WholeRecipeOptions
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import building, console, errors, print_rung

if TYPE_CHECKING:
    from inrhw.verification.ladder import Rung


#: Stages that a build can leave out.
Skippable = Literal["synth", "power", "verify"]


def build(
    asked: WholeRecipeOptions = DEFAULT_WHOLE,
    *,
    output: Output = None,
    resume: Resume = False,
    skip: Annotated[
        list[Skippable] | None,
        Parameter(help="Stage to leave out, also of the report; repeat it for several.", negative=()),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do everything: fit, emit, synth, power, verify, report.

    A recipe.toml instead of pictures sets all options; options beside it override it.
    """
    training_stage = planned(asked.recipe, resume=resume)
    to = errors if as_json else console
    with building(output or default_folder(training_stage.pictures), to) as work:
        run(asked.recipe, training_stage, work, partial(print_rung, to=to), skip or ())
        found = write(work)
    show(work, found, as_json=as_json)


def planned(recipe: Recipe, *, resume: bool) -> Fit:
    """Return the training that a recipe asks for; raise before it begins if no such core can be built."""
    from inrhw.cli.choices.fitting import check_fits
    from inrhw.synthesis.synthesis import check_placeable

    board = load_board(recipe.board)
    if recipe.estimates.place:
        check_placeable(board)
    training = fit_of(recipe, resume=resume)
    check_fits(recipe, training.architectures)
    return training


def run(
    recipe: Recipe,
    training: Fit,
    work: BuildFolder,
    on_rung: "Callable[[Rung], None]",
    skip: Collection[Skippable] = (),
) -> None:
    """Run all stages in a folder but those to skip; power needs synthesis, and is skipped with it.

    The Verilog is verified while it is synthesized.
    """
    work.run(training)
    work.run(Emit(recipe.hardware, recipe.board, recipe.name))
    synth, verify = Synth(recipe.board, recipe.estimates.place), Verify(recipe.verification, on_rung)
    power = Power(recipe.hardware.clock_mhz, recipe.estimates.activity)
    both = not work.has(Synth) and not {Synth.name, Verify.name} & set(skip)
    with verify.beginning(work) if both else contextlib.nullcontext():
        for stage in (synth, power, verify):
            if stage.name not in skip and not (stage.name == Power.name and Synth.name in skip):
                work.run(stage)
            elif not work.has(type(stage)):
                work.forget(stage.result)  # it describes another core
