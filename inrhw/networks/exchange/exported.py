"""A quantized network as a program of torch, which runs where inrhw is not installed."""

import copy
import io

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.types import Fixed
from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledINR
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.rounding import quantize
from inrhw.signals.patches import Patches
from inrhw.signals.tiles.tiling import Tiling

#: Ends the name of a file with such a program.
SUFFIX = ".pt2"


class Renderer(nn.Module):
    """What a core gives for any samples of its signal.

    Parameters
    ----------
    network
        Quantized, in float64.
    """

    def __init__(self, network: INR) -> None:
        super().__init__()
        architecture = network.architecture
        patches = architecture.patches
        self.sides: Tensor
        self.register_buffer("sides", torch.tensor(patches.sides, dtype=torch.float64))
        self.patches = _OfPatches(patches) if patches.samples > 1 else None
        self.tiles = _OfTiles(architecture.tiling_of_patches) if isinstance(network, TiledINR) else None
        self.layers = nn.ModuleList(map(_Layer, network.dense_layers(), network.followers()))
        self._unit, self._value = 2.0**-architecture.grid.element.frac, architecture.value

    def forward(self, centres: Tensor) -> Tensor:
        """Return values [samples, channels], int32, for the samples' centres, [samples, axes] from -1 to 1.

        x comes first. A centre is rounded to the nearest half sample, the finest that a core takes; with
        patches it is rounded down to the start of a sample.
        """
        x = torch.round(centres.double() * self.sides)
        sample, tile = None, None
        if self.patches is not None:
            x, sample = self.patches(x)
        if self.tiles is not None:
            x, tile = self.tiles(x)
        x = x * self._unit
        for layer in self.layers:
            x = layer(x, tile)
        values = quantize(x, self._value).to(torch.int32)
        if self.patches is None or sample is None:
            return values
        channels = values.shape[1] // self.patches.samples
        each = values.reshape(-1, self.patches.samples, channels)
        return each.gather(1, sample[:, None, None].expand(-1, 1, channels))[:, 0]


class _Layer(nn.Module):
    """A dense layer whose weights are rounded already, and what follows it."""

    def __init__(self, layer: DenseLayer, follower: nn.Module) -> None:
        super().__init__()
        weight, bias, frac = (x.detach() for x in layer.quantized())
        self.weight: Tensor
        self.bias: Tensor
        self.matrix: Tensor
        #: Inputs are cut to multiples of each, and then multiplied; empty: they are not cut.
        self._units: list[float] = []
        if layer.addend_frac is not None:
            weight, more = self._cut(layer, weight, int(frac.max()))
            bias = bias + more
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.follower = follower
        #: What rotated inputs are rounded to; None where they are not rotated.
        self._rotated: Fixed | None = None
        if isinstance(layer, HadamardLayer) and layer.rotates_inputs:
            self._rotated = layer.input_format
            self.register_buffer("matrix", layer.matrix)

    def _cut(self, layer: DenseLayer, weight: Tensor, weight_frac: int) -> tuple[Tensor, Tensor]:
        """Return weights for inputs that are cut to each unit, and what the bias is more: the mean lost."""
        cut, element = layer.cut(weight_frac), layer.input_format
        codes = (weight * 2.0**weight_frac).long().numpy()
        parts = cut.parts(codes)
        self._units = [2.0 ** (bits - element.frac) for bits in parts]
        # What mid-rise inputs have more than their codes, and what is cut off, in halves.
        halves = sum(cut.lost(codes)) + element.mid_rise * codes.sum(axis=1)
        side_by_side = torch.from_numpy(np.concatenate(list(parts.values()), axis=1))
        more = torch.from_numpy(halves).double() * 2.0 ** -(1 + element.frac + weight_frac)
        return side_by_side.double() * 2.0**-weight_frac, more

    def forward(self, x: Tensor, tile: Tensor | None) -> Tensor:
        """Map inputs [samples, in_features] in tiles [samples], if there are any."""
        if self._rotated is not None:
            x = quantize(x @ self.matrix, self._rotated)
        if self._units:
            x = torch.cat([torch.floor(x / unit) * unit for unit in self._units], dim=1)
        if tile is not None and self.weight.dim() == 3:
            x = (self.weight[tile] @ x[:, :, None])[:, :, 0] + self.bias[tile]
        else:
            x = nn.functional.linear(x, self.weight, self.bias)
        y: Tensor = self.follower(x)
        return y


class _OfPatches(nn.Module):
    """Which patch a sample is in, and which of its samples it is."""

    def __init__(self, patches: Patches) -> None:
        super().__init__()
        self.samples = patches.samples
        self.sides: Tensor
        self.patch: Tensor
        self.counts: Tensor
        self.strides: Tensor
        numbers = {
            "sides": patches.sides,
            "patch": patches.patch,
            "counts": patches.grid.sides,
            "strides": np.cumprod((1, *patches.patch[:-1])),
        }
        for name, value in numbers.items():
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the patches' distances from the signal's middle, for those of samples, and the samples."""
        sample = ((x + self.sides - 1) / 2).floor()
        patch = (sample / self.patch).floor()
        inside = (sample - patch * self.patch) @ self.strides
        return 2 * patch + 1 - self.counts, inside.long()


class _OfTiles(nn.Module):
    """Which tile a place in a signal is in, and where in it."""

    def __init__(self, tiling: Tiling) -> None:
        super().__init__()
        cells, sides = tiling.cells, np.array(tiling.sides)
        self.before: Tensor
        self.cell: Tensor
        self.last: Tensor
        self.strides: Tensor
        self.begin: Tensor
        self.step: Tensor
        self.edge: Tensor
        self.tile_of_cell: Tensor
        numbers = {
            "before": sides - 1,
            "cell": 2 * np.array(cells.tile),
            "last": np.array(cells.counts) - 1,
            "strides": np.cumprod((1, *cells.counts[:-1])),
            "begin": sides - 2 * tiling.corners,
            "step": tiling.steps[:, None],
            "edge": np.array(tiling.tile),
        }
        for name, value in numbers.items():
            self.register_buffer(name, torch.from_numpy(value).double())
        self.register_buffer("tile_of_cell", torch.from_numpy(tiling.numbers_of_cells()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return distances from the tiles' middles, for those from the signal's, and the tiles."""
        cell = ((x + self.before) / self.cell).floor().clamp(min=0).minimum(self.last)
        tile = self.tile_of_cell[(cell @ self.strides).long()]
        return (x + self.begin[tile]) * self.step[tile] - self.edge, tile


def program_of(network: INR) -> bytes:
    """Return what `torch.export.load` reads: a program that gives the core's values to the last bit.

    Parameters
    ----------
    network
        Quantized.
    """
    renderer = Renderer(copy.deepcopy(network).cpu().double().eval()).eval()
    grid = network.architecture.grid
    example = torch.zeros(2, grid.axes, dtype=torch.float64)
    renderer(example)  # tables that are made while it is traced would hold no numbers
    samples = torch.export.Dim("samples")
    program = torch.export.export(renderer, (example,), dynamic_shapes=({0: samples},))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()
