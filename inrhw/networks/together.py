"""Networks of one shape evaluated at once: a product a layer for all of them, as for tiles."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledLayer
from inrhw.ops.linear.dense.layer import DenseLayer

__all__ = ["forward_together"]


def forward_together(networks: Sequence[INR], x: Tensor) -> Tensor:
    """Return what each network gives for its own coordinates, as its `forward` does.

    Parameters
    ----------
    networks
        Of one architecture; they may share layers.
    x
        [networks, pixels, axes].

    Returns
    -------
    Tensor
        [networks, pixels, channels].
    """
    each = zip(*(network.dense_layers() for network in networks), strict=True)
    for layers, follower in zip(each, networks[0].followers(), strict=True):
        x = follower(_applied(layers, x))
    return x


def _applied(layers: Sequence[DenseLayer], x: Tensor) -> Tensor:
    first = layers[0]
    if all(layer is first for layer in layers):
        return cast(Tensor, first(x))
    if type(first) is not DenseLayer:
        return torch.stack([layer(own) for layer, own in zip(layers, x, strict=True)])
    with torch.device("meta"):
        stack = TiledLayer(len(layers), first)
    if first.weight_bits is not None:
        stack.quantize(first.weight_bits, first.input_format, first.max_row_shift, first.code)
    weights = {name: torch.stack([getattr(layer, name) for layer in layers]) for name in ("weight", "bias")}
    return cast(Tensor, torch.func.functional_call(stack, weights, (x,)))
