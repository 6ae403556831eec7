"""Random networks for property tests."""

from typing import get_args

import torch
from hypothesis import strategies as st

from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.inr import INR
from inrhw.networks.network import FinalActivation
from inrhw.networks.precision import Precision
from inrhw.signals.samples import PIXEL, VALUES

precisions = st.builds(
    Precision,
    *(st.integers(2, 16) for _ in ("hidden", "first", "last", "activation")),
    phase_bits=st.integers(3, 12),
)


architectures = st.builds(
    Architecture,
    model=st.sampled_from(sorted(activations())),
    sides=st.sampled_from([(9,), (1,), (4, 2, 3), (1, 3, 2)])
    | st.tuples(st.integers(1, 9), st.integers(1, 7)),
    channels=st.sampled_from([1, 3, 4]),
    hidden_widths=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(lambda n: ",".join(map(str, n))),
    omega_0=st.floats(0.1, 100),
    precision=precisions,
    value=st.sampled_from([PIXEL, PIXEL, *VALUES]),
    final_activation=st.sampled_from([None, None, *get_args(FinalActivation)]),
)


def network(architecture: Architecture, seed: int, weight_scale: float = 1.0, bias_scale: float = 1.0) -> INR:
    """Return a quantized network; the last bias stays, so that not every pixel is black or white."""
    net = INR(architecture, seed)
    *hidden, last = net.dense_layers()
    with torch.no_grad():
        for layer in (*hidden, last):
            layer.weight.mul_(weight_scale)
        for layer in hidden:
            layer.bias.mul_(bias_scale)
    return net.quantized()
