"""The kind of gradient that a training asks for."""

from collections.abc import Sequence

from inrhw.base.errors import InputError
from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.training.robust.flips import Flips
from inrhw.networks.training.robust.gradient import Gradient, plain
from inrhw.networks.training.robust.gradient_norm import GradientNorm
from inrhw.networks.training.robust.noise import Noise
from inrhw.networks.training.robust.sharpness import Sharpness
from inrhw.networks.training.training import Training
from inrhw.ops.codes.uniform import Uniform
from inrhw.ops.linear.dense.layer import DenseLayer


def gradient_of(training: Training, layers: Sequence[DenseLayer], left: float) -> Gradient:
    """Return how a step's gradient is taken.

    Parameters
    ----------
    training
        What was asked for.
    layers
        Quantized, in the order of the weights.
    left
        Part of the noise that is left: 1 in the first step, about 0 in the last.

    Raises
    ------
    InputError
        If flip_training is asked for weights that are stored rotated or in a code.
    """
    if training.noise_training:
        return Noise(left * training.noise_training, training.noise_pairs)
    if training.flip_training:
        if any(isinstance(layer, HadamardLayer) for layer in layers):
            raise InputError(
                "flip_training needs weights that are stored as they are, not rotated; take noise_training"
            )
        if not all(isinstance(layer.code, Uniform) for layer in layers):
            raise InputError("flip_training needs uniform weights, not a weight_code; take noise_training")
        return Flips(training.flip_training, layers)
    if training.robust_loss:
        return GradientNorm(training.robust_loss)
    if training.sam:
        return Sharpness(training.sam)
    return plain
