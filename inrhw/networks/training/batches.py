"""Pixels of a training step: all of all pictures, or some that are drawn anew each time."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.together import forward_together
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples, half_range

#: Bytes that a step may take where its number of pixels is not given.
_MOST_BYTES = 1 << 30

#: Bytes a step takes for each value of each pixel: measured on layers of 20 to 64.
_BYTES_A_VALUE = 48

#: Pixels that a step sees of several pictures together, by default, and that are evaluated at once at most:
#: more of them do not stay in a processor's cache.
_TOGETHER = 16384


def mean_square(y: Tensor, target: Tensor, value: Fixed) -> Tensor:
    """Return the mean squared error in units of half the range of a value, as for targets from -1 to 1."""
    return ((y - target) / half_range(value)).square().mean()


def psnr_db_of(mean_square: float) -> float:
    """Return the PSNR of such an error; of none that of the least float."""
    return 10 * math.log10(4 / max(mean_square, sys.float_info.min))


def batch_loss(
    pictures: Sequence[Samples], networks: Sequence[INR], training: Training
) -> Callable[[Sequence[INR], int], Tensor]:
    """Return the mean over the pictures of each one's mean squared error, in the pixels of a step.

    Parameters
    ----------
    pictures
        What to represent.
    networks
        One a picture, or others of the same shapes.
    training
        Says how many pixels, and the seed from which they are drawn.
    """
    architecture = networks[0].architecture
    tiles, value = architecture.tiles, architecture.value
    at_once = len(pictures) * tiles * architecture.patches.samples
    pixels = -(-(training.batch or pixels_of_a_step(networks)) // at_once)
    alike: dict[Architecture, list[int]] = {}
    for k, network in enumerate(networks):
        alike.setdefault(network.architecture, []).append(k)
    several = max(1, _TOGETHER // pixels)
    groups = [
        _Group.of(places[k : k + several], pictures, networks, training.device)
        for places in alike.values()
        for k in range(0, len(places), several)
    ]

    def loss(models: Sequence[INR], step: int) -> Tensor:
        # From the number of the step: so training that is resumed draws the same pixels.
        generator = torch.Generator().manual_seed(training.seed + step)
        errors = [
            len(group.places) * mean_square(*group.seen(models, pixels, generator), value) for group in groups
        ]
        # Of tiles the sum of their errors, so that none waits for others.
        return tiles * torch.stack(errors).sum() / len(pictures)

    return loss


@dataclass(frozen=True, eq=False)
class _Group:
    """Pictures whose networks have one architecture, so that they are evaluated at once.

    Attributes
    ----------
    places
        Which of all pictures they are.
    x, target
        What a network takes and each has to give: [pixels, axes] and [pictures, pixels, channels]; of a
        single one without the first dimension, or with one of tiles.
    """

    places: Sequence[int]
    x: Tensor
    target: Tensor

    @classmethod
    def of(
        cls, places: Sequence[int], pictures: Sequence[Samples], networks: Sequence[INR], device: str
    ) -> "_Group":
        x = networks[places[0]].coordinates().to(device)
        targets = [networks[k].targets(pictures[k]).to(x) for k in places]
        return cls(places, x, torch.stack(targets) if len(targets) > 1 else targets[0])

    def seen(self, models: Sequence[INR], pixels: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return what the models give, and have to give, in so many pixels of each picture."""
        x, target = self.x, self.target
        if len(self.places) == 1:
            if pixels < x.shape[-2]:
                # All tiles see the same of their pixels.
                drawn = torch.randint(x.shape[-2], (pixels,), generator=generator).to(x.device)
                x, target = x[..., drawn, :], target[..., drawn, :]
            return models[self.places[0]](x), target
        if pixels < len(x):
            drawn = torch.randint(len(x), (len(target), pixels), generator=generator).to(x.device)
            x, target = x[drawn], target.take_along_dim(drawn[..., None], 1)
        else:
            x = x.expand(len(target), *x.shape)
        return forward_together([models[k] for k in self.places], x), target


def rendering_error(pictures: Sequence[Samples], networks: Sequence[INR]) -> float:
    """Return minus the mean PSNR of what networks render, in dB."""
    found = [psnr_db(p.values, network.render()) for p, network in zip(pictures, networks, strict=True)]
    return -sum(found) / len(found)


def pixels_of_a_step(networks: Sequence[INR]) -> int:
    """Return how many pixels a step sees by default."""
    if len(networks) > 1:
        return _TOGETHER
    architecture = networks[0].architecture
    evaluations = min(
        architecture.evaluations,
        _MOST_BYTES // (_BYTES_A_VALUE * sum(rows for rows, _ in architecture.matrices)),
    )
    return max(1, evaluations * architecture.patches.samples)
