"""What faults in the weights do to a signal, or to several pictures: by rate, and by the bit that flipped."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.progress import OnProgress, silent
from inrhw.networks.faults import (
    Stored,
    flipped,
    networks_of,
    stored,
    stuck,
    with_noise,
    with_one_flip,
    with_stored,
)
from inrhw.networks.inr import INR
from inrhw.networks.shared import SharedINR
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples, Values

#: Most trials of each rate: more would take days.
_MOST_TRIALS = 10_000

#: Standard deviations of noise, relative to the span of a layer's weights.
SIGMAS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)

#: How likely a bit is flipped or stuck.
RATES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True)
class Point:
    """PSNR in dB at one amount of a fault.

    Attributes
    ----------
    amount
        Rate, or standard deviation.
    mean_db, least_db
        Over trials, and over pictures if there are several.
    each_db
        The mean of each picture, if there are several.
    """

    amount: float
    mean_db: float
    least_db: float
    each_db: tuple[float, ...] = ()


@dataclass(frozen=True)
class Place:
    """What one flipped bit costs.

    Attributes
    ----------
    layer, what
        Weights or biases of which layer; see `Stored`.
    bit
        Place of the bit, 0 for the lowest.
    sign
        Whether it is the sign.
    mean_loss_db, most_loss_db
        PSNR lost, over trials in which one code was hit, and over pictures if there are several.
    """

    layer: int
    what: Literal["weights", "biases"]
    bit: int
    sign: bool
    mean_loss_db: float
    most_loss_db: float


@dataclass(frozen=True)
class Survey:
    """The results of all trials.

    Attributes
    ----------
    weights
        CRC-32 of the codes, in hexadecimal, which identifies the network.
    trials, seed
        Trials of each amount, and the seed that they are drawn from.
    clean_db
        PSNR without faults, the mean over pictures.
    stored_bits
        Bits of all weights and biases.
    noise, flips, stuck_at_0, stuck_at_1
        By amount.
    places
        Each bit of each layer.
    memories
        By the rate of flips in the memories of the folded core that was emitted, check bits among them.
    memory_bits
        Bits of those memories, of loadable ones in one of their two contents; 0 without such a core.
    weight_ecc
        What protects them.
    pictures, clean_each_db
        The names of several pictures, and the PSNR of each without faults.
    """

    weights: str
    trials: int
    seed: int
    clean_db: float
    stored_bits: int
    noise: tuple[Point, ...]
    flips: tuple[Point, ...]
    stuck_at_0: tuple[Point, ...]
    stuck_at_1: tuple[Point, ...]
    places: tuple[Place, ...]
    memories: tuple[Point, ...] = ()
    memory_bits: int = 0
    weight_ecc: str = "none"
    pictures: tuple[str, ...] = ()
    clean_each_db: tuple[float, ...] = ()


@dataclass(frozen=True)
class Memories:
    """The memories of a folded core.

    Attributes
    ----------
    weight_ecc, bits
        What protects them, and their bits.
    render
        Returns the values of each signal after each bit flipped with a probability.
    """

    weight_ecc: str
    bits: int
    render: Callable[[float, np.random.Generator], Sequence[Values]]


def survey(
    model: INR | SharedINR,
    signals: Sequence[Samples],
    *,
    trials: int,
    seed: int,
    memories: Memories | None = None,
    on_progress: OnProgress = silent,
) -> Survey:
    """Try faults of every kind on quantized networks, over all pixels.

    Parameters
    ----------
    model
        Quantized: of one signal, in tiles or not, or of pictures that share layers.
    signals
        What each network should render; one, unless there are several pictures.
    trials
        Trials of each amount, and of each bit.
    seed
        Seed of all random draws.
    memories
        Of the core that was emitted, if it is folded.
    on_progress
        Called with (renderings done, renderings in all).

    Raises
    ------
    InputError
        If weights are stored rotated, or a number is out of range.
    """
    check_draws(trials, seed)
    numbers = stored(model)
    rng = np.random.default_rng(seed)
    amounts = len(SIGMAS) + (4 if memories else 3) * len(RATES)
    total = trials * (amounts + sum(one.bits for one in numbers))
    done = 0

    def psnrs_db(renderings: Sequence[Values]) -> NDArray[np.float64]:
        pairs = zip(signals, renderings, strict=True)
        return np.array([psnr_db(signal.values, values) for signal, values in pairs])

    clean = psnrs_db(_rendered(model))

    def tried(render: Callable[[], Sequence[Values]]) -> NDArray[np.float64]:
        """Return PSNR in dB, [trials, signals]."""
        nonlocal done
        found = np.empty((trials, len(signals)))
        for k in range(trials):
            found[k] = psnrs_db(render())
            done += 1
            on_progress(done, total)
        return found

    def curve(amounts: tuple[float, ...], render: Callable[[float], Sequence[Values]]) -> tuple[Point, ...]:
        return tuple(_point(amount, tried(partial(render, amount))) for amount in amounts)

    def with_others(others: Sequence[Stored]) -> list[Values]:
        return _rendered(with_stored(model, others))

    def flipped_once(k: int, bit: int) -> list[Values]:
        return with_others(with_one_flip(numbers, k, bit, rng))

    def places() -> Iterator[Place]:
        for k, one in enumerate(numbers):
            for bit in range(one.bits):
                losses = clean - tried(partial(flipped_once, k, bit))
                sign = bit == one.bits - 1
                yield Place(one.layer, one.what, bit, sign, float(losses.mean()), float(losses.max()))

    found = Survey(
        _digest(numbers),
        trials,
        seed,
        float(clean.mean()),
        sum(one.codes.size * one.bits for one in numbers),
        curve(SIGMAS, lambda sigma: _rendered(with_noise(model, numbers, sigma, rng))),
        curve(RATES, lambda rate: with_others(flipped(numbers, rate, rng))),
        curve(RATES, lambda rate: with_others(stuck(numbers, rate, 0, rng))),
        curve(RATES, lambda rate: with_others(stuck(numbers, rate, 1, rng))),
        tuple(places()),
    )
    if len(signals) > 1:
        names = tuple(signal.name for signal in signals)
        found = replace(found, pictures=names, clean_each_db=tuple(clean.tolist()))
    if memories is None:
        return found
    points = curve(RATES, lambda rate: memories.render(rate, rng))
    return replace(found, memories=points, memory_bits=memories.bits, weight_ecc=memories.weight_ecc)


def check_draws(trials: int, seed: int) -> None:
    """Raise InputError unless the number of trials and the seed are in range."""
    if not 1 <= trials <= _MOST_TRIALS or seed < 0:
        raise InputError(
            f"trials must be from 1 to {_MOST_TRIALS:,} and seed at least 0, not {trials} and {seed}"
        )


def _rendered(model: INR | SharedINR) -> list[Values]:
    return [network.render() for network in networks_of(model)]


def _point(amount: float, found: NDArray[np.float64]) -> Point:
    each = tuple(found.mean(axis=0).tolist()) if found.shape[1] > 1 else ()
    return Point(amount, float(found.mean()), float(found.min()), each)


def _digest(numbers: list[Stored]) -> str:
    return f"{zlib.crc32(b''.join(one.codes.tobytes() for one in numbers)):08x}"
