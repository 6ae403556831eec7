"""PSNR of every activation, float and quantized, over pictures, learning rates, omega_0 and seeds.

    scripts/psnr_by_activation PICTURE... [--size 128x128] [--hidden-features 64] [--steps 2000]

On all pixels, as `inrhw fit` trains. Each activation is trained at every learning rate given and counts with
its best one, chosen by the mean of the float PSNR over pictures and seeds. A run is a file in --work: what is
done is not done again. Prints a row a run, then a table; benchmarks/results/psnr_by_activation.json has both.
"""

import argparse
import hashlib
import itertools
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from inrhw import Architecture, Training, fit, load_picture
from inrhw.base.files import read_json, write_json
from inrhw.networks.architecture import activations
from inrhw.signals.kinds.picture import parse_size
from inrhw.signals.likeness import psnr_db

Row = dict[str, Any]


def main() -> None:
    """Train everything and summarize it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--models", nargs="+", default=sorted(activations()))
    parser.add_argument("--size", default="128x128")
    parser.add_argument("--hidden-features", type=int, default=64)
    parser.add_argument("--hidden-layers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--learning-rates", nargs="+", type=float, default=[5e-3, 1e-2, 2e-2, 5e-2])
    parser.add_argument(
        "--omega-0", nargs="+", type=float, help="tried one by one; default: each model's own"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_psnr_by_activation"))
    options = parser.parse_args()
    runs = itertools.product(
        options.models, options.omega_0 or [None], options.learning_rates, options.pictures, options.seeds
    )
    rows = []
    for model, omega_0, rate, path, seed in runs:
        rows.append(run(model, omega_0, rate, path, seed, options))
        print(json.dumps(rows[-1]), flush=True)
    best = summary(rows)
    for row in best:
        print(json.dumps(row))
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    write_json(results / "psnr_by_activation.json", {"summary": best, "runs": rows})


def run(  # noqa: PLR0917
    model: str, omega_0: float | None, rate: float, path: Path, seed: int, options: argparse.Namespace
) -> Row:
    """Return one row, from its file if it is there."""
    picture = load_picture(path, parse_size(options.size))
    architecture = Architecture(
        model,
        (picture.width, picture.height),
        picture.channels,
        options.hidden_features,
        options.hidden_layers,
        omega_0,
    )
    training = Training(options.steps, learning_rate=rate, seed=seed, device=options.device)
    identity = hashlib.sha256(repr((picture.name, architecture, training)).encode()).hexdigest()[:16]
    file = options.work / f"{picture.name}_{model}_{identity}.json"
    if file.exists():
        return dict(read_json(file, "scripts/psnr_by_activation"))
    fitted = fit(picture, architecture, training)
    row = {
        "model": model,
        "omega_0": architecture.omega_0,
        "learning_rate": rate,
        "picture": picture.name,
        "seed": seed,
        "size": options.size,
        "layers": "-".join(map(str, architecture.features)),
        "steps": options.steps,
        "float_db": round(psnr_db(picture.values, fitted.float_model.render()), 2),
        "quantized_db": round(psnr_db(picture.values, fitted.model.render()), 2),
    }
    options.work.mkdir(parents=True, exist_ok=True)
    write_json(file, row)
    return row


def summary(rows: list[Row]) -> list[Row]:
    """Return a row a model and omega_0: mean and spread at its best learning rate."""
    groups: dict[tuple[str, float], dict[float, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row["model"], row["omega_0"]][row["learning_rate"]].append(row)
    found = []
    for (model, omega_0), by_rate in groups.items():
        rate, chosen = max(by_rate.items(), key=lambda item: statistics.mean(r["float_db"] for r in item[1]))
        row = {"model": model, "omega_0": omega_0, "learning_rate": rate, "runs": len(chosen)}
        for kind in ("float_db", "quantized_db"):
            values = [r[kind] for r in chosen]
            row |= {
                kind: round(statistics.mean(values), 2),
                f"{kind}_spread": round(statistics.pstdev(values), 2),
            }
        found.append(row)
    return sorted(found, key=lambda row: -row["float_db"])


if __name__ == "__main__":
    main()
