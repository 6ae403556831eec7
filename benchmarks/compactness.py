"""Whether the compactness of layers (LieQ, arXiv 2508.03332) says which of them need more bits.

    python benchmarks/compactness.py ../shared/kodak/kodim0[37].png [--widths 16 24] [--bits 6 5]
        [--seeds 0] [--steps 800] [--finetune 400]

Trains a QuadINR with two hidden layers for each picture at 64x64, width and seed, and takes of each layer its
score, which is by what part its outputs are more compact than those of the same layer untrained, and the dB
that are lost if its weights alone have 5 bits. Then the hidden layers get so many bits each, or one bit goes
from one to the other as either ranks them, or `--layer-bits auto` shares them out: bits of weights are the
same in all. Prints a row a network, the means, and writes benchmarks/results/compactness.json.
"""

import argparse
import copy
import itertools
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inrhw import Architecture, Picture, Training, fit, load_picture
from inrhw.base.files import write_json
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.allotment import error_with
from inrhw.networks.training.allocation.budget import plain_bits
from inrhw.signals.likeness import psnr_db

#: Bits of the one layer that is rounded.
ALONE = 5


def main() -> None:
    """Measure every network and print the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--widths", nargs="+", type=int, default=[16, 24])
    parser.add_argument("--bits", nargs="+", type=int, default=[6, 5])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--finetune", type=int, default=400)
    options = parser.parse_args()
    rows = []
    for width, path, seed in itertools.product(options.widths, options.pictures, options.seeds):
        picture = load_picture(path, (64, 64))
        architecture = Architecture("quadinr", picture.sides, picture.channels, width)
        trained = fit(picture, architecture, Training(options.steps, finetune=0, seed=seed)).float_model
        row = {"picture": path.stem, "width": width, "seed": seed}
        row |= ranked(trained, picture, seed)
        row["kept_db"] = {bits: kept(trained, picture, bits, row, options.finetune) for bits in options.bits}
        print(json.dumps(row), flush=True)
        rows.append(row)
    write_json(Path(__file__).parent / "results" / "compactness.json", rows)
    for width in options.widths:
        print_means([row for row in rows if row["width"] == width])


def ranked(trained: INR, picture: Picture, seed: int) -> dict[str, Any]:
    """Return the score of each layer, and what is lost if it alone is rounded."""
    untrained = INR(trained.architecture, seed)
    pairs = zip(trained.layer_inputs(), untrained.dense_layers(), strict=True)
    scores = [
        1 - compactness(h @ layer.weight.T) / compactness(h @ other.weight.T) for (layer, h), other in pairs
    ]
    rounded, plain = trained.quantized().double(), plain_bits(trained.architecture)
    exact = error_with(rounded, plain, picture)
    lost = [
        error_with(rounded, [*plain[:k], (ALONE, values), *plain[k + 1 :]], picture) / exact
        for k, (_, values) in enumerate(plain)
    ]
    return {
        "score": [round(float(score), 3) for score in scores],
        "lost_db": [round(10 * float(torch.log10(torch.tensor(part))), 2) for part in lost],
    }


@torch.no_grad()
def compactness(outputs: Tensor) -> Tensor:
    """Return the effective number of directions of outputs, [samples, rows]: the fewer, the more compact."""
    energy = torch.linalg.svdvals(outputs.double()) ** 2
    part = energy / energy.sum()
    return torch.exp(-torch.xlogy(part, part).sum())


def kept(trained: INR, picture: Picture, bits: int, row: dict[str, Any], finetune: int) -> dict[str, float]:
    """Return the PSNR that is kept with so many bits in hidden layers, shared out in each way."""
    first, *_, last = plain_bits(trained.architecture)
    ways = {
        "equal": f"{first[0]},{bits},{bits},{last[0]}",
        **{name: shared_out(row[name], bits, first[0], last[0]) for name in ("score", "lost_db")},
        "auto": "auto",
    }
    return {name: tuned(trained, picture, bits, text, finetune) for name, text in ways.items()}


def shared_out(rank: Sequence[float], bits: int, first: int, last: int) -> str:
    """Return bits of layers where the hidden layer of higher rank has one more, and the other one less."""
    more = 1 if rank[1] > rank[2] else -1
    return f"{first},{bits + more},{bits - more},{last}"


def tuned(trained: INR, picture: Picture, bits: int, layer_bits: str, finetune: int) -> float:
    """Return the PSNR of the network with these bits, the better of rounded and fine-tuned."""
    start = copy.deepcopy(trained)
    start.architecture = replace(trained.architecture, precision=Precision(bits, layer_bits=layer_bits))
    fitted = fit(picture, start.architecture, Training(finetune=finetune), start=start)
    return round(psnr_db(picture.values, fitted.model.render()), 2)


def print_means(rows: Sequence[dict[str, Any]]) -> None:
    """Print the means over pictures and seeds, and how often both ranks agree."""
    print(f"width {rows[0]['width']}, {len(rows)} networks")
    for name in ("score", "lost_db"):
        layers = zip(*(row[name] for row in rows), strict=True)
        print(name, [round(statistics.mean(layer), 2) for layer in layers])
    agree = sum((a[1] > a[2]) == (b[1] > b[2]) for a, b in ((row["score"], row["lost_db"]) for row in rows))
    print(f"both rank the hidden layers alike in {agree}")
    for bits, ways in rows[0]["kept_db"].items():
        means = {way: round(statistics.mean(row["kept_db"][bits][way] for row in rows), 2) for way in ways}
        print(f"{bits} bits:", means)


if __name__ == "__main__":
    main()
