"""A quantized network as a program of torch, which runs where inrhw is not installed."""

import io

import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledINR
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
        self.network = network
        grid = network.architecture.grid
        self.sides: Tensor
        self.register_buffer("sides", torch.tensor(grid.sides, dtype=torch.float64))
        self._unit, self._value = 2.0**-grid.element.frac, network.architecture.value

    def forward(self, centres: Tensor) -> Tensor:
        """Return values [samples, channels], int32, for the samples' centres, [samples, axes] from -1 to 1.

        x comes first. A centre is taken at the nearest half sample: a core can be asked for no other.
        """
        half_samples = torch.round(centres.double() * self.sides)
        return quantize(self.network(half_samples * self._unit), self._value).to(torch.int32)


def program_of(network: INR) -> bytes:
    """Return what `torch.export.load` reads: a program that gives the core's values to the last bit.

    Parameters
    ----------
    network
        Quantized.

    Raises
    ------
    InputError
        If there are many networks, one for each tile, or layers may rotate.
    """
    if isinstance(network, TiledINR):
        raise InputError("tiles are many networks, and a program is of one; train without tiles")
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
