"""Distributions: what is told of them is what it says, and a rotation makes bells."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.distribution import BINS, Distribution, distributions


@pytest.mark.parametrize(
    ("values", "kurtosis", "peak"),
    [
        (np.repeat([-1.0, 1.0], 500), 1.0, 1.0),
        (np.sin(np.linspace(0, 2 * math.pi, 10001)), 1.5, math.sqrt(2)),
        (np.linspace(-1, 1, 10001), 1.8, math.sqrt(3)),
    ],
)
def test_known_distributions_have_their_known_numbers(
    values: np.ndarray, kurtosis: float, peak: float
) -> None:
    found = Distribution.of(torch.from_numpy(values))
    assert found.kurtosis == pytest.approx(kurtosis, rel=1e-3)
    assert found.peak == pytest.approx(peak, rel=1e-3)


def test_a_bell_has_kurtosis_3() -> None:
    x = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    assert Distribution.of(x).kurtosis == pytest.approx(3, abs=0.1)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.sampled_from([0.25, 8.0]))
def test_every_number_is_counted_once_and_the_scale_does_not_matter(x: list[float], scale: float) -> None:
    found = Distribution.of(torch.tensor(x, dtype=torch.float64))
    scaled = Distribution.of(scale * torch.tensor(x, dtype=torch.float64))
    assert len(found.counts) == BINS
    assert sum(found.counts) == (len(x) if any(x) else 0)
    assert scaled.counts == found.counts
    assert (scaled.kurtosis is None) == (found.kurtosis is None)
    if found.kurtosis is not None:
        assert scaled.kurtosis == pytest.approx(found.kurtosis)


@pytest.mark.parametrize(("value", "peak"), [(0.0, None), (0.1, 1.0)])
def test_equal_numbers_have_no_kurtosis(value: float, peak: float | None) -> None:
    found = Distribution.of(torch.full((7,), value))
    assert found.kurtosis is None
    assert found.peak == (None if peak is None else pytest.approx(peak))


@pytest.mark.parametrize("model", sorted(activations()))
@pytest.mark.parametrize("quantizer", ["uniform", "dhq"])
def test_every_layer_but_the_first_is_told_of(model: str, quantizer: Any) -> None:
    architecture = Architecture(model, (8, 8), 3, 12, 1, precision=Precision(quantizer=quantizer))
    found = distributions(INR(architecture))
    assert [(layer.rows, layer.columns) for layer in found] == architecture.matrices[1:]
    for layer in found:
        assert sum(layer.weights.counts) == sum(layer.rotated_weights.counts) == layer.rows * layer.columns
        assert sum(layer.inputs.counts) == sum(layer.rotated_inputs.counts) == 64 * layer.columns


def test_a_rotation_makes_waves_bell_shaped() -> None:
    hidden = distributions(INR(Architecture("siren", (32, 32), 3, 64, 1)))[0]
    assert hidden.inputs.kurtosis == pytest.approx(1.5, abs=0.15)
    assert hidden.rotated_inputs.kurtosis == pytest.approx(3, abs=0.4)
    assert hidden.weights.kurtosis == pytest.approx(1.8, abs=0.1)  # drawn evenly
    assert hidden.rotated_weights.kurtosis == pytest.approx(3, abs=0.2)
