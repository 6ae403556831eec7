"""Whether networks fit the board and the limits of a recipe, said before they are trained."""

from collections.abc import Sequence
from dataclasses import replace

from inrhw.base.board import RESOURCE_UNITS, load_board
from inrhw.cli.recipe import Recipe
from inrhw.lowering.lut_budget import LutBudget, check_luts
from inrhw.lowering.planning import plan_for, plan_to_json
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO
from inrhw.networks.precision import Precision

#: What a prediction names.
_NAMED = ("lut", "dsp", "bram", "uram")


def check_fits(recipe: Recipe, architectures: Sequence[Architecture]) -> None:
    """Raise InputError, which names the limit, unless there is a core of these networks, one a picture."""
    hardware, board, made = recipe.hardware, load_board(recipe.board), _as_emitted(recipe, architectures)
    plan_for(made, hardware, board)
    check_luts(made[0], hardware, board, recipe.training.digits_loss)


def budget_of(recipe: Recipe, precision: Precision) -> LutBudget | None:
    """Return what bits may cost that are to be chosen, if the recipe bounds that of baked weights."""
    hardware = replace(recipe.hardware, clock_mhz=None)
    if precision.layer_bits != AUTO or hardware.folded or hardware.max_lut is None:
        return None
    return LutBudget(hardware, load_board(recipe.board), recipe.training.digits_loss)


def predicted_cost(recipe: Recipe, architecture: Architecture) -> str:
    """Return what the folded core of a network will take; raise InputError, as above, if there is none."""
    hardware, board, made = recipe.hardware, load_board(recipe.board), _as_emitted(recipe, [architecture])
    folding = plan_for(made, hardware, board)
    assert folding
    predicted = plan_to_json(made, hardware, board, folding)["predicted"]
    halves = {name: round(2 * predicted[name]) / 2 for name in _NAMED}
    return ", ".join(f"{n:,.9g} {RESOURCE_UNITS[name]}" for name, n in halves.items() if n)


def _as_emitted(recipe: Recipe, architectures: Sequence[Architecture]) -> list[Architecture]:
    return [replace(architecture, scale=recipe.hardware.scale) for architecture in architectures]
