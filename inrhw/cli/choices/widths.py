"""Choose the width of hidden layers: for the most dB within a budget, or the least that reaches some."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from inrhw.base.errors import InputError
from inrhw.cli.choices.fitting import budget_of, check_fits
from inrhw.cli.recipe import Recipe
from inrhw.cli.terminal import console, warn
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO
from inrhw.networks.precision import Precision
from inrhw.networks.training.descent import with_defaults
from inrhw.networks.training.trials.tile_trial import WORTH_DB, Trial, tried
from inrhw.signals.samples import Samples

#: Widths that are tried.
_WIDTHS = (4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256)

#: Bits of values and guard bits of baked weights that cost little and save LUTs (docs/density.md).
_FEWER_BITS, _GUARD_BITS = 6, 1

#: Bits of a phase whose function takes one LUT of six inputs for each bit of a value (docs/density.md).
_SHORT_PHASE_BITS = 6

#: Places from one width to the next one with fewer bits, at first.
_STRIDE = 2

#: The architecture of a width and a precision.
OfWidth = Callable[[int, Precision], Architecture]


def choose_width(recipe: Recipe, signal: Samples, of_width: OfWidth) -> Architecture:
    """Return the architecture that gives the most dB within the recipe's limits, after short trials.

    With a PSNR to reach it is the narrowest that reaches it. Unless the recipe names bits, unrolled cores may
    get bits by layer and mid-rise values within LUTs, or fewer bits of values and guard bits for a PSNR.

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
    best = _best(trials)
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

    def within_limits(self) -> list[Trial[Architecture]]:
        """Return trials of the widest that fits, and of wider ones where bits are chosen within LUTs."""
        ways, start = [self._recipe.precision, *self._with_chosen_bits()], 0
        trials: list[Trial[Architecture]] = []
        for way in self._fitting(ways):
            start = start if trials else self._widest(way)
            if budget_of(self._recipe, way):
                stride = 1 if way.phase_bits == _SHORT_PHASE_BITS else _STRIDE
                wider = self._ever_wider(way, _WIDTHS[start::stride])
                start = _WIDTHS.index(_best(wider).architecture.hidden_features)
            else:
                wider = [self._tried(self._of_width(_WIDTHS[start], way))]
            trials += wider
        return trials

    def reaching(self, psnr_db: float) -> list[Trial[Architecture]]:
        """Return trials of the narrowest that reaches a PSNR, the cheapest last; else of the widest."""
        plain, *cheaper = self._fitting(self._cheaper())
        places = range(len(_WIDTHS))
        trials: dict[int, Trial[Architecture]] = {}

        def reaches(place: int) -> bool:
            if place not in trials:
                trials[place] = self._tried(self._of_width(_WIDTHS[place], plain))
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

    def _with_chosen_bits(self) -> Iterator[Precision]:
        """Yield ways with bits by layer for baked weights, if LUTs are limited and the recipe names none."""
        plain = self._recipe.precision
        auto = replace(plain, layer_bits=AUTO) if plain.weight_code == "uniform" else plain
        if plain.layer_bits or not budget_of(self._recipe, auto):
            return
        half = replace(auto, mid_rise=True)
        auto = half if self._exists(half) else auto
        yield auto
        short = replace(auto, phase_bits=_SHORT_PHASE_BITS)
        if plain.phase_bits is None and self._exists(short):
            yield short

    def _cheaper(self) -> Iterator[Precision]:
        """Yield the precision that is asked for, and with baked weights those that take fewer LUTs."""
        plain, folded = self._recipe.precision, self._recipe.hardware.folded
        values: Sequence[int] = [plain.activation_bits]
        guards: Sequence[int | None] = [plain.guard_bits]
        if not folded and plain.activation_bits == Precision.activation_bits:
            values = [*values, _FEWER_BITS]
        if not folded and plain.guard_bits is None and plain.quantizer == "uniform":
            guards = [*guards, _GUARD_BITS]
        for bits, guard in itertools.product(values, guards):
            yield replace(plain, activation_bits=bits, guard_bits=guard)

    def _fitting(self, ways: Iterable[Precision]) -> list[Precision]:
        """Return the ways to compute in which the narrowest fits; raise InputError if there are none."""
        ways = list(ways)
        if found := [way for way in ways if self._fits(way, _WIDTHS[0])]:
            return found
        check_fits(self._recipe, [self._of_width(_WIDTHS[0], ways[-1])])
        return []

    def _widest(self, precision: Precision) -> int:
        """Return the place of the widest that fits, with plain bits if some are chosen; else the first."""
        plain = replace(precision, layer_bits="") if precision.layer_bits == AUTO else precision
        fitting = itertools.takewhile(lambda place: self._fits(plain, _WIDTHS[place]), range(len(_WIDTHS)))
        return max(fitting, default=0)

    def _ever_wider(self, precision: Precision, widths: Sequence[int]) -> list[Trial[Architecture]]:
        """Return trials of wider and wider networks with fewer and fewer bits, until they get no better."""
        trials: list[Trial[Architecture]] = []
        for width in widths:
            if not self._fits(precision, width):
                break
            try:
                trials.append(self._tried(self._of_width(width, precision)))
            except InputError:  # trained weights need more LUTs than was predicted
                if not trials:
                    raise
                break
            if trials[-1] != _best(trials):
                break
        return trials

    def _fits(self, precision: Precision, width: int) -> bool:
        try:
            check_fits(self._recipe, [self._of_width(width, precision)])
        except InputError:  # also where there is no such network
            return False
        return True

    def _exists(self, precision: Precision) -> bool:
        try:
            self._of_width(_WIDTHS[0], precision)
        except InputError:
            return False
        return True

    def _tried(self, architecture: Architecture) -> Trial[Architecture]:
        training = with_defaults(self._recipe.training, architecture)
        trial = tried(self._signal, architecture, training, budget_of(self._recipe, architecture.precision))
        console.print(f"{_described(architecture)}: {trial.psnr_db:.1f} dB in a trial", highlight=False)
        return trial


def _best(trials: Sequence[Trial[Architecture]]) -> Trial[Architecture]:
    return max(trials, key=lambda trial: trial.psnr_db)


def _described(architecture: Architecture) -> str:
    precision = architecture.precision
    widths = "-".join(map(str, architecture.features))
    if precision.layer_bits == AUTO:
        short = ", short phases" if precision.phase_bits == _SHORT_PHASE_BITS else ""
        return f"{widths}, bits by layer" + (", mid-rise values" if precision.mid_rise else "") + short
    guard = "" if precision.guard_bits is None else f", guard_bits {precision.guard_bits}"
    return f"{widths}, values of {precision.activation_bits} bits{guard}"
