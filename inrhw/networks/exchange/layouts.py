"""Encodings of public code, for files of weights, which do not hold them."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

#: Maps coordinates [samples, axes] to features, given their number and a matrix [features / 2, axes].
Layout = Callable[[Tensor, int, Tensor], Tensor]


def _siren(x: Tensor, features: int, matrix: Tensor) -> Tensor:
    """PosEncodingNeRF of vsitzmann/siren: sine and cosine of one coordinate after the other."""
    parts = _coordinates(x, features)
    for k in range(features // (2 * x.shape[1])):
        for c in x.T:
            parts += [torch.sin(2**k * math.pi * c[:, None]), torch.cos(2**k * math.pi * c[:, None])]
    return torch.cat(parts, dim=1)


def _nerf(x: Tensor, features: int, matrix: Tensor) -> Tensor:
    """NeRF's code: sines of all coordinates, then their cosines, without a factor of pi."""
    parts = _coordinates(x, features)
    for k in range(features // (2 * x.shape[1])):
        parts += [torch.sin(2**k * x), torch.cos(2**k * x)]
    return torch.cat(parts, dim=1)


def _coordinates(x: Tensor, features: int) -> list[Tensor]:
    """Return the coordinates in front of the sines, unless all features are sines."""
    return [x] if features % (2 * x.shape[1]) else []


def _fourier(x: Tensor, features: int, matrix: Tensor) -> Tensor:
    """Fourier features as their own code has them: all sines, then all cosines."""
    turns = 2 * math.pi * (x @ matrix.T)
    return torch.cat([torch.sin(turns), torch.cos(turns)], dim=1)


def _rff(x: Tensor, features: int, matrix: Tensor) -> Tensor:
    """Fourier features of the package rff: all cosines, then all sines."""
    turns = 2 * math.pi * (x @ matrix.T)
    return torch.cat([torch.cos(turns), torch.sin(turns)], dim=1)


#: By the names of `Imported.encoding`.
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {"siren": _siren, "nerf": _nerf, "fourier": _fourier, "rff": _rff}
)

#: Those that take a matrix, which is in the file.
OF_A_MATRIX = ("fourier", "rff")
