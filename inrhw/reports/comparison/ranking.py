"""Which of several designs has the best figure, and which ones an estimate cannot tell from it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from inrhw.base.figure import Figure
from inrhw.estimates.asic.scaling import AREA_BAND, DELAY_BAND, POWER_BAND
from inrhw.signals.registry import kinds
from inrhw.synthesis.timing.delays import BAND_FACTORS

#: Which of two figures is the better one; "" where neither is.
Better = Literal["higher", "lower", ""]

#: How alike a signal and its rendering are, by any kind's measures.
LIKENESS = tuple(dict.fromkeys(name for kind in kinds().values() for name in kind.measures))

#: Measures of which less is better: errors, not likeness.
_ERRORS = ("near_error_cells", "spectral_distance_db", "largest_error")

#: Figures of which more is better; of all others but the neutral ones less is.
_HIGHER = (*(name for name in LIKENESS if name not in _ERRORS), "timing fmax_mhz", "throughput")

#: Figures of which neither is: a clock that was asked for, and how a total is made up.
_NEUTRAL = ("power clock_mhz", *(f"resources lut{inputs}" for inputs in range(1, 7)), "resources carry4")

#: The ends of an estimate, beside its nominal figure, which is ranked.
ENDS = ("low", "high")

#: Figures that go with the clock that power is stated at.
AT_A_CLOCK = ("power dynamic_mw", "power parts_mw", "power nodes", "power total", "power static_nj")

#: Figures of a sample, which is not the same in each kind of signal.
OF_A_SAMPLE = ("throughput", "power dynamic_nj", "power total_nj")

#: Figures that follow from the highest clock.
OF_HIGHEST_CLOCK = ("timing fmax_mhz", "timing delay_ns", "throughput", "latency ns")

#: What a figure scaled to another node may be times its estimate, by the end of its name.
_SCALED_FACTORS = {
    "scaled_area_um2": (1 - AREA_BAND, 1 + AREA_BAND),
    "scaled_delay_ns": (1 - DELAY_BAND, 1 + DELAY_BAND),
    "scaled_power_mw": (1 / POWER_BAND, POWER_BAND),
}


def which_is_better(path: str) -> Better:
    """Return which of two figures is the better one, given where a report has them.

    Examples
    --------
    >>> [which_is_better(path) for path in ("psnr_db rtl", "resources lut", "power clock_mhz")]
    ['higher', 'lower', '']
    """
    if path.startswith(_NEUTRAL) or path.endswith(ENDS):
        return ""
    return "higher" if path.startswith(_HIGHER) else "lower"


def ranked(
    path: str, found: Sequence[Mapping[str, Figure]], estimated: Sequence[bool], verdicts: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the places of the designs with the best figure, or of those that are tied with it.

    A design that failed has no place, and all designs must know the figure. Designs are tied whose figures
    lie within the stated error of the best one; then there is no best.

    Parameters
    ----------
    path
        Where a report has the figure.
    found
        All figures of each design, by their paths.
    estimated
        Whether the clock of each design is an estimate.
    verdicts
        Of each design.
    """
    better, figures = which_is_better(path), [each.get(path) for each in found]
    known = [figure.value for figure in figures if figure and figure.value is not None]
    if not better or len(known) < len(found) or len(set(known)) == 1:
        return (), ()
    values = {k: value for k, value in enumerate(known) if verdicts[k] != "fail"}
    most = (max if better == "higher" else min)(values.values(), default=None)
    best = tuple(k for k, value in values.items() if value == most)
    if not best:
        return (), ()
    low, high = _band(path, found[best[0]], estimated=estimated[best[0]])
    tied = tuple(k for k, value in values.items() if low <= value <= high)
    return ((), tied) if len(tied) > len(best) else (best, ())


def _band(path: str, found: Mapping[str, Figure], *, estimated: bool) -> tuple[float, float]:
    """Return from where to where a figure of a design may be; both ends are the figure if it is exact."""
    value = found[path].value or 0
    front, _, name = path.rpartition(" ")
    low, high = _SCALED_FACTORS.get(name, (1.0, 1.0))
    if path.startswith(OF_HIGHEST_CLOCK) and estimated:
        low, high = BAND_FACTORS
        if which_is_better(path) == "lower":  # a time, not a rate
            low, high = 1 / high, 1 / low
    if name == "nominal":
        ends = [found[f"{front} {end}"].value for end in ENDS if f"{front} {end}" in found]
        known = [end for end in ends if end is not None] + [value]
        return min(known), max(known)
    return low * value, high * value
