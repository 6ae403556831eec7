"""What training finds: float, rounded and fine-tuned, beside the public definitions at equal steps.

    python benchmarks/training.py ../shared/kodak/kodim0[1357].png --steps 1000 --seeds 0 1

The public networks are those of the papers, in plain torch, with Adam at each of `--public-rates` and the
rate's exponential decay to 2 %; the best rate counts for each. All have the same number of parameters. Prints
a row a run, then a table. Rows that benchmarks/results/training.json has already are not measured again.
"""

import argparse
import itertools
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inrhw import Architecture, Picture, Training, fit, load_picture
from inrhw.base.files import parsed, write_json
from inrhw.networks.training.descent import own_thread
from inrhw.signals.kinds.picture import parse_size
from inrhw.signals.likeness import psnr_db

Row = dict[str, Any]

RESULTS = Path(__file__).parent / "results" / "training.json"

#: omega_0 in all layers, as the papers have it for pictures.
OMEGA_0 = 30.0

#: Of the real Gabor wavelet, whose frequency is smaller.
GABOR_OMEGA_0, GABOR_SCALE = 20.0, 10.0


def sine(x: Tensor) -> Tensor:
    """SIREN (Sitzmann et al. 2020)."""
    return torch.sin(OMEGA_0 * x)


def bent_sine(x: Tensor) -> Tensor:
    """FINER (Liu et al. 2024); the factor has no gradient, as in the public code."""
    return torch.sin(OMEGA_0 * (x.abs() + 1).detach() * x)


def gabor(x: Tensor) -> Tensor:
    """WIRE (Saragadam et al. 2023), in its real form."""
    return torch.cos(GABOR_OMEGA_0 * x) * torch.exp(-((GABOR_SCALE * x) ** 2))


PUBLIC: dict[str, Callable[[Tensor], Tensor]] = {"siren": sine, "finer": bent_sine, "wire": gabor}


class Public(nn.Module):
    """A network as the papers define it: coordinates and values from -1 to 1."""

    def __init__(self, model: str, features: int, hidden_layers: int, channels: int) -> None:
        super().__init__()
        self.activation = PUBLIC[model]
        widths = [2, *[features] * (hidden_layers + 1), channels]
        layers = [nn.Linear(n, out) for n, out in itertools.pairwise(widths)]
        self.layers = nn.ModuleList(layers)
        if model == "wire":
            return
        for k, layer in enumerate(layers):
            n = layer.in_features
            bound = math.sqrt(6 / n) / OMEGA_0 if k else 1 / n
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map [pixels, 2] to [pixels, channels]."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        y: Tensor = last(x)
        return y


def public(model: str, picture: Picture, seed: int, rate: float, options: argparse.Namespace) -> float:
    """Return the PSNR of a public network."""
    torch.manual_seed(seed)
    net = Public(model, options.hidden_features, options.hidden_layers, picture.channels)
    sides = [torch.linspace(-1, 1, n) for n in (picture.height, picture.width)]
    x = torch.cartesian_prod(*sides).flip(-1)
    target = torch.from_numpy(picture.values.reshape(-1, picture.channels)).float() / 127.5 - 1
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    with own_thread():
        for step in range(options.steps):
            optimizer.param_groups[0]["lr"] = rate * 0.02 ** (step / options.steps)
            optimizer.zero_grad()
            torch.autograd.backward((net(x) - target).square().mean())
            optimizer.step()
    with torch.no_grad():
        rendered = ((net(x) + 1) * 127.5).round().clamp(0, 255).numpy().astype(np.uint8)
    return psnr_db(picture.values, rendered.reshape(picture.values.shape))


def ours(model: str, picture: Picture, seed: int, options: argparse.Namespace) -> Row:
    """Return the PSNR of our network in its three forms, the restarts, and the CPU time."""
    size = (picture.sides, picture.channels)
    architecture = Architecture(model, *size, options.hidden_features, options.hidden_layers)
    begin = time.process_time()
    fitted = fit(picture, architecture, Training(options.steps, seed=seed))
    seconds = time.process_time() - begin
    forms = {
        "float": fitted.float_model,
        "rounded": fitted.float_model.quantized(),
        "kept": fitted.model,
    }
    found = {name: psnr_db(picture.values, net.render()) for name, net in forms.items()}
    return found | {"restarts": fitted.restarts, "cpu_s": seconds}


def main() -> None:
    """Train everything and summarize it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--models", nargs="+", default=["quadinr", "siren", "finer", "wire"])
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--hidden-features", type=int, default=20)
    parser.add_argument("--hidden-layers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=Training.steps)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--public-rates", nargs="*", type=float, default=[5e-4, 1e-3, 3e-3, 1e-2])
    options = parser.parse_args()
    rows: list[Row] = parsed(RESULTS.read_text()) if RESULTS.exists() else []
    for model, path, seed in itertools.product(options.models, options.pictures, options.seeds):
        picture = load_picture(path, parse_size(options.size))
        run = run_of(model, picture, seed, options)
        row = next((each for each in rows if each.items() >= run.items()), None)
        if not row:
            row = run | rounded(ours(model, picture, seed, options))
            rows.append(row)
        if model in PUBLIC and options.public_rates and "public" not in row:
            best = max(public(model, picture, seed, rate, options) for rate in options.public_rates)
            row |= rounded({"public": best})
        print(json.dumps(row), flush=True)
        write_json(RESULTS, rows)
    for model in options.models:
        own = [row for row in rows if row.items() >= (of_all(options) | {"model": model}).items()]
        numbers = [
            key for key in ("float", "rounded", "kept", "public", "cpu_s") if all(key in r for r in own)
        ]
        print(model, {key: round(statistics.mean(row[key] for row in own), 2) for key in numbers})


def run_of(model: str, picture: Picture, seed: int, options: argparse.Namespace) -> Row:
    """Return what a row is of."""
    return {"model": model, "picture": picture.name, "seed": seed} | of_all(options)


def of_all(options: argparse.Namespace) -> Row:
    """Return what the rows of one call have in common."""
    names = ("size", "steps", "hidden_features", "hidden_layers")
    return {name: getattr(options, name) for name in names}


def rounded(row: Row) -> Row:
    """Return the row with two decimals."""
    return {name: round(value, 2) for name, value in row.items()}


if __name__ == "__main__":
    main()
