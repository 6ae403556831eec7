"""Short trainings, which say what PSNR a size gives and which size of tiles suits a signal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.allocation.budget import Budget
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples

#: Edges of tiles that are tried, by the axes of a signal.
_EDGES = {1: (4096, 2048, 1024, 512, 256, 128), 2: (128, 64, 32, 16, 8), 3: (32, 16, 8, 4)}

#: How long; of patches, and to tell widths apart whose bits are chosen; and on how many samples in a step.
_STEPS, _MORE_STEPS, _BATCH = 300, 800, 16384

#: PSNR in dB by which a smaller tile, or a costlier way, must be better.
WORTH_DB = 0.1


A = TypeVar("A", bound=Architecture)


@dataclass(frozen=True)
class Trial(Generic[A]):
    """A size, and what it gave.

    Parameters
    ----------
    architecture
        Of that size.
    psnr_db
        Of the quantized network after the short training.
    """

    architecture: A
    psnr_db: float


def sizes(sides: tuple[int, ...], patch: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Return the sizes of tiles to try, the largest first: powers of two, cut to the signal.

    They are multiples of `patch`, which is () without patches.

    Examples
    --------
    >>> sizes((48, 20))
    [(32, 20), (16, 16), (8, 8)]
    """
    found = [tuple(min(edge, side) for side in sides) for edge in _EDGES[len(sides)]]
    patch = patch or (1,) * len(sides)
    return [
        tile
        for tile in dict.fromkeys(found)
        if tile != sides and not any(own % part for own, part in zip(tile, patch, strict=True))
    ]


def is_smaller(architecture: Architecture, signal: Samples) -> bool:
    """Return whether its weights take fewer bits than the signal's own values."""
    matrices = architecture.matrices
    bits = architecture.precision.weight_bits_of(len(matrices))
    stored = [
        (columns + 1) * rows * width * (1 if place in architecture.shared_places else architecture.tiles)
        for place, ((rows, columns), width) in enumerate(zip(matrices, bits, strict=True))
    ]
    return sum(stored) < signal.values.size * signal.value.width


def tried(signal: Samples, architecture: A, training: Training, budget: Budget | None = None) -> Trial[A]:
    """Return what a short training gives, from the seed and by the rate of `training`.

    It ends with fine-tuning if bits are chosen within a budget: what few of them cost is small then.
    """
    most = _MORE_STEPS if architecture.patch or budget else _STEPS
    short = replace(training, steps=min(training.steps, most), batch=training.batch or _BATCH)
    short = short if budget else replace(short, finetune=0)
    rendered = fit(signal, architecture, short, budget=budget).model.render()
    return Trial(architecture, psnr_db(signal.values, rendered))


def chosen(trials: Sequence[Trial[TiledArchitecture]], min_psnr_db: float | None) -> Trial[TiledArchitecture]:
    """Return the largest tiles that reach a PSNR; if none do, or none is asked for, about the best.

    Parameters
    ----------
    trials
        The largest tiles first; at least one.
    min_psnr_db
        PSNR to reach, if there is one.
    """
    best = max(trial.psnr_db for trial in trials) - WORTH_DB
    enough = best if min_psnr_db is None else min(best, min_psnr_db)
    return next(trial for trial in trials if trial.psnr_db >= enough)
