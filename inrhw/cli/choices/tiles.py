"""Choose the size of tiles, or of each of them, of a recipe that leaves it open."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from inrhw.base.errors import InputError
from inrhw.cli.choices.fitting import check_fits
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import console, warn
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.descent import with_defaults
from inrhw.networks.training.trials import leaf_trial
from inrhw.networks.training.trials.tile_trial import chosen, is_smaller, tried
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
        training = with_defaults(recipe.training, architecture)
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


def choose_leaves(
    recipe: Recipe, signal: Samples, of_tile: Callable[[tuple[int, ...], str], TiledArchitecture]
) -> TiledArchitecture:
    """Return the architecture with large tiles where the signal is easy, and small ones where it is not.

    Parameters
    ----------
    recipe
        With hardware, board, training and how many tiles there may be.
    signal
        What is cut into tiles.
    of_tile
        Makes the architecture with tiles of a size, cut into leaves, or all of them whole if these are "".

    Raises
    ------
    InputError
        If there may be too few tiles, or the board does not hold so many.
    """
    most = recipe.network.max_tiles or leaf_trial.default_leaves(signal.sides)
    axes = len(signal.sides)
    sizes = [of_tile((edge,) * axes, "") for edge in leaf_trial.edges(signal.sides, most)]
    largest = sizes[0]
    # Every choice has a map of leaves: a core that cannot have one is refused before the trial.
    check_fits(recipe, [replace(largest, leaves="0" * largest.tiles)])
    trial = leaf_trial.tried(signal, sizes, with_defaults(recipe.training, largest))
    chosen = of_tile(largest.tile, trial.leaves(most))
    check_fits(recipe, [chosen])
    of_each = ", ".join(
        f"{chosen.leaves.count(str(depth))} of {each.tiling}" for depth, each in enumerate(sizes)
    )
    console.print(f"tiles: {of_each}", highlight=False)
    return chosen


def _fits(recipe: Recipe, architecture: TiledArchitecture) -> bool:
    try:
        check_fits(recipe, [architecture])
    except InputError:
        return False
    return True


def _why_none(recipe: Recipe, signal: Samples, candidates: Sequence[TiledArchitecture]) -> str:
    """Return why no tiles will do: what the largest lack on the board, or that weights would be too many."""
    small = [each for each in candidates if is_smaller(each, signal)]
    if small:
        check_fits(recipe, [small[0]])
    return (
        f"no tiles of {signal.name} take fewer bits than its values; make the network smaller, "
        "or say the size of tiles"
    )
