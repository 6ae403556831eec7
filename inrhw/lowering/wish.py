"""What a user asks of a core: a rate or a budget, where weights are, what can be set at run time."""

import math
from dataclasses import dataclass

from inrhw.base.errors import InputError
from inrhw.base.types import Element, Phase
from inrhw.lowering.fold import WEIGHTS


def check_clock(clock_mhz: float) -> None:
    """Raise InputError unless a clock is one."""
    if not 0 < clock_mhz < math.inf:
        raise InputError(f"the clock must be a positive number of MHz, not {clock_mhz:g}")


@dataclass(frozen=True)
class Target:
    """What a folded network has to reach; None where anything will do.

    Parameters
    ----------
    mpixels
        Megapixels a second.
    clock_mhz
        The clock that this is meant at.
    max_dsp, max_lut
        Multipliers and look-up tables to use at most.
    initiation_interval
        Cycles a pixel, instead of `mpixels`.

    Examples
    --------
    >>> Target(mpixels=20).interval
    15
    """

    mpixels: float | None = None
    clock_mhz: float = 300.0
    max_dsp: int | None = None
    max_lut: int | None = None
    initiation_interval: int | None = None

    def __post_init__(self) -> None:
        for name in ("mpixels", "clock_mhz", "max_dsp", "max_lut", "initiation_interval"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} must be over 0, not {value}")
        if self.mpixels is not None and self.initiation_interval is not None:
            raise InputError("give mpixels or initiation_interval, not both: one follows from the other")
        if self.mpixels is not None and self.mpixels > self.clock_mhz:
            raise InputError(
                f"{self.mpixels:g} Mpixels/s cannot be reached at {self.clock_mhz:g} MHz: "
                "a core gives at most one pixel a clock"
            )

    @property
    def given(self) -> bool:
        """Whether anything is asked for."""
        asked = (self.mpixels, self.max_dsp, self.max_lut, self.initiation_interval)
        return any(value is not None for value in asked)

    @property
    def interval(self) -> int | None:
        """Cycles that a pixel may take; None when only a budget is given."""
        if self.mpixels is None:
            return self.initiation_interval
        return math.floor(self.clock_mhz / self.mpixels + 1e-9)


@dataclass(frozen=True)
class Wish:
    """How a network is to become a circuit, as the user puts it.

    Parameters
    ----------
    weights
        "baked": constants, one pixel a clock. "rom" and "loadable": folded, see `Folding`. None: "rom" with
        a target, else "baked".
    target
        For a folded network.
    packed
        Two products of 8 bits in one DSP block.
    control
        Registers to start, stop and watch the core.
    window
        A window that can be set at run time, see `inrhw.core.sources.window`.
    """

    weights: str | None = None
    target: Target = Target()
    packed: bool = False
    control: bool = False
    window: bool = False

    def __post_init__(self) -> None:
        if self.weights not in (None, *WEIGHTS):
            raise InputError(f"weights must be one of {', '.join(WEIGHTS)}, not {self.weights!r}")
        if self.weights == "baked" and self.target.given:
            raise InputError(
                "baked weights give one pixel a clock; "
                "a target needs weights rom or, of one picture, loadable"
            )
        if self.folded and not self.target.given:
            raise InputError(
                f"{self.weights} weights need a target: mpixels, initiation_interval, max_dsp or max_lut; "
                "leave weights out for one pixel a clock"
            )
        if self.packed and not self.folded:
            raise InputError("packed is about the multipliers of a folded network; give a target too")
        if self.target.interval == 1 and self.weights:
            raise InputError(
                f"{self.weights} weights with a target take two clocks a pixel or more; "
                "ask for less, or leave weights and target out for one pixel a clock"
            )
        if self.target.interval == 1:
            raise InputError(
                "the target is one pixel a clock, which is what a core without a target gives; leave it out"
            )

    @property
    def folded(self) -> bool:
        """Whether the network is to be folded."""
        return self.target.given if self.weights is None else self.weights != "baked"


#: The wish of those who name none.
BAKED = Wish()


SOURCES = ("raster", "stream")


def check_source(source: str) -> str:
    """Return `source`, or raise InputError unless it is one of `SOURCES`."""
    if source not in SOURCES:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, not {source!r}")
    return source


def check_control(control: bool, source: str) -> None:
    """Raise InputError if a stream core is to have registers that count frames."""
    if control and source != "raster":
        raise InputError("a stream core has no frames to control; its stream starts and stops it")


def check_window(source: str, folded: bool, argument: Element) -> None:
    """Raise InputError unless a core can have a window.

    Parameters
    ----------
    source
        "raster" or "stream".
    folded
        Whether the network is folded.
    argument
        What the first layer puts out.
    """
    if source != "raster":
        raise InputError(f"a window needs the raster source; with {source} the coordinates come from outside")
    if folded:
        raise InputError("a window needs baked weights of one network; leave out targets and other weights")
    if not isinstance(argument, Phase):
        raise InputError(
            "a window needs a periodic activation such as quadinr or siren, whose phase wraps: "
            "outside the picture the argument of any other leaves its format"
        )
