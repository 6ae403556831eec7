"""Whether an exact part of low rank beside hidden weights of few bits, or with noise, pays: dB against rank.

    python benchmarks/digital_rank.py kodim03.png chelsea.png [--width 32] [--steps 800] [--finetune 400]

What HPD and HaLoRA do for large networks, in floating point but for the hidden weights: W = M + U V, where
M is rounded to few bits, or its noise is drawn anew in every rendering, and U and V of rank R are exact, of
9 bits a number. Against it stand one more bit, and a wider network of as many bits, trained for the same
steps. Pictures that benchmarks/results/digital_rank.json has already are not measured again.
"""

import argparse
import copy
import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from inrhw import Architecture, Picture, Training, fit, load_picture
from inrhw.base.files import write_json
from inrhw.networks.inr import INR

RESULTS = Path(__file__).parent / "results" / "digital_rank.json"

#: Bits of a number of the exact part, and of a weight that has noise.
DIGITAL_BITS = 9

RANKS = (0, 1, 2, 4)
BITS = (3, 4)
NOISES = (0.005, 0.01, 0.02, 0.05)

#: Draws of noise in an evaluation.
DRAWS = 12

#: What is done to main weights: [rows, columns] to the same.
Change = Callable[[Tensor], Tensor]


@dataclass
class Split:
    """Main weights of each hidden layer, and the factors of what is exact."""

    main: dict[str, Tensor]
    left: dict[str, Tensor]
    right: dict[str, Tensor]

    def weights(self, change: Change) -> dict[str, Tensor]:
        """Return the weights of hidden layers, of whose main part `change` makes another."""
        return {name: change(main) + self.left[name] @ self.right[name] for name, main in self.main.items()}

    def parameters(self) -> list[Tensor]:
        """Return all that can be trained."""
        return [
            each.requires_grad_() for part in (self.main, self.left, self.right) for each in part.values()
        ]


def main() -> None:
    """Measure what is missing and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--finetune", type=int, default=400)
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for path in options.pictures:
        if not any(row["picture"] == path.stem for row in rows):
            for row in measured(load_picture(path, (64, 64)), options):
                rows.append({"picture": path.stem, **row})
                print(json.dumps(rows[-1]), flush=True)
            write_json(RESULTS, rows)
    print_tables(rows)


def measured(picture: Picture, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what each way of storing the hidden layers gives."""
    plain = network(picture, options.width, options.steps)
    for rank in RANKS:
        yield noisy(picture, plain, rank, options.finetune)
        for bits in (*BITS, BITS[-1] + 1):
            yield few_bits(picture, plain, bits, rank, options.finetune)
    for rank in RANKS[1:]:
        for bits in (*BITS, DIGITAL_BITS):
            stored = stored_bits(options.width, bits, rank)
            model = network(picture, round((stored / bits) ** 0.5), options.steps)
            if bits in BITS:
                yield few_bits(picture, model, bits, 0, options.finetune)
            else:
                yield noisy(picture, model, 0, options.finetune)


def network(picture: Picture, width: int, steps: int) -> INR:
    """Return a network in floating point."""
    architecture = Architecture("quadinr", picture.sides, picture.channels, width)
    return fit(picture, architecture, Training(steps, finetune=0)).float_model


def stored_bits(width: int, bits: int, rank: int) -> int:
    """Return the bits of one hidden layer."""
    return width * (width * bits + 2 * rank * DIGITAL_BITS)


def few_bits(picture: Picture, model: INR, bits: int, rank: int, steps: int) -> dict[str, Any]:
    """Return the better of a network whose main weights are rounded, and of one that is trained so."""

    def rounded(weight: Tensor) -> Tensor:
        return weight + (round_rows(weight.detach(), bits) - weight.detach())

    model = copy.deepcopy(model)
    starts = [of_weights(model, rank), of_errors(model, rank, bits)]
    db, split = max(
        ((psnr(picture, model, each.weights(rounded)), each) for each in starts), key=lambda t: t[0]
    )
    train(picture, model, split, lambda: [rounded], steps)
    tuned = psnr(picture, model, split.weights(rounded))
    return row("bits", model, bits, rank, rounded_db=db, kept_db=max(db, tuned))


def noisy(picture: Picture, model: INR, rank: int, steps: int) -> dict[str, Any]:
    """Return means over draws of noise, as trained plainly, and as trained on with noise of 1 % in pairs."""
    model, found = copy.deepcopy(model), {}
    split, generator = of_weights(model, rank), torch.Generator().manual_seed(0)
    found["plain_db"] = under_noise(picture, model, split)

    def pair() -> list[Change]:
        drawn = {tuple(w.shape): torch.randn(w.shape, generator=generator) for w in split.main.values()}
        return [lambda w, s=sign: w + s * 0.01 * span(w) * drawn[tuple(w.shape)] for sign in (1, -1)]

    train(picture, model, split, pair, steps)
    found["trained_db"] = under_noise(picture, model, split)
    return row("noise", model, DIGITAL_BITS, rank, **found)


def row(kind: str, model: INR, bits: int, rank: int, **found: Any) -> dict[str, Any]:
    """Return what is kept."""
    width = model.layers[1].weight.shape[0]
    asked = {"kind": kind, "width": width, "bits": bits, "rank": rank}
    rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in found.items()}
    return {**asked, "stored": stored_bits(width, bits, rank), **rounded}


def hidden(model: INR) -> dict[str, Tensor]:
    """Return the weights between the first and the last layer."""
    places = range(1, len(model.layers) - 1)
    return {f"layers.{k}.weight": model.get_parameter(f"layers.{k}.weight").detach().clone() for k in places}


def of_weights(model: INR, rank: int) -> Split:
    """Return the split whose exact part is the best of its rank to the weights."""
    main, left, right = hidden(model), {}, {}
    for name, weight in main.items():
        left[name], right[name] = factors(weight, rank)
        main[name] = weight - left[name] @ right[name]
    return Split(main, left, right)


def of_errors(model: INR, rank: int, bits: int) -> Split:
    """Return the split whose exact part is the best of its rank to what rounding loses, found by turns."""
    main, left, right = hidden(model), {}, {}
    for name, weight in main.items():
        left[name], right[name] = factors(torch.zeros_like(weight), rank)
        for _ in range(10):
            main[name] = weight - left[name] @ right[name]
            left[name], right[name] = factors(weight - round_rows(main[name], bits), rank)
    return Split(main, left, right)


def factors(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return the two factors of the best approximation of a rank."""
    u, s, v = torch.linalg.svd(weight)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * v[:rank]


def round_rows(weight: Tensor, bits: int) -> Tensor:
    """Return uniform codes with a power of two a row, the finest with which the largest weight fits."""
    most = 2.0 ** (bits - 1) - 1
    unit = 2.0 ** torch.ceil(
        torch.log2(weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / (most + 0.5))
    )
    return (weight / unit).round().clamp(-most, most) * unit


def span(weight: Tensor) -> Tensor:
    """Return largest less smallest weight."""
    return (weight.max() - weight.min()).detach()


def train(
    picture: Picture, model: INR, split: Split, changes: Callable[[], list[Change]], steps: int
) -> None:
    """Train everything, the weights of hidden layers as each of the `changes` of a step leaves them."""
    others = [each for name, each in model.named_parameters() if name not in split.main]
    optimizer = torch.optim.Adam([*others, *split.parameters()], lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    x, target = model.coordinates(), model.targets(picture)
    for _ in range(steps):
        optimizer.zero_grad()
        for change in (several := changes()):
            error = (functional_call(model, split.weights(change), (x,)) - target) / 127.5
            (error.square().mean() / len(several)).backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def psnr(picture: Picture, model: INR, weights: dict[str, Tensor]) -> float:
    """Return the PSNR of what hidden layers of such weights show."""
    shown = functional_call(model, weights, (model.coordinates(),)).round().clamp(0, 255)
    error = (shown - model.targets(picture)).square().mean()
    return float(10 * torch.log10(255**2 / error))


def under_noise(picture: Picture, model: INR, split: Split) -> list[float]:
    """Return the mean PSNR without noise and at each of NOISES."""
    found = [psnr(picture, model, split.weights(lambda w: w))]
    for sigma in NOISES:
        generator = torch.Generator().manual_seed(1)
        draws = [
            psnr(
                picture,
                model,
                split.weights(lambda w: w + sigma * span(w) * torch.randn(w.shape, generator=generator)),  # noqa: B023
            )
            for _ in range(DRAWS)
        ]
        found.append(statistics.mean(draws))
    return [round(each, 2) for each in found]


def print_tables(rows: list[dict[str, Any]]) -> None:
    """Print the means over pictures."""
    keys = list(dict.fromkeys((r["kind"], r["bits"], r["width"], r["rank"], r["stored"]) for r in rows))
    for key in sorted(keys):
        own = [r for r in rows if (r["kind"], r["bits"], r["width"], r["rank"], r["stored"]) == key]
        names = ("rounded_db", "kept_db") if key[0] == "bits" else ("plain_db", "trained_db")
        cells = [
            [f"{statistics.mean(each):.2f}" for each in zip(*(_listed(r[name]) for r in own), strict=True)]
            for name in names
        ]
        print(f"| {' | '.join(map(str, key))} | {' | '.join(' / '.join(cell) for cell in cells)} |")


def _listed(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    main()
