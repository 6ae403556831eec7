"""What faults in the weights do to a picture: by rate, and by the bit that flipped."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.progress import OnProgress, silent
from inrhw.networks.faults import (
    Stored,
    flipped,
    rendered_with,
    rendered_with_noise,
    stored,
    stuck,
    with_one_flip,
)
from inrhw.networks.inr import INR
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Values

#: Most trials of each rate: more would take days.
_MOST_TRIALS = 10_000

#: Standard deviations of noise, relative to the span of a layer's weights.
SIGMAS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)

#: How likely a bit is flipped or stuck.
RATES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True)
class Point:
    """PSNR in dB at one amount of a fault: the mean over trials, and the least."""

    amount: float
    mean_db: float
    least_db: float


@dataclass(frozen=True)
class Place:
    """What one flipped bit costs.

    Attributes
    ----------
    layer, what
        Weights or biases of which layer.
    bit
        Place of the bit, 0 for the lowest.
    sign
        Whether it is the sign.
    mean_loss_db, most_loss_db
        PSNR lost, over trials in which one code was hit.
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
        PSNR without faults.
    stored_bits
        Bits of all weights and biases.
    noise, flips, stuck_at_0, stuck_at_1
        By amount.
    places
        Each bit of each layer.
    memories
        By the rate of flips in the memories of the folded core that was emitted, check bits among them.
    memory_bits
        Bits of those memories; 0 without such a core.
    weight_ecc
        What protects them.
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


@dataclass(frozen=True)
class Memories:
    """The memories of a folded core.

    Attributes
    ----------
    weight_ecc, bits
        What protects them, and their bits.
    render
        Returns the values of the signal after each bit flipped with a probability.
    """

    weight_ecc: str
    bits: int
    render: Callable[[float, np.random.Generator], Values]


def survey(
    model: INR,
    picture: Values,
    *,
    trials: int,
    seed: int,
    memories: Memories | None = None,
    on_progress: OnProgress = silent,
) -> Survey:
    """Try faults of every kind on a quantized network, over all pixels.

    Parameters
    ----------
    model
        Quantized.
    picture
        What it should render, as `Samples.values` has it.
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
    clean = psnr_db(picture, model.render())
    amounts = len(SIGMAS) + (4 if memories else 3) * len(RATES)
    total = trials * (amounts + sum(one.bits for one in numbers))
    done = 0

    def tried(render: Callable[[], Values]) -> list[float]:
        nonlocal done
        found = []
        for _ in range(trials):
            found.append(psnr_db(picture, render()))
            done += 1
            on_progress(done, total)
        return found

    def curve(amounts: tuple[float, ...], render: Callable[[float], Values]) -> tuple[Point, ...]:
        return tuple(_point(amount, tried(partial(render, amount))) for amount in amounts)

    def flipped_once(k: int, bit: int) -> Values:
        return rendered_with(model, with_one_flip(numbers, k, bit, rng))

    def places() -> Iterator[Place]:
        for k, one in enumerate(numbers):
            for bit in range(one.bits):
                found = tried(partial(flipped_once, k, bit))
                losses = clean - np.array(found)
                sign = bit == one.bits - 1
                yield Place(one.layer, one.what, bit, sign, float(losses.mean()), float(losses.max()))

    found = Survey(
        _digest(numbers),
        trials,
        seed,
        clean,
        sum(one.codes.size * one.bits for one in numbers),
        curve(SIGMAS, lambda sigma: rendered_with_noise(model, numbers, sigma, rng)),
        curve(RATES, lambda rate: rendered_with(model, flipped(numbers, rate, rng))),
        curve(RATES, lambda rate: rendered_with(model, stuck(numbers, rate, 0, rng))),
        curve(RATES, lambda rate: rendered_with(model, stuck(numbers, rate, 1, rng))),
        tuple(places()),
    )
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


def _point(amount: float, found: list[float]) -> Point:
    return Point(amount, float(np.mean(found)), float(np.min(found)))


def _digest(numbers: list[Stored]) -> str:
    return f"{zlib.crc32(b''.join(one.codes.tobytes() for one in numbers)):08x}"
