from dataclasses import replace

import pytest
import torch

from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.rounded_curve import psnr_by_bits
from inrhw.networks.training.batches import mean_square, psnr_db_of
from inrhw.signals.kinds.picture import Picture


@pytest.mark.parametrize("model", ["quadinr", "relu_pe"])
def test_a_point_is_the_psnr_of_the_network_with_these_bits(picture: Picture, model: str) -> None:
    plain = INR(Architecture(model, (5, 4), 3, 6, 1), seed=3)
    curve = dict(psnr_by_bits(plain, picture))
    for bits in (2, 5, 12):
        # An encoding is not trained: it keeps the bits of the first layer.
        precision = Precision(bits, None if model == "relu_pe" else bits, bits)
        other = INR(replace(plain.architecture, precision=precision), seed=3).quantized().double()
        with torch.no_grad():
            y, target = other(other.coordinates()), other.targets(picture)
            expected = psnr_db_of(float(mean_square(y, target.to(y), other.architecture.value)))
        assert curve[bits] == pytest.approx(expected, abs=0.006)
    assert curve[2] < curve[12]
