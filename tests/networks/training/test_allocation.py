import dataclasses
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation import allot, with_allotted_bits
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

AUTO = Precision(4, 6, 5, layer_bits="auto")

layers = st.tuples(st.lists(st.floats(0, 10), min_size=1, max_size=4), st.integers(1, 9))


@given(st.lists(layers, min_size=1, max_size=3), st.integers(0, 40))
def test_no_other_allotment_errs_less(drawn: list[tuple[list[float], int]], more: int) -> None:
    errors, weights = [each for each, _ in drawn], [n for _, n in drawn]
    room = 2 * sum(weights) + more
    found = {
        bits: sum(each[b - 2] for each, b in zip(errors, bits, strict=True))
        for bits in itertools.product(*(range(2, 2 + len(each)) for each in errors))
        if sum(n * b for n, b in zip(weights, bits, strict=True)) <= room
    }
    assert found[allot(errors, weights, room)] == pytest.approx(min(found.values()))


def test_bits_that_are_spread_are_no_more_and_no_worse(picture: Picture) -> None:
    model = INR(Architecture("relu_pe", (5, 4), 3, 6, 2, precision=AUTO), seed=3)
    spread = with_allotted_bits(model, picture)
    bits = spread.architecture.precision.weight_bits_of(5)
    weights = [layer.weight.numel() for layer in model.dense_layers()]
    plain = dataclasses.replace(AUTO, layer_bits="")
    # The encoding is not trained.
    room = sum(n * b for n, b in zip(weights[1:], plain.weight_bits_of(5)[1:], strict=True))
    assert sum(n * b for n, b in zip(weights[1:], bits[1:], strict=True)) <= room
    model.architecture = dataclasses.replace(model.architecture, precision=plain)
    before, after = (psnr_db(picture.values, each.quantized().render()) for each in (model, spread))
    assert after >= before - 0.1  # whole pixels were not what was compared


def test_training_that_goes_on_has_the_same_bits_and_weights(
    picture: Picture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    architecture = Architecture("quadinr", (5, 4), 3, 4, 1, precision=AUTO)
    training, path = Training(steps=8, finetune=4), tmp_path_factory.mktemp("auto") / "checkpoint"

    def stop(done: int, _: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(picture, architecture, training, checkpoint=path, on_progress=stop)
    resumed = fit(picture, architecture, training, checkpoint=path, resume=True)
    whole = fit(picture, architecture, training)
    assert resumed.architecture == whole.architecture
    assert all(map(torch.equal, resumed.model.state_dict().values(), whole.model.state_dict().values()))
    whole.save(path.parent / "saved")
    assert Fitted.load(path.parent / "saved").architecture == whole.architecture


@pytest.mark.parametrize("bits", ["12,8", "12,8,9,9", "12,8,1", "12,x,9", "Auto"])
def test_bits_that_do_not_fit_are_refused(bits: str) -> None:
    with pytest.raises(InputError, match="layer_bits"):
        Architecture("quadinr", (5, 4), 3, 4, 1, precision=Precision(layer_bits=bits))


def test_named_bits_are_those_of_the_layers() -> None:
    precision = Precision(layer_bits="11, 5,7")
    model = INR(Architecture("quadinr", (5, 4), 3, 4, 1, precision=precision)).quantized()
    assert [layer.weight_bits for layer in model.dense_layers()] == [11, 5, 7]
