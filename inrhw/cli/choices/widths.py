"""Choose the width of hidden layers: for the most dB within a budget, or the least that reaches some."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from inrhw.base.errors import InputError
from inrhw.cli.choices.fitting import check_fits
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import console, warn
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO
from inrhw.networks.precision import Precision
from inrhw.networks.training.descent import with_own_rate
from inrhw.networks.training.tile_trial import WORTH_DB, Trial, tried
from inrhw.signals.samples import Samples

#: Widths that are tried.
_WIDTHS = (4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256)

#: Bits of values and guard bits of baked weights that cost little and save LUTs (docs/density.md).
_FEWER_BITS, _GUARD_BITS = 6, 1

#: The architecture of a width and a precision.
OfWidth = Callable[[int, Precision], Architecture]


def choose_width(recipe: Recipe, signal: Samples, of_width: OfWidth) -> Architecture:
    """Return the architecture that gives the most dB within the recipe's limits, after short trials.

    With a PSNR to reach it is the narrowest that reaches it. Unrolled cores may get guard bits and fewer bits
    of values, unless the recipe names some.

    Parameters
    ----------
    recipe
        With hardware, board, training and perhaps the PSNR to reach.
    signal
        What is represented.
    of_width
        Makes the architecture with a width.

    Raises
    ------
    InputError
        If neither a limit nor a PSNR is given, or no width fits.
    """
    hardware, asked = recipe.hardware, recipe.network.min_psnr_db
    if asked is None and hardware.max_lut is None and not hardware.has_target:
        raise InputError(
            "hidden_widths auto needs to know what is enough: give max_lut with weights baked, a target, or "
            "min_psnr_db"
        )
    choice = _Choice(recipe, signal, of_width)
    trials = choice.within_limits() if asked is None else choice.reaching(asked)
    best = max(trials, key=lambda trial: trial.psnr_db)
    if asked is None:
        # The plainest way comes first; another must be worth it.
        found = next(trial for trial in trials if trial.psnr_db >= best.psnr_db - WORTH_DB)
    elif best.psnr_db >= asked:
        found = [trial for trial in trials if trial.psnr_db >= asked][-1]
    else:
        found = best
        warn(f"no width reached {asked:g} dB in a short trial; more steps, or more layers, may")
    console.print(f"chosen: {_described(found.architecture)}", highlight=False)
    return found.architecture


class _Choice:
    """Widths and precisions of one recipe, planned and tried."""

    def __init__(self, recipe: Recipe, signal: Samples, of_width: OfWidth) -> None:
        self._recipe, self._signal, self._of_width = recipe, signal, of_width
        self._ways = list(_ways(recipe.precision, folded=recipe.hardware.folded))

    def within_limits(self) -> list[Trial[Architecture]]:
        """Return a trial of the widest that fits, for each way to compute."""
        found: list[Architecture] = []
        for way in self._fitting():
            start = _WIDTHS.index(found[0].hidden_features) if found else 0
            if self._fits(way, _WIDTHS[start]):
                found.append(self._widest(way, start))
        return [self._tried(architecture) for architecture in found]

    def reaching(self, psnr_db: float) -> list[Trial[Architecture]]:
        """Return trials of the narrowest that reaches a PSNR, the cheapest last; else of the widest."""
        plain, *cheaper = self._fitting()
        places = range(len(_WIDTHS))
        trials: dict[int, Trial[Architecture]] = {}

        def reaches(place: int) -> bool:
            if place not in trials:
                trials[place] = self._tried(self._planned(plain, _WIDTHS[place]))
            return trials[place].psnr_db >= psnr_db

        low, high, step = -1, 0, 1
        while not reaches(high):
            if high == places[-1] or not self._fits(plain, _WIDTHS[high + 1]):
                return [trials[high]]
            low, high, step = high, min(high + step, places[-1]), 2 * step
            while not self._fits(plain, _WIDTHS[high]):
                high -= 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        as_wide = [self._of_width(_WIDTHS[high], way) for way in cheaper if self._fits(way, _WIDTHS[high])]
        return [trials[high], *map(self._tried, as_wide)]

    def _fitting(self) -> list[Precision]:
        """Return the ways to compute in which the narrowest fits; raise InputError if there are none."""
        if found := [way for way in self._ways if self._fits(way, _WIDTHS[0])]:
            return found
        self._planned(self._ways[-1], _WIDTHS[0])
        return []

    def _widest(self, precision: Precision, start: int) -> Architecture:
        """Return the widest architecture that fits, of those from a place in the list on."""
        found = self._planned(precision, _WIDTHS[start])
        for width in _WIDTHS[start + 1 :]:
            if not self._fits(precision, width):
                break
            found = self._of_width(width, precision)
        return found

    def _planned(self, precision: Precision, width: int) -> Architecture:
        """Return an architecture; raise InputError if it does not fit, with plain bits if some are chosen."""
        plain = replace(precision, layer_bits="") if precision.layer_bits == AUTO else precision
        check_fits(self._recipe, [self._of_width(width, plain)])
        return self._of_width(width, precision)

    def _fits(self, precision: Precision, width: int) -> bool:
        try:
            self._planned(precision, width)
        except InputError:  # also where there is no such network
            return False
        return True

    def _tried(self, architecture: Architecture) -> Trial[Architecture]:
        training = with_own_rate(self._recipe.training, architecture)
        trial = tried(self._signal, architecture, training)
        console.print(f"{_described(architecture)}: {trial.psnr_db:.1f} dB in a trial", highlight=False)
        return trial


def _ways(precision: Precision, *, folded: bool) -> Iterator[Precision]:
    """Yield the precision that is asked for, and with baked weights those that take fewer LUTs."""
    values: Sequence[int] = [precision.activation_bits]
    guards: Sequence[int | None] = [precision.guard_bits]
    if not folded and precision.activation_bits == Precision.activation_bits:
        values = [*values, _FEWER_BITS]
    if not folded and precision.guard_bits is None and precision.quantizer == "uniform":
        guards = [*guards, _GUARD_BITS]
    for bits in values:
        for guard in guards:
            yield replace(precision, activation_bits=bits, guard_bits=guard)


def _described(architecture: Architecture) -> str:
    precision = architecture.precision
    guard = "" if precision.guard_bits is None else f", guard_bits {precision.guard_bits}"
    return f"{'-'.join(map(str, architecture.features))}, values of {precision.activation_bits} bits{guard}"
