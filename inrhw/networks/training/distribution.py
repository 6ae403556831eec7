"""How weights and inputs are distributed, before and after a Hadamard rotation.

A quantizer has least error for values that fill its range evenly. Kurtosis tells how near they are: 1 for two
values, 1.5 for a sine, 1.8 for an even distribution, 3 for a bell, more with outliers. A rotation makes
bells: a gain for what had outliers, a loss for what filled its range. A mean that is not 0 gathers in the
first element of each block, which is then an outlier itself.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.inr import INR
from inrhw.ops.rotation import Rotation

#: Bars of a histogram.
BINS = 32


@dataclass(frozen=True)
class Distribution:
    """Distribution of a set of numbers.

    Attributes
    ----------
    kurtosis
        Fourth central moment over the square of the second; None if all numbers are equal.
    peak
        Largest magnitude over the root of the mean square; None if all numbers are 0.
    counts
        How many are in each of `BINS` equal parts of the range from minus to plus the largest magnitude.
    """

    kurtosis: float | None
    peak: float | None
    counts: tuple[int, ...]

    @classmethod
    def of(cls, x: Tensor) -> "Distribution":
        """Return the distribution of all numbers in a tensor.

        Examples
        --------
        >>> Distribution.of(torch.tensor([1.0, -1.0, 2.0, -2.0])).kurtosis
        1.36
        """
        x = x.detach().cpu().double().flatten()
        largest = float(x.abs().max())
        if not largest:
            return cls(None, None, (0,) * BINS)
        x = x / largest
        central = x - x.mean()
        # Equal numbers may differ from their mean by a rounding error.
        varies = float(central.abs().max()) > 1e-12
        return cls(
            float(central.pow(4).mean() / central.square().mean().square()) if varies else None,
            float(x.square().mean().rsqrt()),
            tuple(int(n) for n in torch.histc(x, BINS, -1, 1)),
        )


@dataclass(frozen=True)
class LayerDistributions:
    """A layer's weights and inputs as they are, and as they are when both are rotated.

    Attributes
    ----------
    columns, rows
        The layer's inputs and neurons.
    weights, rotated_weights
        ``W`` and ``W H D^-1``, where ``H H = D``.
    inputs, rotated_inputs
        ``x`` and ``H x``, over pixels.
    """

    columns: int
    rows: int
    weights: Distribution
    rotated_weights: Distribution
    inputs: Distribution
    rotated_inputs: Distribution


def distributions(model: INR) -> list[LayerDistributions]:
    """Return the distributions in every layer but the first, which takes coordinates and never rotates.

    Parameters
    ----------
    model
        A network in floating point.
    """
    found = []
    for layer, x in model.absorbed().layer_inputs()[1:]:
        weight, _ = layer.absorbed()
        rows, columns = weight.shape[-2:]
        rotation = layer.rotation if isinstance(layer, HadamardLayer) else Rotation.blocks_of(columns)
        matrix = torch.from_numpy(rotation.matrix()).to(x)
        scales = torch.from_numpy(rotation.scales).to(x)
        found.append(
            LayerDistributions(
                columns,
                rows,
                Distribution.of(weight),
                Distribution.of(weight @ matrix / scales),
                Distribution.of(x),
                Distribution.of(x @ matrix),
            )
        )
    return found
