"""Faults in stored weights: what is stored is what is computed with, and a fault changes that alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.faults import (
    Stored,
    flipped,
    stored,
    stuck,
    with_noise,
    with_one_flip,
    with_stored,
)
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.projection import PROJECTIONS
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.registry import weight_codes

MODELS = ("quadinr", "siren", "finer", "gauss", "relu_pe")


def network(model: str = "quadinr", **options: object) -> INR:
    architecture = Architecture(model, (6, 5), 3, hidden_features=8, hidden_layers=2, **options)  # type: ignore[arg-type]
    return INR(architecture, seed=3).quantized()


@pytest.mark.parametrize("model", MODELS)
def test_without_faults_the_picture_is_the_same(model: str) -> None:
    quantized = network(model)
    numbers = stored(quantized)
    assert (with_stored(quantized, numbers).render() == quantized.render()).all()
    assert (
        with_noise(quantized, numbers, 0.0, np.random.default_rng(0)).render() == quantized.render()
    ).all()


def tiles(**options: object) -> TiledINR:
    options = {"hidden_features": 6, "hidden_layers": 2, "tile": (4, 4), **options}
    model = TiledINR(TiledArchitecture("siren", (12, 10), 3, **options), seed=3).quantized()  # type: ignore[arg-type]
    assert isinstance(model, TiledINR)
    return model


def pictures(projection: str = "full") -> SharedINR:
    sizes = ((6, 5), (4, 8))
    options = {"hidden_features": 6, "hidden_layers": 2, "projection": projection, "side": 8}
    return SharedINR.of([SharedArchitecture("siren", size, 3, **options) for size in sizes], 3).quantized()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shared_layers": True},
        {"patch": (2, 2)},
        {"tile": (8, 8), "leaves": "011110"},
        {"precision": Precision(weight_code="ternary")},
    ],
)
def test_tiles_without_faults_are_the_same_and_a_flip_changes_one_tile(options: dict[str, object]) -> None:
    model = tiles(**options)
    numbers = stored(model)
    assert (with_stored(model, numbers).render() == model.render()).all()
    last = len(numbers) - 1
    other = with_stored(model, with_one_flip(numbers, last, numbers[last].bits - 1, np.random.default_rng(0)))
    assert isinstance(other, TiledINR)
    pairs = zip(model.each(), other.each(), strict=True)
    assert sum(bool((a.render() != b.render()).any()) for a, b in pairs) == 1


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_pictures_without_faults_are_the_same_and_a_shared_flip_changes_all(projection: str) -> None:
    model = pictures(projection)
    numbers = stored(model)

    def changed(k: int) -> list[bool]:
        sign = np.full_like(numbers[k].codes, 1 << numbers[k].bits - 1)
        other = with_stored(model, [one.with_bits(sign) if one is numbers[k] else one for one in numbers])
        return [bool((a.render() != b.render()).any()) for a, b in zip(model, other, strict=True)]

    same = with_stored(model, numbers)
    for a, b in zip(model, same, strict=True):
        assert (a.render() == b.render()).all()
    shared = [k for k, one in enumerate(numbers) if one.codes.ndim == 2]
    assert len(shared) == 2
    assert all(changed(shared[0]))
    bits = sum(one.codes.size * one.bits for one in numbers if one.what == "weights")
    weights = [layer for layer in model.modules() if isinstance(layer, DenseLayer)]
    assert bits == sum(layer.weight.numel() * layer.bits_a_weight() for layer in weights)


def test_noise_of_a_tile_follows_the_span_of_its_own_layer() -> None:
    """As in training: see `inrhw.networks.training.robust.gradient.span`."""
    model = tiles()
    with torch.no_grad():
        next(model.dense_layers()).weight[0] *= 64
    numbers = stored(model)
    noisy = with_noise(model, numbers, 0.5, np.random.default_rng(0))
    added = next(noisy.dense_layers()).weight.detach().numpy() - numbers[0].values
    spread = added.std(axis=(1, 2)) / np.ptp(numbers[0].values, axis=(1, 2))
    assert ((spread > 0.2) & (spread < 1)).all()


@pytest.mark.parametrize("code", sorted(weight_codes()))
def test_codes_are_stored_as_a_folded_core_stores_them(code: str) -> None:
    quantized = network(precision=Precision(weight_code=code))
    numbers = stored(quantized)
    assert (with_stored(quantized, numbers).render() == quantized.render()).all()
    hidden = [one for one in numbers if one.what == "weights" and 0 < one.layer < 3]
    assert all(one.bits == (weight_codes()[code].sign_bits or 9) for one in hidden)
    for one in numbers:
        assert one.codes.min() >= -(1 << one.bits - 1)
        assert one.codes.max() < 1 << one.bits - 1


@pytest.mark.parametrize(("code", "bit", "change"), [("binary", 0, 2), ("ternary", 1, 2), ("ternary", 0, 1)])
def test_a_flipped_bit_turns_a_sign_round_or_makes_it_a_zero(code: str, bit: int, change: int) -> None:
    """Of a zero of two bits the lower bit makes a one; the upper one makes the word that is a zero too."""
    weights = stored(network(precision=Precision(weight_code=code)))[2]
    other = weights.with_bits(np.full_like(weights.codes, 1 << bit))
    wanted = np.where(weights.values == 0, 1 - bit, change)
    np.testing.assert_array_equal(np.abs(other.values - weights.values), wanted * weights.unit)


@given(st.integers(2, 16), st.data())
def test_every_flip_stays_in_range_and_a_second_one_takes_it_back(bits: int, data: st.DataObject) -> None:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    code = data.draw(st.integers(low, high))
    flips = np.array([[data.draw(st.integers(0, (1 << bits) - 1))]])
    one = Stored(0, "weights", np.array([[code]]), np.ones((1, 1)), bits)
    other = one.with_bits(flips)
    mask = (1 << bits) - 1
    assert low <= other.codes[0, 0] <= high
    assert (other.codes[0, 0] & mask) == (code & mask) ^ flips[0, 0]
    assert other.with_bits(flips).codes[0, 0] == code


@pytest.mark.parametrize("at", [0, 1])
def test_every_bit_stuck_makes_every_code_zero_or_minus_one(at: int) -> None:
    numbers = stuck(stored(network()), 1.0, at, np.random.default_rng(0))  # type: ignore[arg-type]
    assert all((one.codes == -at).all() for one in numbers)


def test_bits_flip_as_often_as_they_should() -> None:
    numbers = stored(network())
    other = flipped(numbers, 0.25, np.random.default_rng(1))
    different = sum(
        int(np.bitwise_count((a.codes ^ b.codes) & ((1 << a.bits) - 1)).sum())
        for a, b in zip(numbers, other, strict=True)
    )
    bits = sum(one.codes.size * one.bits for one in numbers)
    assert abs(different / bits - 0.25) < 4 * (0.25 * 0.75 / bits) ** 0.5


def test_one_flip_changes_one_code_by_one_place() -> None:
    numbers = stored(network())
    for k, one in enumerate(numbers):
        for bit in range(one.bits):
            other = with_one_flip(numbers, k, bit, np.random.default_rng(bit))
            changes = [b.codes - a.codes for a, b in zip(numbers, other, strict=True)]
            assert sum(int(np.count_nonzero(change)) for change in changes) == 1
            assert np.abs(changes[k]).max() == 1 << bit


def test_rotated_weights_are_refused() -> None:
    with pytest.raises(InputError, match="not rotated"):
        stored(network(precision=Precision(quantizer="dhq")))
