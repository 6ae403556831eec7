"""A quantized network as a program of torch, which runs where inrhw is not installed."""

import io

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledINR, TiledLayer
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.rounding import quantize

#: Ends the name of a file with such a program.
SUFFIX = ".pt2"


class Renderer(nn.Module):
    """What a core gives for any samples of its signal.

    Parameters
    ----------
    network
        Quantized.
    """

    def __init__(self, network: INR) -> None:
        super().__init__()
        self.network = _OfTiles(network) if isinstance(network, TiledINR) else network
        grid = network.architecture.grid
        self.sides: Tensor
        sides = network.architecture.tiling_of_patches.sides
        self.register_buffer("sides", torch.tensor(sides, dtype=torch.float64))
        self._unit, self._value = 2.0**-grid.element.frac, network.architecture.value

    def forward(self, centres: Tensor) -> Tensor:
        """Return values [samples, channels], int32, for the samples' centres, [samples, axes] from -1 to 1.

        x comes first. A centre is taken at the nearest half sample: a core can be asked for no other.
        """
        half_samples = torch.round(centres.double() * self.sides)
        return quantize(self.network(half_samples * self._unit), self._value).to(torch.int32)


class _OfTiles(nn.Module):
    """What the networks of tiles give, each for its samples; coordinates are in the tile's own unit."""

    def __init__(self, network: TiledINR) -> None:
        super().__init__()
        self.network, tiling = network, network.architecture.tiling_of_patches
        unit, cells, sides = (
            2.0**-network.architecture.grid.element.frac,
            tiling.cells,
            np.array(tiling.sides),
        )
        self.before: Tensor
        self.cell: Tensor
        self.last: Tensor
        self.strides: Tensor
        self.begin: Tensor
        self.step: Tensor
        self.edge: Tensor
        self.tile_of_cell: Tensor
        numbers = {
            "before": unit * (sides - 1),
            "cell": 2 * unit * np.array(cells.tile),
            "last": np.array(cells.counts) - 1,
            "strides": np.cumprod((1, *cells.counts[:-1])),
            "begin": unit * (sides - 2 * tiling.corners),
            "step": tiling.steps[:, None],
            "edge": unit * np.array(tiling.tile),
        }
        for name, value in numbers.items():
            self.register_buffer(name, torch.from_numpy(value).double())
        self.register_buffer("tile_of_cell", torch.from_numpy(tiling.numbers_of_cells()))

    def forward(self, x: Tensor) -> Tensor:
        """Map distances from the signal's middle [samples, axes] to values [samples, channels]."""
        cell = ((x + self.before) / self.cell).floor().clamp(min=0).minimum(self.last)
        tile = self.tile_of_cell[(cell @ self.strides).long()]
        x = (x + self.begin[tile]) * self.step[tile] - self.edge
        followers = [*self.network.hidden_activations(), nn.Identity()]
        for layer, follower in zip(self.network.dense_layers(), followers, strict=True):
            x = follower(_in_tiles(layer, x, tile))
        return x


def _in_tiles(layer: DenseLayer, x: Tensor, tile: Tensor) -> Tensor:
    """Return what a layer gives for inputs [samples, in_features] in tiles [samples]."""
    if isinstance(layer, TiledLayer):
        weight, bias, _ = layer.quantized()
        return (weight[tile] @ x[:, :, None])[:, :, 0] + bias[tile]
    y: Tensor = layer(x)
    return y


def program_of(network: INR) -> bytes:
    """Return what `torch.export.load` reads: a program that gives the core's values to the last bit.

    Parameters
    ----------
    network
        Quantized.

    Raises
    ------
    InputError
        If layers may rotate, or addends are cut (guard bits).
    """
    if network.architecture.precision.quantizer != "uniform":
        raise InputError(
            f"a network whose layers may rotate (dhq) cannot be a {SUFFIX}; train it uniformly, or export "
            ".onnx or .npz, which can where only weights are rotated"
        )
    if network.architecture.precision.guard_bits is not None:
        raise InputError(f"what guard_bits cuts cannot be put into a {SUFFIX}; train without it")
    renderer = Renderer(network).double().eval()
    grid = network.architecture.grid
    example = torch.zeros(2, grid.axes, dtype=torch.float64)
    samples = torch.export.Dim("samples")
    program = torch.export.export(renderer, (example,), dynamic_shapes=({0: samples},))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()
