import copy
import dataclasses

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import MOST_BITS, Precision
from inrhw.networks.training.digits import fewer_digits, network_digits, signed_digits
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db


def canonical(code: int) -> list[int]:
    """Return the digits -1, 0 and 1 of the form without two neighbours that are not 0, the lowest first."""
    digits = []
    while code:
        digit = 0 if code % 2 == 0 else 2 - code % 4
        digits.append(digit)
        code = (code - digit) // 2
    return digits


def test_digits_are_those_of_the_canonical_form() -> None:
    codes = np.arange(-(1 << 12), (1 << 12) + 1)
    assert signed_digits(codes).tolist() == [sum(map(abs, canonical(code))) for code in codes.tolist()]


@pytest.fixture(scope="module", params=["quadinr", "gauss"])
def rendering(request: pytest.FixtureRequest) -> tuple[INR, Picture]:
    """A network and a picture that it represents well: what it renders, with a little noise."""
    net = INR(Architecture(request.param, (9, 8), 3, hidden_features=6, hidden_layers=1)).quantized()
    noise = np.random.default_rng(0).integers(-4, 5, (8, 9, 3))
    values = np.clip(net.render().astype(int) + noise, 0, 255).astype(np.uint8)
    return net, Picture("noisy", values)


@pytest.mark.parametrize("loss_db", [0.05, 0.5, 3.0])
def test_fewer_digits_lose_no_more_than_allowed(rendering: tuple[INR, Picture], loss_db: float) -> None:
    net, picture = rendering
    before, copied = psnr_db(picture.values, net.render()), copy.deepcopy(net.state_dict())
    found = fewer_digits(net, picture, loss_db)
    assert psnr_db(picture.values, found.render()) >= before - loss_db
    assert network_digits(found) < network_digits(net)
    assert all(torch.equal(value, copied[name]) for name, value in net.state_dict().items())


def test_more_loss_is_fewer_digits_and_adders(rendering: tuple[INR, Picture]) -> None:
    net, picture = rendering
    found = [net, *(fewer_digits(net, picture, loss_db) for loss_db in (0.2, 3.0))]
    digits = [network_digits(each) for each in found]
    assert digits == sorted(digits, reverse=True)
    luts = [
        sum(node.cost().lut for node in lower(each).nodes.values() if isinstance(node, Dense))
        for each in found
    ]
    assert luts == sorted(luts, reverse=True)


def test_its_integers_are_still_those_of_torch(rendering: tuple[INR, Picture]) -> None:
    net, picture = rendering
    found = fewer_digits(net, picture, 1.0)
    pixels = lower(copy.deepcopy(found)).forward_int(found.architecture.grid.codes())
    assert (pixels.reshape(picture.values.shape) == found.render()).all()


def test_weights_of_the_most_bits_have_neighbours_too() -> None:
    net = INR(Architecture("siren", (4, 4), 1, 2, 0, precision=Precision(last_weight_bits=MOST_BITS)))
    net, picture = net.quantized(), Picture("grey", np.full((4, 4, 1), 128, np.uint8))
    assert network_digits(fewer_digits(net, picture, 20.0)) < network_digits(net)


def test_training_gives_them_up_if_asked_to(picture: Picture, architecture: Architecture) -> None:
    training = Training(steps=40)
    plain = fit(picture, architecture, training)
    short = fit(picture, architecture, dataclasses.replace(training, digits_loss=1.0))
    assert network_digits(short.model) < network_digits(plain.model)
    lost = psnr_db(picture.values, plain.model.render()) - psnr_db(picture.values, short.model.render())
    assert lost <= 1.0


def test_layers_that_rotate_keep_their_weights(picture: Picture, architecture: Architecture) -> None:
    precision = Precision(quantizer="dhq", rotate="both", rotate_layers="all")
    net = INR(dataclasses.replace(architecture, precision=precision)).quantized()
    found = fewer_digits(net, picture, 3.0)
    for before, after in zip(list(net.dense_layers())[1:], list(found.dense_layers())[1:], strict=True):
        assert torch.equal(before.weight, after.weight)


def test_a_loss_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match="digits_loss must be a number of at least 0"):
        Training(digits_loss=-0.1)
