"""What a user asks of a core: a rate or a budget, the kind of weights, and settings at run time."""

import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least
from inrhw.base.types import Element, Phase
from inrhw.signals.tiles.tiling import Tiling

#: Where coordinates come from.
Source = Literal["raster", "stream"]
SOURCES: tuple[str, ...] = get_args(Source)

#: Where weights can be: in adders (unfolded), in memories that never change, or in memories that are loaded.
Weights = Literal["baked", "rom", "loadable"]
WEIGHTS: tuple[str, ...] = get_args(Weights)

#: What protects the words of weight memories.
WeightEcc = Literal["none", "ecc", "top3", "scrub"]

#: Default clock of rates and power.
DEFAULT_CLOCK_MHZ = 300.0

#: Bounds of clocks in MHz and of rates in Mpixels/s: what is far beyond any part.
_LEAST_RATE, _MOST_MHZ = 1e-3, 1e5

#: Why others are refused.
WHERE_LEVELS_ARE = "and adder_levels is for the adders of baked weights; leave it out"


@dataclass(frozen=True)
class Hardware(Settings):
    """The core: its rate and budget, and what can be set at run time.

    Parameters
    ----------
    source
        raster: the core scans by itself. stream: coordinates come by AXI4-Stream.
    control
        AXI4-Lite registers to start, stop and watch the core.
    window
        Ports to zoom and pan at run time, frame by frame; periodic activations only.
    pad
        Fill m_axis_tdata with zeros up to a power of two of bytes, as DMA engines want it: 24 bits to 32.
    patch_order
        With patch: a beat carries a whole patch. Without it, line buffers put samples out line by line.
    scale
        Render at 1..64 times the size of the picture, with the same weights.
    weights
        baked: constants, a pixel a clock. rom, loadable: in memory, fixed or replaced at run time. Without
        it: baked; rom with a target.
    target_mpixels
        Megapixels a second that a folded core must give; megasamples of a sound, a volume or a shape.
    initiation_interval
        Clocks a pixel may take, in place of target_mpixels; with patch, clocks a patch may take.
    max_dsp
        Largest number of multipliers. Without it: the board's.
    max_lut_products
        Products a clock that may be made of LUTs where multipliers run short; 70 LUTs each at 8 bits.
    max_lut
        Largest number of LUTs, as predicted before training. Without it: the board's.
    packed
        Two products of 8 bits in one DSP48E2.
    adder_levels
        Levels of adders between registers where weights are baked, 1..8: more of them take fewer flip-flops
        and cycles, at a lower clock (docs/density.md).
    weight_ecc
        Protection of weight memories. ecc: corrects a flipped bit of a word, detects two. top3: the top three
        bits of each number three times. scrub: corrects as ecc does, but between frames; loadable weights.
    clock_mhz
        Clock for target_mpixels and power. Without it: 300; for power the highest if that is lower.

    Examples
    --------
    >>> Hardware(target_mpixels=20).interval
    15
    """

    source: Source = "raster"
    control: bool = False
    window: bool = False
    pad: bool = False
    patch_order: bool = False
    scale: Annotated[int, at_least(1, 64)] = 1
    weights: Weights | None = None
    target_mpixels: Annotated[float, at_least(_LEAST_RATE, _MOST_MHZ)] | None = None
    initiation_interval: Annotated[int, at_least(1)] | None = None
    max_dsp: Annotated[int, at_least(1)] | None = None
    max_lut_products: Annotated[int, at_least(0)] = 0
    max_lut: Annotated[int, at_least(1)] | None = None
    packed: bool = False
    adder_levels: Annotated[int, at_least(1, 8)] = 1
    weight_ecc: WeightEcc = "none"
    clock_mhz: Annotated[float, at_least(_LEAST_RATE, _MOST_MHZ)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_target()
        self._check_weights()
        check_control(self.control, self.source)

    def _check_target(self) -> None:
        if self.target_mpixels is None:
            return
        if self.initiation_interval is not None:
            raise InputError(
                "give target_mpixels or initiation_interval, not both: one follows from the other"
            )
        if self.target_mpixels > self.target_clock_mhz and not self.patch_order:
            raise InputError(
                f"{self.target_mpixels:g} Mpixels/s cannot be reached at {self.target_clock_mhz:g} MHz: "
                "a core gives at most one pixel a clock"
            )

    def _check_weights(self) -> None:
        if self.weights == "baked" and self.has_target:
            raise InputError(
                "baked weights give one pixel a clock; "
                "a target needs weights rom or, of one picture, loadable"
            )
        if self.folded and not self.has_target:
            raise InputError(
                f"{self.weights} weights need a target: target_mpixels, initiation_interval, max_dsp or "
                "max_lut; leave weights out for one pixel a clock"
            )
        if self.weight_ecc == "scrub":
            check_scrub(self.source, self.weights == "loadable")
        if self.packed and not self.folded:
            raise InputError("packed needs the multipliers of a folded core; give a target too")
        if self.max_lut_products and not self.folded:
            raise InputError("max_lut_products needs the multipliers of a folded core; give a target too")
        if self.adder_levels > 1 and self.folded:
            raise InputError(f"a folded network has multipliers, {WHERE_LEVELS_ARE}")
        if self.initiation_interval == 1:
            self._check_every_clock()

    def _check_every_clock(self) -> None:
        """Raise InputError unless a folded core may give a result each clock."""
        if self.weights == "loadable":
            raise InputError(
                "loadable weights with a target take two clocks a pixel or more; "
                "ask for less, or leave weights and target out for one pixel a clock"
            )
        if not self.weights:
            raise InputError(
                "the target is one pixel a clock, which is what a core without a target gives; "
                "leave it out, or give weights rom"
            )

    def of_evaluations(self, samples: int) -> "Hardware":
        """Return these settings for a network whose evaluation gives this many samples.

        Raises
        ------
        InputError
            If a folded core cannot have the rate.

        Examples
        --------
        >>> Hardware(target_mpixels=100).of_evaluations(4).interval
        12
        """
        if self.target_mpixels is None:
            return self
        if self.target_mpixels > samples * self.target_clock_mhz:
            raise InputError(
                f"{self.target_mpixels:g} Mpixels/s cannot be reached at {self.target_clock_mhz:g} MHz: "
                f"a core gives at most one patch of {samples} a clock"
            )
        wish = replace(self, target_mpixels=self.target_mpixels / samples)
        if wish.interval == 1:
            wish._check_every_clock()
        return wish

    @property
    def has_target(self) -> bool:
        """Whether a rate or a budget is given."""
        asked = [self.target_mpixels, self.max_dsp, self.initiation_interval]
        # Of baked weights it bounds what the network may be, not how it is folded.
        asked += [self.max_lut] if self.weights != "baked" else []
        return any(value is not None for value in asked)

    @property
    def target_clock_mhz(self) -> float:
        """The clock to which a rate refers."""
        return DEFAULT_CLOCK_MHZ if self.clock_mhz is None else self.clock_mhz

    @property
    def interval(self) -> int | None:
        """Cycles that a pixel may take; None when only a budget is given."""
        if self.target_mpixels is None:
            return self.initiation_interval
        return math.floor(self.target_clock_mhz / self.target_mpixels + 1e-9)

    @property
    def folded(self) -> bool:
        """Whether the network is folded."""
        return self.has_target if self.weights is None else self.weights != "baked"


def check_clock(clock_mhz: float) -> None:
    """Raise InputError unless a clock is valid."""
    if not _LEAST_RATE <= clock_mhz <= _MOST_MHZ:
        raise InputError(f"the clock must be from {_LEAST_RATE:g} to {_MOST_MHZ:g} MHz, not {clock_mhz:g}")


def check_source(source: str) -> str:
    """Return `source`, or raise InputError unless it is one of `SOURCES`."""
    if source not in SOURCES:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, not {source!r}")
    return source


#: Axes of what a window can show.
_WINDOW_AXES = 2


def check_control(control: bool, source: str) -> None:
    """Raise InputError if a stream core is to have registers that count frames."""
    if control and source != "raster":
        raise InputError("a stream core has no frames to control; its stream starts and stops it")


def check_scrub(source: str, loadable: bool) -> None:
    """Raise InputError unless a core can repair its memories between frames."""
    if not loadable:
        raise InputError(
            "weight_ecc scrub writes repaired words back, so it needs loadable weights; "
            "give weights loadable, or weight_ecc ecc"
        )
    if source != "raster":
        raise InputError(
            "weight_ecc scrub repairs between frames, and a stream core does not know where a frame ends; "
            "take the raster source, or weight_ecc ecc"
        )


def check_leaves(source: str, *, window: bool, loadable: bool, weight_ecc: str) -> None:
    """Raise InputError unless a core can have leaves of several sizes."""
    if (source != "raster" or window) and (loadable or weight_ecc != "none"):
        raise InputError(
            "behind a stream or a window the map of leaves of several sizes is neither loaded nor protected; "
            "take weights rom without weight_ecc, or tiles of one size"
        )


def check_window(
    source: str, folded: bool, argument: Element, axes: int, tiling: Tiling | None = None
) -> None:
    """Raise InputError unless a core can have a window.

    Parameters
    ----------
    source
        "raster" or "stream".
    folded
        Whether the network is folded.
    argument
        Output of the first layer.
    axes
        Of the signal.
    tiling
        Its tiles, if each has its own network.
    """
    if axes != _WINDOW_AXES:
        raise InputError(f"a window is a part of a picture; this signal has {axes} axes, not {_WINDOW_AXES}")
    if source != "raster":
        raise InputError(f"a window needs the raster source; with {source} the coordinates come from outside")
    if folded and not tiling:
        raise InputError(
            "a window needs baked weights of one network, or tiles; leave out targets and other weights, "
            "or give tiles"
        )
    if not isinstance(argument, Phase):
        raise InputError(
            "a window needs a periodic activation such as quadinr or siren, whose phase wraps: "
            "outside the picture the argument of any other leaves its format"
        )
