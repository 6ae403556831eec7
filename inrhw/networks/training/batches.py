"""Pixels of a training step: all of all pictures, or some that are drawn anew each time."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from inrhw.base.types import Fixed
from inrhw.networks.inr import INR
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples, half_range

#: Bytes that a step may take where its number of pixels is not given.
_MOST_BYTES = 1 << 30

#: Bytes a step takes for each value of each pixel: measured on layers of 20 to 64.
_BYTES_A_VALUE = 48

#: Pixels that a step sees of several pictures together, by default.
_TOGETHER = 16384


def mean_square(y: Tensor, target: Tensor, value: Fixed) -> Tensor:
    """Return the mean squared error in units of half the range of a value, as for targets from -1 to 1."""
    return ((y - target) / half_range(value)).square().mean()


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
    xs = [network.coordinates().to(training.device) for network in networks]
    targets = [
        network.targets(picture).to(x) for network, picture, x in zip(networks, pictures, xs, strict=True)
    ]
    tiles, value = networks[0].architecture.tiles, networks[0].architecture.value
    at_once = tiles * networks[0].architecture.patches.samples
    pixels = -(-(training.batch or pixels_of_a_step(networks)) // (len(pictures) * at_once))

    def loss(models: Sequence[INR], step: int) -> Tensor:
        # From the number of the step: so training that is resumed draws the same pixels.
        generator = torch.Generator().manual_seed(training.seed + step)
        errors = []
        for model, x, target in zip(models, xs, targets, strict=True):
            if pixels < x.shape[-2]:
                drawn = torch.randint(x.shape[-2], (pixels,), generator=generator).to(x.device)
                x, target = x[..., drawn, :], target[..., drawn, :]  # noqa: PLW2901
            # All tiles see the same of their pixels; errors are summed, so that no tile waits for others.
            errors.append(tiles * mean_square(model(x), target, value))
        return torch.stack(errors).mean()

    return loss


def rendering_error(pictures: Sequence[Samples], networks: Sequence[INR]) -> float:
    """Return minus the mean PSNR of what networks render, in dB."""
    found = [psnr_db(p.values, network.render()) for p, network in zip(pictures, networks, strict=True)]
    return -sum(found) / len(found)


def pixels_of_a_step(networks: Sequence[INR]) -> int:
    """Return how many pixels a step sees by default."""
    if len(networks) > 1:
        return _TOGETHER
    architecture = networks[0].architecture
    evaluations = min(architecture.evaluations, _MOST_BYTES // (_BYTES_A_VALUE * sum(architecture.features)))
    return max(1, evaluations * architecture.patches.samples)
