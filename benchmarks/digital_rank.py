"""Whether an exact part of low rank beside hidden weights of few bits, or with noise, pays: dB against rank.

    python benchmarks/digital_rank.py kodim03.png chelsea.png [--width 32] [--steps 800] [--finetune 400]

What HPD and HaLoRA do for large networks, in floating point but for the hidden weights: W = M + U V, where
M is rounded to few bits, or its noise is drawn anew in every rendering, and U and V of rank R are exact, of
9 bits a number. Against it stand one more bit, and a wider network of as many bits, trained for the same
steps; under noise also the largest weights, exact. What benchmarks/results/digital_rank.json has is not
measured again.
"""

import argparse
import copy
import functools
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

#: Bits that say where in its layer a weight is.
PLACE_BITS = 10

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


@dataclass(frozen=True)
class Job:
    """One way of storing hidden layers: "bits" rounds them; "noise" and "outliers" draw noise on them.

    With outliers the exact part is not of low rank, but the largest weights, as many as its bits could hold.
    """

    picture: str
    kind: str
    width: int
    bits: int
    rank: int

    @property
    def stored(self) -> int:
        """Bits of one hidden layer."""
        return self.width * (self.width * self.bits + 2 * self.rank * DIGITAL_BITS)


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
        picture = load_picture(path, (64, 64))
        trained = functools.cache(functools.partial(network, picture, options.steps))
        for job in jobs(path.stem, options.width):
            if not any(vars(job).items() <= row.items() for row in rows):
                found = measured(job, picture, copy.deepcopy(trained(job.width)), options.finetune)
                rows.append({**vars(job), "stored": job.stored, **found})
                print(json.dumps(rows[-1]), flush=True)
                write_json(RESULTS, rows)
    print_tables(rows)


def jobs(picture: str, width: int) -> Iterator[Job]:
    """Yield all ways, and wider networks of as many bits as those with an exact part have."""
    for rank in RANKS:
        yield Job(picture, "noise", width, DIGITAL_BITS, rank)
        for bits in (*BITS, BITS[-1] + 1):
            yield Job(picture, "bits", width, bits, rank)
    for rank in RANKS[1:]:
        yield Job(picture, "outliers", width, DIGITAL_BITS, rank)
        for bits in (*BITS, DIGITAL_BITS):
            stored = Job(picture, "", width, bits, rank).stored
            yield Job(picture, "bits" if bits in BITS else "noise", round((stored / bits) ** 0.5), bits, 0)


def network(picture: Picture, steps: int, width: int) -> INR:
    """Return a network in floating point."""
    architecture = Architecture("quadinr", picture.sides, picture.channels, width)
    return fit(picture, architecture, Training(steps, finetune=0)).float_model


def measured(job: Job, picture: Picture, model: INR, steps: int) -> dict[str, Any]:
    """Return what a trained network shows, and after so many steps more."""
    if job.kind == "bits":
        return few_bits(picture, model, job, steps)
    numbers = job.width * 2 * job.rank
    outliers = numbers * DIGITAL_BITS // (DIGITAL_BITS + PLACE_BITS)
    split = of_largest(model, outliers) if job.kind == "outliers" else of_weights(model, job.rank)
    return noisy(picture, model, split, steps)


def few_bits(picture: Picture, model: INR, job: Job, steps: int) -> dict[str, Any]:
    """Return the PSNR of rounded main weights, and the better of that and of what is trained so."""

    def rounded(weight: Tensor) -> Tensor:
        return weight + (round_rows(weight.detach(), job.bits) - weight.detach())

    starts = [of_weights(model, job.rank), of_errors(model, job.rank, job.bits)]
    db, split = max(
        ((psnr(picture, model, each.weights(rounded)), each) for each in starts), key=lambda t: t[0]
    )
    train(picture, model, split, lambda: [rounded], steps)
    tuned = psnr(picture, model, split.weights(rounded))
    return {"rounded_db": round(db, 2), "kept_db": round(max(db, tuned), 2)}


def noisy(picture: Picture, model: INR, split: Split, steps: int) -> dict[str, Any]:
    """Return means over draws of noise, as trained plainly, and as trained on with noise of 1 % in pairs."""
    generator = torch.Generator().manual_seed(0)
    plain = under_noise(picture, model, split)

    def pair() -> list[Change]:
        drawn = {tuple(w.shape): torch.randn(w.shape, generator=generator) for w in split.main.values()}

        def noisier(sign: int) -> Change:
            return lambda weight: weight + sign * 0.01 * span(weight) * drawn[tuple(weight.shape)]

        return [noisier(1), noisier(-1)]

    train(picture, model, split, pair, steps)
    return {"plain_db": plain, "trained_db": under_noise(picture, model, split)}


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


def of_largest(model: INR, count: int) -> Split:
    """Return the split whose exact part is so many weights of each layer: the largest ones."""
    main, left, right = hidden(model), {}, {}
    for name, weight in main.items():
        mask = torch.zeros(weight.numel())
        mask[weight.abs().flatten().topk(count).indices] = 1
        mask = mask.reshape(weight.shape)
        left[name], right[name] = (weight * mask).requires_grad_(), torch.eye(len(weight)).requires_grad_()
        left[name].register_hook(lambda gradient, mask=mask: gradient * mask)  # type: ignore[no-untyped-call]
        right[name].register_hook(torch.zeros_like)  # type: ignore[no-untyped-call]
        main[name] = weight * (1 - mask)
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
