"""Choose the size of tiles of a recipe that leaves it open."""

from collections.abc import Sequence
from dataclasses import replace

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import console, warn
from inrhw.lowering.planning import plan_for
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.descent import with_own_rate
from inrhw.networks.training.tile_trial import chosen, is_smaller, tried
from inrhw.signals.samples import Samples


def choose_tiles(
    recipe: Recipe, signal: Samples, candidates: Sequence[TiledArchitecture]
) -> TiledArchitecture:
    """Return the architecture whose tiles fit the board and the recipe's limits, and suit the signal best.

    Parameters
    ----------
    recipe
        With hardware, board, training and the PSNR to reach.
    signal
        What is cut into tiles.
    candidates
        With tiles of several sizes, the largest first.

    Raises
    ------
    InputError
        If no size fits.
    """
    fitting = [each for each in candidates if is_smaller(each, signal) and _fits(recipe, each)]
    if not fitting:
        raise InputError(_why_none(recipe, signal, candidates))
    trials = []
    for architecture in fitting:
        training = with_own_rate(recipe.training, architecture)
        trials.append(tried(signal, architecture, training))
        console.print(
            f"tiles {architecture.tiling.grid}: {trials[-1].psnr_db:.1f} dB in a trial", highlight=False
        )
    asked = recipe.network.min_psnr_db
    found = chosen(trials, asked)
    if asked is not None and found.psnr_db < asked:
        warn(f"no tiles reached {asked:g} dB in a short trial; more steps, or a wider network, may")
    console.print(f"tiles {found.architecture.tiling.grid}", highlight=False)
    return found.architecture


def _plan(recipe: Recipe, architecture: TiledArchitecture) -> None:
    hardware = recipe.hardware
    plan_for([replace(architecture, scale=hardware.scale)], hardware, load_board(recipe.board))


def _fits(recipe: Recipe, architecture: TiledArchitecture) -> bool:
    try:
        _plan(recipe, architecture)
    except InputError:
        return False
    return True


def _why_none(recipe: Recipe, signal: Samples, candidates: Sequence[TiledArchitecture]) -> str:
    """Return why no tiles will do: what the largest lack on the board, or that weights would be too many."""
    small = [each for each in candidates if is_smaller(each, signal)]
    if small:
        _plan(recipe, small[0])
    return (
        f"no tiles of {signal.name} take fewer bits than its values; make the network smaller, "
        "or say the size of tiles"
    )
