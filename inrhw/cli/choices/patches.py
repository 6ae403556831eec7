"""Choose the size of patches: the smallest with which a core reaches a rate within its budget."""

from collections.abc import Callable, Iterator

from inrhw.base.errors import InputError
from inrhw.cli.choices.fitting import predicted_cost
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import console, warn
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.descent import with_defaults
from inrhw.networks.training.trials.tile_trial import is_smaller, tried
from inrhw.signals.grid import size_text
from inrhw.signals.patches import MOST_SAMPLES
from inrhw.signals.samples import Samples


def choose_patch(
    recipe: Recipe, signal: Samples, of_patch: Callable[[tuple[int, ...]], Architecture]
) -> Architecture:
    """Return the architecture with the smallest patch that reaches the rate and fits, as planned.

    With a PSNR to reach it is the smallest that also reaches that in a short trial, or else the best.

    Parameters
    ----------
    recipe
        With a rate, board, limits, training and perhaps the PSNR to reach.
    signal
        What is represented.
    of_patch
        Makes the architecture with a patch of so many samples along each axis.

    Raises
    ------
    InputError
        If there is no rate to reach, or no patch reaches it.
    """
    if recipe.hardware.target_mpixels is None:
        raise InputError("patch auto finds the smallest patch that reaches a rate; give target_mpixels too")
    asked, trials, refused = recipe.network.min_psnr_db, [], ""
    for patch in _patches(len(signal.sides)):
        size = size_text(patch)
        try:
            architecture = of_patch(patch)
            predicted = predicted_cost(recipe, architecture)
            if not is_smaller(architecture, signal):
                raise InputError(f"weights take more bits than {signal.name} itself")
        except InputError as error:
            refused = f"{size}: {error}"
            _say(refused)
            continue
        _say(f"{size}: {predicted} predicted")
        if asked is None:
            return architecture
        trials.append(tried(signal, architecture, with_defaults(recipe.training, architecture)))
        _say(f"{size}: {trials[-1].psnr_db:.1f} dB in a trial")
        if trials[-1].psnr_db >= asked:
            return architecture
    if not trials:
        raise InputError(f"no patch will do, not even one of {refused}")
    warn(f"no patch reached {asked:g} dB in a short trial; more steps, or a wider network, may")
    return max(trials, key=lambda trial: trial.psnr_db).architecture


def _patches(axes: int) -> Iterator[tuple[int, ...]]:
    """Yield sizes, each of twice as many samples: in a frame, since line buffers hold one."""
    patch = [1] * axes
    for double in range(MOST_SAMPLES.bit_length()):
        yield tuple(patch)
        patch[double % min(axes, 2)] *= 2


def _say(what: str) -> None:
    console.print(f"patch {what}", highlight=False, soft_wrap=True)
