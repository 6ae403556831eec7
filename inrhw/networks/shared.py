"""Networks of several pictures that share layers (after MINR, Zhou et al., arXiv 2508.13471).

Each picture has its own first layer, its own projection and its own last layer; those between are the same
modules in all networks. So a picture's network is an ordinary `INR` that can be rendered and lowered alone,
and the integers of the shared layers are the same for all pictures.
"""

import copy
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import nn

from inrhw.base.errors import InputError
from inrhw.base.settings import checked
from inrhw.networks.architecture import Architecture, architecture_to_json
from inrhw.networks.hadamard import HadamardLayer
from inrhw.networks.inr import INR, quantized
from inrhw.networks.projection import PROJECTIONS, DiagonalLayer, LowRankLayer
from inrhw.networks.tensors import Trainable
from inrhw.ops.kinds.activation import Encoding
from inrhw.ops.kinds.contract import check_encoding
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.samples import PIXEL, Samples

__all__ = ["SharedArchitecture", "SharedINR", "check_mode", "joining", "own_network", "shared_architectures"]


#: Names of signals, by channels, format and axes.
_PICTURES = {(1, PIXEL, 2): "grey", (3, PIXEL, 2): "RGB"}


@dataclass(frozen=True)
class SharedArchitecture(Architecture):
    """One signal's network among several: they differ in their sides only.

    The first of the `hidden_layers` is the picture's own projection, the others are shared.

    Parameters
    ----------
    projection
        Shape of the projection: "full", "low-rank" or "diagonal".
    rank
        Of a low-rank projection; 0 means a quarter of the width.
    side
        Longest side of all pictures: coordinates and encodings are alike on the whole core. 0 means this
        picture's own.
    max_scale
        Largest scale of a rendering; the grids of all renderings have its format.
    """

    projection: str = "full"
    rank: int = 0
    side: int = 0
    max_scale: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        longest = max(self.sides)
        if not self.side:
            object.__setattr__(self, "side", longest)
        if not self.rank:
            object.__setattr__(self, "rank", max(1, self.hidden_features // 4))
        if self.hidden_widths:
            raise InputError(
                "hidden_widths works on a single network; pictures that share layers have one width"
            )
        if self.hidden_layers < 2:
            raise InputError(
                f"hidden_layers must be at least 2, a projection and a shared layer, not {self.hidden_layers}"
            )
        if self.precision.layer_bits or self.precision.weight_code != "uniform":
            raise InputError(
                "layer_bits and weight_code work on a single network, not on pictures that share layers; "
                "leave them out"
            )
        if self.precision.guard_bits is not None:
            raise InputError(
                "guard_bits works on the adders of baked weights, and pictures that share layers have "
                "multipliers; leave it out"
            )
        if self.projection not in PROJECTIONS:
            raise InputError(f"projection must be one of {', '.join(PROJECTIONS)}, not {self.projection!r}")
        if not 1 <= self.rank <= self.hidden_features:
            raise InputError(f"rank must be from 1 to {self.hidden_features}, not {self.rank}")
        if not 1 <= self.max_scale <= 64:
            raise InputError(f"max_scale must be from 1 to 64, not {self.max_scale}")
        if longest > self.side:
            raise InputError(
                f"{size_text(self.sides)} samples are too many for a core made for sides of at most "
                f"{self.side}; train all pictures again to make it larger"
            )
        if any(self.side % own for own in self.patch):
            raise InputError(
                f"patches of {size_text(self.patch)} do not divide {self.side} samples, the longest side of "
                "all pictures; choose others"
            )

    @property
    def most_patches(self) -> int:
        """Patches, or samples, along the longest side of all pictures."""
        return self.side // min(self.patch, default=1)

    @property
    def grid(self) -> Grid:
        """Coordinates of what is rendered, in the format of the largest rendering of the largest picture."""
        most = self.most_patches * max(self.scale, self.max_scale)
        return Grid(*self.patches.grid.sides, least_frac=Grid(most).element.frac)

    @property
    def encoding(self) -> Encoding | None:
        """The layer in front of the trained ones, of the largest picture."""
        return check_encoding(self.activation, [self.most_patches] * len(self.sides))

    @property
    def shared_layers(self) -> range:
        """Places of the shared layers in the network, which counts an encoding as a layer."""
        last = len(self.features) - 2
        return range(last - self.hidden_layers + 1, last)

    @property
    def projection_layer(self) -> int:
        """Place of the projection in the network."""
        return self.shared_layers[0] - 1

    @property
    def common(self) -> "SharedArchitecture":
        """What all pictures on the core have in common: the architecture of a square of the longest side."""
        return replace(self, sides=(self.side,) * len(self.sides), scale=1)


@checked
def shared_architectures(pictures: Sequence[Samples], model: str, **options: Any) -> list[SharedArchitecture]:
    """Return the architectures of pictures that share layers.

    Parameters
    ----------
    pictures
        At least one; sizes may differ.
    model, options
        Fields of `SharedArchitecture`, the same for all.

    Raises
    ------
    InputError
        If there is no picture, or some are grey and some are RGB, or an option is out of range.
    """
    if not pictures:
        raise InputError("there must be at least one picture to share layers")
    for picture in pictures:
        check_mode(picture, pictures[0], pictures[0].name)
    side = max(max(picture.sides) for picture in pictures)
    return [
        SharedArchitecture(model, p.sides, p.channels, value=p.value, **{"side": side} | options)
        for p in pictures
    ]


def check_mode(signal: Samples, like: Samples | Architecture, others: str) -> None:
    """Raise InputError, which names the `others`, unless a signal has their axes, channels and values."""
    modes = [
        _PICTURES.get((one.channels, one.value, len(one.sides)))
        or f"{one.channels} channel(s) of {one.value} on {len(one.sides)} axes"
        for one in (signal, like)
    ]
    if modes[0] != modes[1]:
        raise InputError(
            f"{signal.name} is {modes[0]} and {others} is {modes[1]}; "
            "pictures on one core must all be grey or all be RGB"
        )


def own_network(architecture: SharedArchitecture, seed: int) -> INR:
    """Return the network of a picture before it shares layers."""
    network = INR(architecture, seed)
    place = architecture.projection_layer
    layer = network.layers[place]
    assert isinstance(layer, DenseLayer)
    width, activation, omega_0 = architecture.hidden_features, architecture.activation, architecture.omega_0
    assert omega_0 is not None
    generator = torch.Generator().manual_seed(seed)
    if architecture.projection == "diagonal":
        diagonal = DiagonalLayer(width, layer.gain, activation.node_class.arguments)
        diagonal.reset(activation.hidden_bound(1, omega_0), generator)
        network.layers[place] = diagonal
    elif architecture.projection == "low-rank":
        rows = activation.node_class.arguments * width
        low_rank = LowRankLayer(width, rows, layer.gain, architecture.rank)
        low_rank.reset(activation.hidden_bound(architecture.rank, omega_0), generator)
        low_rank.reset_down(generator)
        network.layers[place] = low_rank
    return network


class SharedINR(Trainable):
    """The networks of several pictures, whose shared layers are the same modules.

    Parameters
    ----------
    networks
        One a picture; their shared layers are replaced by those of the first.
    """

    def __init__(self, networks: Iterable[INR]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        first = self.network(0)
        for network in self:
            network.activation = first.activation
            for place in self.architecture.shared_layers:
                network.layers[place] = first.layers[place]

    @classmethod
    def of(cls, architectures: Sequence[SharedArchitecture], seed: int = 0) -> "SharedINR":
        """Return untrained networks; picture k's own layers have the seed ``seed + k``."""
        return cls(own_network(architecture, seed + k) for k, architecture in enumerate(architectures))

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.networks)

    def __iter__(self) -> Iterator[INR]:
        """Yield the network of each picture."""
        return iter(cast("Iterable[INR]", self.networks))

    @property
    def architectures(self) -> list[SharedArchitecture]:
        """Shape and formats of each network."""
        return [cast(SharedArchitecture, network.architecture) for network in self]

    @property
    def architecture(self) -> SharedArchitecture:
        """What all networks have in common."""
        return self.architectures[0].common

    def network(self, k: int, scale: int = 1) -> INR:
        """Return the network of picture k.

        Parameters
        ----------
        k
            Which picture.
        scale
            1: the very module. More: a copy that renders at `scale` times the size, see `INR.scaled`, in the
            same coordinates as the others.

        Raises
        ------
        InputError
            If there is no such picture, or the scale is not from 1 to the architecture's `max_scale`.
        """
        if not 0 <= k < len(self):
            raise InputError(f"picture must be from 0 to {len(self) - 1}, not {k}")
        network = cast(INR, self.networks[k])
        if scale == 1:
            return network
        most = self.architecture.max_scale
        if not 1 <= scale <= most:
            raise InputError(f"scale must be from 1 to {most}, the max_scale of training, not {scale}")
        return network.scaled(scale)

    def quantized(self) -> "SharedINR":
        """Return a copy that computes with the architecture's precision.

        Shared layers are the same integers for all pictures; the pictures' own layers have equal formats.
        """
        return SharedINR(quantized(list(self)))

    def with_network(self, network: INR) -> "SharedINR":
        """Return a copy with the network of one more picture, which takes the shared layers as they are."""
        return SharedINR(copy.deepcopy([*self, network]))

    def joined_by(self, network: INR) -> INR:
        """Return the network with frozen copies of the shared layers; see `joining`."""
        return joining(network, self.network(0), self.architecture.shared_layers)

    def layers(self) -> list[DenseLayer]:
        """Return every dense layer once."""
        return list(dict.fromkeys(layer for network in self for layer in network.dense_layers()))

    def weight_bits(self) -> int:
        """Return the bits that hold the quantized weights and biases, shared ones once."""
        return sum(layer.stored_bits() for layer in self.layers() if layer.weight.requires_grad)

    def digest(self) -> str:
        """Return a hash of what all pictures have in common: the core without the contents of its banks.

        The model is quantized. Two models with equal digests differ in their pictures' own layers only, so
        the core of one renders the pictures of the other.
        """
        what = hashlib.sha256(architecture_to_json(self.architecture).encode())
        what.update(repr(self.network(0).rotations()).encode())
        for place in self.architecture.shared_layers:
            layer = copy.deepcopy(self.network(0).layers[place]).cpu().double()
            assert isinstance(layer, DenseLayer)
            for tensor in layer.quantized():
                what.update(tensor.detach().numpy().tobytes())
        return what.hexdigest()


def joining(network: INR, other: INR, shared: range) -> INR:
    """Give a network frozen copies of another's layers in the `shared` places, and its layers' structure."""
    device = next(network.parameters()).device
    network.activation = copy.deepcopy(other.activation).requires_grad_(False)
    for place, layer in enumerate(other.layers):
        own = network.layers[place]
        if place in shared:
            network.layers[place] = copy.deepcopy(layer).requires_grad_(False)
        elif isinstance(own, HadamardLayer) and isinstance(layer, HadamardLayer):
            own.rotates.copy_(layer.rotates)
            own.rotated_frac.copy_(layer.rotated_frac)
    return network.to(device)
