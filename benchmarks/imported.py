"""A network that plain torch trained, imported: in float, rounded at some bits, and fine-tuned.

    python benchmarks/imported.py ../shared/kodak/kodim03.png --widths 64,64,64 --steps 300
    python benchmarks/imported.py ../shared/kodak/kodim03.png --encoding fourier
    python benchmarks/imported.py ../shared/kodak/kodim03.png --sigmoid
    python benchmarks/imported.py ../shared/kodak/kodim03.png --wire

The networks are those of the public code, with `linspace(-1, 1, N)`, rows first, Adam: a SIREN,
sin(30 (W x + b)), a WIRE of real layers with omega_0 and scale_0 of 10, or behind an encoding one of ReLUs;
with or without a sigmoid behind the last layer. Prints a row a number of bits, of hidden and last weights,
and adds it to benchmarks/results/imported.json.
"""

import argparse
import itertools
import json
import math
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inrhw import Network, Precision, from_torch, load_picture
from inrhw.base.files import write_json
from inrhw.networks.exchange.imported import Imported
from inrhw.signals.kinds.picture import Picture, parse_size
from inrhw.signals.likeness import psnr_db

RESULTS = Path(__file__).parent / "results" / "imported.json"

OMEGA_0 = 30.0

#: omega_0 and scale_0 of WIRE's real layer, by default.
WIRE = 10.0


class Sine(nn.Module):
    """SIREN's activation."""

    def forward(self, x: Tensor) -> Tensor:
        """Map numbers to sines."""
        return torch.sin(OMEGA_0 * x)


def siren(widths: list[int], channels: int) -> nn.Sequential:
    """Return an untrained network with the paper's initial weights."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for k, (n, out) in enumerate(itertools.pairwise([2, *widths, channels])):
        layers[f"linear{k}"] = layer = nn.Linear(n, out)
        bound = math.sqrt(6 / n) / OMEGA_0 if k else 1 / n
        nn.init.uniform_(layer.weight, -bound, bound)
        if k < len(widths):
            layers[f"sine{k}"] = Sine()
    return nn.Sequential(layers)


class RealGabor(nn.Module):
    """WIRE's real layer."""

    def __init__(self, n: int, out: int) -> None:
        super().__init__()
        self.freqs, self.scale = nn.Linear(n, out), nn.Linear(n, out)

    def forward(self, x: Tensor) -> Tensor:
        """Map numbers to a cosine of one layer times a Gaussian of the other."""
        return torch.cos(WIRE * self.freqs(x)) * torch.exp(-((WIRE * self.scale(x)) ** 2))


def wire(widths: list[int], channels: int) -> nn.Sequential:
    """Return an untrained network of real layers, with torch's own initial weights."""
    layers = itertools.starmap(RealGabor, itertools.pairwise([2, *widths]))
    return nn.Sequential(*layers, nn.Linear(widths[-1], channels))


class Nerf(nn.Module):
    """Coordinates, and sines and cosines of 2^k pi times them, k < 5; 22 features of a picture."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [samples, 2] to [samples, 22]."""
        parts = [function(2**k * math.pi * x) for k in range(5) for function in (torch.sin, torch.cos)]
        return torch.cat([x, *parts], dim=1)


class Fourier(nn.Module):
    """Sines and cosines of 2 pi B x, with a B of 32 rows and a standard deviation of 5."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("b", 5 * torch.randn(32, 2))

    def forward(self, x: Tensor) -> Tensor:
        """Map [samples, 2] to [samples, 64]."""
        turns = 2 * math.pi * x @ torch.as_tensor(self.b).T
        return torch.cat([torch.sin(turns), torch.cos(turns)], dim=1)


#: What may stand in front of ReLUs, and how many features it gives.
ENCODINGS = {"nerf": (Nerf, 22), "fourier": (Fourier, 64)}


def behind(encoding: str, widths: list[int], channels: int) -> nn.Sequential:
    """Return an untrained network of ReLUs behind an encoding, with torch's own initial weights."""
    make, features = ENCODINGS[encoding]
    layers: list[nn.Module] = [make()]
    for n, out in itertools.pairwise([features, *widths]):
        layers += [nn.Linear(n, out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], channels))


def trained(net: nn.Sequential, picture: Picture, steps: int, rate: float, *, sigmoid: bool) -> nn.Sequential:
    """Return a network that plain torch trained."""
    x = torch.cartesian_prod(*(torch.linspace(-1, 1, n) for n in (picture.height, picture.width)))
    target = torch.from_numpy(picture.values.reshape(-1, picture.channels)).float() / 255
    if sigmoid:
        net.append(nn.Sigmoid())
    else:
        target = 2 * target - 1
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward((net(x) - target).square().mean())
        optimizer.step()
    return net


def main() -> None:
    """Train, import at each number of bits, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--size", default="96x64")
    parser.add_argument("--encoding", choices=ENCODINGS)
    parser.add_argument("--sigmoid", action="store_true")
    parser.add_argument("--wire", action="store_true")
    parser.add_argument("--widths", default="64,64,64")
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 9])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--finetune", type=int, default=200)
    options = parser.parse_args()
    picture = load_picture(options.picture, parse_size(options.size))
    widths = list(map(int, options.widths.split(",")))
    torch.manual_seed(0)
    imported, channels = Imported(), picture.channels
    if options.wire:
        net, network = wire(widths, channels), Network("wire_real", omega_0=WIRE)
        imported = Imported(scale_0=WIRE)
    elif options.encoding:
        net, network = behind(options.encoding, widths, channels), Network("relu_pe")
    else:
        net, network = siren(widths, channels), Network("siren", omega_0=OMEGA_0)
    net = trained(net, picture, options.steps, options.rate, sigmoid=options.sigmoid)
    asked = {name: value for name, value in vars(options).items() if name not in ("picture", "bits")}
    rows: list[dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for bits in options.bits:
        precision = Precision(bits, last_weight_bits=bits)
        rounded, tuned = (
            from_torch(net, network, picture, imported=imported, precision=precision, finetune=n)
            for n in (0, options.finetune)
        )
        models = {"float": rounded.float_model, "rounded": rounded.model, "fine-tuned": tuned.model}
        row = asked | {"picture": options.picture.name, "bits": bits}
        row |= {name: round(psnr_db(picture.values, each.render()), 2) for name, each in models.items()}
        print(row, flush=True)
        write_json(RESULTS, rows := [*rows, row])


if __name__ == "__main__":
    main()
