"""A signal in tiles: a small network for each of them, all of one shape, trained and rendered together.

Multiplications a sample are those of one small network; what is stored grows with the signal. A tile is to
hardware what a picture is on a core of many: a bank of weights.
"""

import copy
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture, activations, architecture_from_json
from inrhw.networks.inr import INR
from inrhw.ops.kinds.activation import Encoding, Gain, PeriodicActivation
from inrhw.ops.kinds.contract import check_encoding
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.signals.grid import Grid
from inrhw.signals.patches import Patches
from inrhw.signals.samples import Samples, Values
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import FRAC, Window

__all__ = ["TiledArchitecture", "TiledINR", "TiledLayer", "network_of", "read_architecture"]


#: Part of omega_0 for a whole signal: a tile shows fewer periods (decision 0026).
_OF_OMEGA_0 = 0.5

#: Samples of a tile of a sound for which its network starts with omega_0 (decision 0036).
_LINE = 64


@dataclass(frozen=True)
class TiledArchitecture(Architecture):
    """Networks of one shape for the tiles of a signal.

    By default omega_0 is half of what a periodic model has for a whole signal; on one axis the first layer
    has that for every 64 samples of a tile, or of the mean leaf.

    Parameters
    ----------
    sides
        Of the whole signal.
    tile
        Samples of a tile along each axis.
    shared_layers
        Layers between the first and the last are the same in all tiles.
    projection
        With shared_layers: all of these layers but the first are the same.
    leaves
        How often each tile is halved to get its leaves, see `Leaves`; "" where all tiles are whole.
    """

    tile: tuple[int, ...] = ()
    shared_layers: bool = False
    projection: bool = False
    leaves: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tile", tuple(self.tile))
        known = activations().get(self.model)
        if self.omega_0 is None and known and issubclass(known, PeriodicActivation):
            object.__setattr__(self, "omega_0", _OF_OMEGA_0 * known.default_omega_0)
        super().__post_init__()
        _ = self.tiling_of_patches
        if self.shared_layers and not self.shared_places:
            least = "2, a projection and a shared layer" if self.projection else "1, a shared layer"
            raise InputError(f"hidden_layers must be at least {least}, not {self.hidden_layers}")
        if self.precision.quantizer != "uniform":
            raise InputError(f"tiles are quantized uniformly; quantizer {self.precision.quantizer} rotates")
        if self.precision.guard_bits is not None:
            raise InputError(
                "guard_bits works on the adders of baked weights, and the weights of tiles are in memory; "
                "leave it out"
            )

    @property
    def finer(self) -> float:
        """Factor of the first layer's initial frequencies over the others', by default."""
        of_mean_leaf = self.sides[0] / len(self.leaves) if self.leaves else self.tile[0]
        return max(1.0, of_mean_leaf / _LINE) if len(self.tile) == 1 else 1.0

    @property
    def tiling(self) -> Tiling:
        """The tiles, counted in rendered samples."""
        sides, tile = (tuple(side * self.scale for side in each) for each in (self.sides, self.tile))
        return self._cut(sides, tile)

    @property
    def tiling_of_patches(self) -> Tiling:
        """The same tiles, counted in patches."""
        return self._cut(self.patches.grid.sides, self._tile_of_patches.grid.sides)

    def _cut(self, sides: tuple[int, ...], tile: tuple[int, ...]) -> Tiling:
        return Leaves(sides, tile, self.leaves) if self.leaves else Tiling(sides, tile)

    @property
    def _tile_of_patches(self) -> Patches:
        return Patches(self.tiling.tile, self.patch)

    @property
    def shared_places(self) -> range:
        """Places in the network of the layers that all tiles share; an encoding counts as a layer."""
        last = len(self.features) - 2
        own = int(self.projection) if self.shared_layers else self.hidden_layers
        return range(last - self.hidden_layers + own, last)

    @property
    def evaluations(self) -> int:
        """Most evaluations of a training step; with leaves, one for each sample or patch."""
        return self.patches.grid.pixels if self.leaves else super().evaluations

    @property
    def grid(self) -> Grid:
        """Coordinates of a tile's samples, or patches."""
        return self._tile_of_patches.grid

    @property
    def encoding(self) -> Encoding | None:
        """The layer in front of the trained ones, of a tile."""
        return check_encoding(self.activation, Patches(self.tile, self.patch).grid.sides)

    @functools.cached_property
    def of_tile(self) -> Architecture:
        """The architecture of one tile's network by itself."""
        return Architecture(
            self.model,
            self.tile,
            self.channels,
            self.hidden_features,
            self.hidden_layers,
            self.omega_0,
            self.precision,
            self.activation_impl,
            self.scale,
            self.value,
            self.first_omega_0,
            self.hidden_widths,
            self.patch,
            final_activation=self.final_activation,
        )


class TiledLayer(DenseLayer):
    """A dense layer for each tile.

    Parameters
    ----------
    tiles
        How many; weight is [tiles, out_features, in_features] and bias [tiles, out_features].
    like
        A layer of that shape, gain, scale and offset.
    """

    def __init__(self, tiles: int, like: DenseLayer) -> None:
        rows, columns = like.weight.shape
        super().__init__(columns, rows, like.gain, like.scale, like.offset)
        self.weight = nn.Parameter(torch.empty(tiles, rows, columns))
        self.bias = nn.Parameter(torch.empty(tiles, rows))

    def tile(self, k: int) -> DenseLayer:
        """Return the layer of tile k, with weights of its own."""
        rows, columns = self.weight.shape[1:]
        alone = DenseLayer(columns, rows, self.gain, self.scale, self.offset).to(self.weight)
        alone.load_state_dict({"weight": self.weight[k], "bias": self.bias[k]})
        if self.weight_bits is not None:
            alone.quantize(self.weight_bits, self.input_format, self.max_row_shift, self.code)
        return alone

    def forward(self, x: Tensor) -> Tensor:
        """Map [pixels, in_features], for all tiles alike, or [tiles, pixels, in_features]."""
        weight, bias = self.absorbed() if self.weight_bits is None else self.quantized()[:2]
        return torch.baddbmm(bias.unsqueeze(1), x.expand(len(weight), *x.shape[-2:]), weight.mT)


class TiledINR(INR):
    """The networks of all tiles: `forward` gives [tiles, pixels, channels] for the pixels of a tile.

    Parameters
    ----------
    architecture
        Shape, formats and tiles.
    seed
        Of the initial weights.
    """

    architecture: TiledArchitecture

    def _dense(
        self,
        n: int,
        out: int,
        gain: Gain,
        scale: tuple[float, ...] | None = None,
        offset: float = 0.0,
    ) -> DenseLayer:
        layer = super()._dense(n, out, gain, scale, offset)
        shared = len(self.layers) in self.architecture.shared_places
        return layer if shared else TiledLayer(self.architecture.tiles, layer)

    def tile(self, k: int) -> INR:
        """Return the network of tile k by itself."""
        alone = INR(self.architecture.of_tile)
        for place, layer in enumerate(self.layers):
            alone.layers[place] = layer.tile(k) if isinstance(layer, TiledLayer) else layer
        alone.activation, alone.encoding, alone.final = self.activation, self.encoding, self.final
        alone.own_activations, alone.finer_activations = self.own_activations, self.finer_activations
        return alone

    def with_tile(self, k: int, network: INR) -> "TiledINR":
        """Return a copy in which tile k's own layers are those of `network`, and all else what it is."""
        model = copy.deepcopy(self)
        with torch.no_grad():
            for own, layer in zip(model.layers, network.layers, strict=True):
                if isinstance(own, TiledLayer) and isinstance(layer, DenseLayer):
                    own.weight[k], own.bias[k] = layer.weight, layer.bias
        return model

    def each(self) -> Iterator[INR]:
        """Yield the network of each tile."""
        return map(self.tile, range(self.architecture.tiles))

    def coordinates(self) -> Tensor:
        """Return what `forward` takes for every pixel of a tile; of leaves [tiles, pixels, axes]."""
        return self._scaled(self.architecture.tiling_of_patches.split_codes())

    def targets(self, signal: Samples) -> Tensor:
        """Return what `forward` has to give for `coordinates`."""
        values = self.architecture.patches.gather(signal.values)
        return torch.from_numpy(self.architecture.tiling_of_patches.split(values).astype(np.int32))

    def _at(self, window: Window) -> Tensor:
        tiling = self.architecture.tiling
        numbers, inside = tiling.located(window.codes(tiling.whole), FRAC)
        x = self._scaled(inside, FRAC)
        values = x.new_empty(len(x), self.architecture.channels)
        for k in np.unique(numbers).tolist():
            here = torch.from_numpy(numbers == k)
            values[here] = self.tile(k)(x[here])
        return values

    def _whole(self, values: Values) -> Values:
        architecture = self.architecture
        return architecture.patches.scatter(architecture.tiling_of_patches.join(values))


def network_of(architecture: Architecture, seed: int = 0) -> INR:
    """Return the untrained network of an architecture, or those of its tiles."""
    kind = TiledINR if isinstance(architecture, TiledArchitecture) else INR
    return kind(architecture, seed)


def read_architecture(text: str) -> Architecture:
    """Return what `architecture_to_json` wrote, of tiles or not; raise as `architecture_from_json`."""
    try:
        tiled = "tile" in json.loads(text)
    except (ValueError, TypeError):
        tiled = False
    return architecture_from_json(text, TiledArchitecture if tiled else Architecture)
