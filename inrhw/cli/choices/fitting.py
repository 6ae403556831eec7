"""Whether networks fit the board and the limits of a recipe, said before they are trained."""

from collections.abc import Sequence
from dataclasses import replace

from inrhw.base.board import load_board
from inrhw.cli.recipe import Recipe
from inrhw.lowering.planning import plan_for
from inrhw.networks.architecture import Architecture


def check_fits(recipe: Recipe, architectures: Sequence[Architecture]) -> None:
    """Raise InputError, with what is short, unless there is a core of these networks, one a picture."""
    hardware = recipe.hardware
    scaled = [replace(architecture, scale=hardware.scale) for architecture in architectures]
    plan_for(scaled, hardware, load_board(recipe.board), digits_loss=recipe.training.digits_loss)
