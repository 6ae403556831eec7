"""Ways of taking the gradient: each is what it says, and leaves the weights as they were."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training import descent
from inrhw.networks.training.descent import TUNING_RATE
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.robust.chosen import gradient_of
from inrhw.networks.training.robust.flips import changes_by_flips
from inrhw.networks.training.robust.gradient import Gradient, plain
from inrhw.networks.training.robust.gradient_norm import GradientNorm
from inrhw.networks.training.robust.noise import Noise
from inrhw.networks.training.robust.sharpness import Sharpness
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

RAMP = Picture("ramp", np.arange(36, dtype=np.uint8).reshape(6, 6, 1) * 7)
MATRIX = torch.tensor([[1.0, 2.0], [-3.0, 0.5]], dtype=torch.float64)
SETTINGS = (
    {"noise_training": 0.01},
    {"noise_training": 0.01, "noise_pairs": True},
    {"flip_training": 0.01},
    {"robust_loss": 0.01},
    {"sam": 0.01},
)


def taken(gradient: Gradient, power: int) -> tuple[Tensor, Tensor]:
    """Return the gradient of the sum of powers, and the weight it was taken at."""
    weight = nn.Parameter(MATRIX.clone())
    seen = []

    def loss() -> Tensor:
        seen.append(weight.detach().clone())
        return (weight**power).sum()

    gradient(loss, [weight], torch.Generator().manual_seed(0))
    assert (weight == MATRIX).all()
    assert weight.grad is not None
    return weight.grad, seen[-1]


def test_noise_has_the_gradient_of_weights_whose_span_scales_it() -> None:
    grad, at = taken(Noise(0.1, pairs=False), 3)
    noise = (at - MATRIX) / 5.0
    assert noise.all()
    weight = MATRIX.clone().requires_grad_()
    cubes = (weight + noise * (weight.max() - weight.min())) ** 3
    (slope,) = torch.autograd.grad(cubes.sum(), weight)
    assert torch.allclose(grad, slope)


def test_each_matrix_of_a_stack_has_its_own_span() -> None:
    """The weights of tiles are such stacks."""
    stack = nn.Parameter(torch.stack([MATRIX, 100 * MATRIX]))

    def loss() -> Tensor:
        return (stack**2).sum()

    Noise(0.1, pairs=True)(loss, [stack], torch.Generator().manual_seed(0))
    assert stack.grad is not None
    small, large = (stack.grad - 2 * stack.detach()).round(decimals=9)
    # Only the ends of each have more than the slope at weights without noise.
    assert torch.count_nonzero(small) == torch.count_nonzero(large) == 2
    assert small[0, 1] > 0 > small[1, 0]
    assert large.abs().max() > 10 * small.abs().max()


def test_of_a_pair_what_is_linear_in_the_noise_cancels() -> None:
    grad, _ = taken(Noise(0.1, pairs=True), 1)
    assert torch.allclose(grad, torch.ones_like(grad))


def test_sharpness_climbs_the_slope_by_its_radius() -> None:
    grad, at = taken(Sharpness(0.5), 2)
    climbed = MATRIX * (1 + 0.5 / MATRIX.norm())
    assert torch.allclose(at, climbed)
    assert torch.allclose(grad, 2 * climbed)


def test_the_robust_loss_is_differentiated_twice() -> None:
    grad, _ = taken(GradientNorm(0.1), 2)
    # d/dw of sum w**2 + 0.1 * span * |2 w|
    assert torch.allclose(grad, 2 * MATRIX + 0.1 * 5.0 * 2 * MATRIX / MATRIX.norm())


@pytest.mark.parametrize("bits", [2, 8, 12])
def test_a_flip_moves_a_weight_by_a_place_of_its_own_row(bits: int) -> None:
    weight = torch.tensor([[0.3, -0.9], [6.0, 1.0]])
    changes = changes_by_flips(weight, bits, 0.2, torch.Generator().manual_seed(1))
    assert changes.any()
    for row, largest in enumerate((0.9, 6.0)):
        places = changes[row].double().numpy() * 2.0 ** Fixed.covering(largest, bits).frac
        assert (places == np.rint(places)).all() and (np.abs(places) < 1 << bits).all()
    none = changes_by_flips(weight, bits, 0.0, torch.Generator().manual_seed(1))
    assert not none.any()


def test_in_a_stack_of_matrices_each_row_has_its_own_unit() -> None:
    """The weights of tiles are such stacks."""
    stack = torch.stack([MATRIX, 100 * MATRIX])
    changes = changes_by_flips(stack, 8, 0.3, torch.Generator().manual_seed(1))
    alone = changes_by_flips(stack.reshape(-1, 2), 8, 0.3, torch.Generator().manual_seed(1))
    assert changes.any()
    assert (changes.reshape(-1, 2) == alone).all()


def test_each_setting_has_its_own_way_and_none_has_the_plain_one() -> None:
    layers = [each for each in small().quantized().dense_layers() if isinstance(each, DenseLayer)]
    ways = [type(gradient_of(Training(**settings), layers, 1)).__name__ for settings in SETTINGS]  # type: ignore[arg-type]
    assert ways == ["Noise", "Noise", "Flips", "GradientNorm", "Sharpness"]
    assert gradient_of(Training(), layers, 1) is plain


def test_what_cannot_be_combined_is_refused() -> None:
    with pytest.raises(InputError, match="noise_training and sam cannot be combined"):
        Training(noise_training=0.1, sam=0.1)
    with pytest.raises(InputError, match="give that too"):
        Training(noise_pairs=True)
    rotated = INR(Architecture("siren", (4, 4), 1, precision=Precision(quantizer="dhq"))).quantized()
    with pytest.raises(InputError, match="not rotated"):
        gradient_of(Training(flip_training=0.1), list(rotated.dense_layers()), 1)


def test_noise_falls_to_zero_in_both_parts_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    sigmas = []

    def spied(*what: Any) -> Gradient:
        gradient = gradient_of(*what)
        assert isinstance(gradient, Noise)
        sigmas.append(gradient.sigma)
        return gradient

    monkeypatch.setattr(descent, "gradient_of", spied)
    fit(RAMP, small().architecture, Training(steps=4, finetune=2, noise_training=0.1))
    assert sigmas == pytest.approx([0.1, 0.075, 0.05, 0.025, 0.1 * TUNING_RATE, 0.05 * TUNING_RATE])


def small() -> INR:
    return INR(Architecture("quadinr", (6, 6), 1, hidden_features=6, hidden_layers=1))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_training_learns_and_repeats(settings: dict[str, float]) -> None:
    """Both stages, quantization in the loop too."""
    training = Training(steps=60, finetune=10, learning_rate=0.02, **settings)  # type: ignore[arg-type]
    architecture = small().architecture
    found, again = (fit(RAMP, architecture, training) for _ in range(2))
    assert (found.model.render() == again.model.render()).all()
    assert psnr_db(RAMP.values, found.model.render()) > psnr_db(RAMP.values, small().render()) + 1
