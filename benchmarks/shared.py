r"""Parameters saved and PSNR lost by networks that share layers, against one network a picture.

    python benchmarks/shared.py ../shared/kodak/*.png --size 64x64 --steps 600
    python benchmarks/shared.py ../shared/kodak/*.png --crops 100 --runs 24:full:3 100:full:3 --steps 600 \
        --batch 16384 --hidden-features 64 --only-shared

For each RUN, "K:projection:hidden layers", the first K pictures are trained together and compared with
networks of their own, equally wide, with --separate-layers hidden layers, trained for as many full-batch
steps. The projection counts as a hidden layer: one more than a network of a picture's own has puts it on
top, as many let it replace one. "gained_db" compares with networks of their own that are so narrow that
all together have no more parameters than the shared ones. With --crops N, pictures are N crops of twice
--size from those that are given, spread evenly, at their own resolution. With --batch, a step sees so many
pixels of all pictures together, not all. With --only-shared there is nothing beside them.

Shared networks are rendered at twice their size too, compared with the picture at that size and with what
bicubic interpolation makes of the small one. A run is a file in --work: what is done is not done again.
Prints a row a run and writes benchmarks/results/shared.json, where rows of other settings stay.
"""

import argparse
import hashlib
import itertools
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inrhw import Architecture, Picture, Training, fit, load_picture
from inrhw.base.files import parsed, read_json, write_json
from inrhw.networks.inr import INR
from inrhw.networks.shared import shared_architectures
from inrhw.networks.training.shared_fit import fit_shared
from inrhw.signals.kinds.picture import Pixels, parse_size
from inrhw.signals.likeness import psnr_db

Row = dict[str, Any]

_SETTING = (
    *("pictures", "crops", "projection", "hidden_layers", "separate_layers"),
    *("hidden_features", "model", "size", "steps", "batch"),
)

RUNS = [
    "2:full:3",
    "4:full:3",
    "4:low-rank:3",
    "4:diagonal:3",
    "4:full:2",
    "12:full:3",
    "12:low-rank:3",
    "12:diagonal:3",
]


def main() -> None:
    """Train everything and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--runs", nargs="+", default=RUNS)
    parser.add_argument("--model", default="quadinr")
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--crops", type=int, default=0)
    parser.add_argument("--separate-layers", type=int, default=2)
    parser.add_argument("--hidden-features", type=int, default=32)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--learning-rate", type=float, default=Training.learning_rate)
    parser.add_argument("--batch", type=int, default=None)
    parser.add_argument("--only-shared", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_shared"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    pictures = crops(options) if options.crops else sorted(options.pictures)
    rows = []
    for run in options.runs:
        n, projection, layers = run.split(":")
        chosen = pictures[: int(n)]
        row = cached(options, shared, chosen, projection, int(layers), options)
        row |= {"crops": bool(options.crops), "separate_layers": options.separate_layers}
        rows.append(row if options.only_shared else row | compared(row, chosen, options))
        print(json.dumps(rows[-1]), flush=True)
    write(rows)


def compared(row: Row, chosen: list[Path], options: argparse.Namespace) -> Row:
    """Return what networks of their own are, equally wide and of equally many parameters."""
    separate = [cached(options, alone, path, options) for path in chosen]
    alone_parameters = sum(one["parameters"] for one in separate)
    found = {
        "separate_parameters": alone_parameters,
        "saved_percent": round(100 * (1 - row["parameters"] / alone_parameters), 1),
        "separate_bits": sum(one["weight_bits"] for one in separate),
    }
    narrow = argparse.Namespace(**vars(options) | {"hidden_features": equal_width(row, options)})
    equal = [cached(narrow, alone, path, narrow) for path in chosen]
    found |= {
        "equal_features": narrow.hidden_features,
        "equal_parameters": sum(one["parameters"] for one in equal),
    }
    for kind, name in itertools.product(("float_db", "quantized_db"), ("separate", "equal")):
        ones = separate if name == "separate" else equal
        found[f"{name}_{kind}"] = round(statistics.mean(one[kind] for one in ones), 2)
    found["lost_db"] = round(found["separate_quantized_db"] - row["quantized_db"], 2)
    found["gained_db"] = round(row["quantized_db"] - found["equal_quantized_db"], 2)
    return found


def crops(options: argparse.Namespace) -> list[Path]:
    """Cut crops out of the pictures, spread evenly over each, and return their files."""
    width, height = (2 * n for n in parse_size(options.size))
    of_each = math.ceil(options.crops / len(options.pictures))
    columns = math.ceil(math.sqrt(of_each))
    rows = math.ceil(of_each / columns)
    found = []
    for k, path in itertools.product(range(of_each), sorted(options.pictures)):
        with Image.open(path) as picture:
            left = round((picture.width - width) * (k % columns + 0.5) / columns)
            top = round((picture.height - height) * (k // columns + 0.5) / rows)
            found.append(options.work / f"{path.stem}_{width}x{height}_{left}_{top}.png")
            picture.crop((left, top, left + width, top + height)).save(found[-1])
    return found[: options.crops]


def write(rows: list[Row]) -> None:
    """Write the results, after those of other settings that are there."""
    file = Path(__file__).parent / "results" / "shared.json"
    file.parent.mkdir(exist_ok=True)
    before = parsed(file.read_text()) if file.exists() else []
    settings = [[row.get(key) for key in _SETTING] for row in rows]
    write_json(file, [row for row in before if [row.get(key) for key in _SETTING] not in settings] + rows)


def cached(options: argparse.Namespace, measure: Any, *what: Any) -> Row:
    """Return one result, from its file if it is there."""
    setting = {key: value for key, value in vars(options).items() if key not in ("pictures", "runs", "work")}
    identity = hashlib.sha256(repr((measure.__name__, what[:-1], setting)).encode()).hexdigest()[:16]
    file = options.work / f"{identity}.json"
    if not file.exists():
        write_json(file, measure(*what))
    return dict(read_json(file, "benchmarks/shared.py"))


def equal_width(row: Row, options: argparse.Namespace) -> int:
    """Return the widest separate networks, in hidden features, with no more parameters than the shared."""
    width, height = parse_size(options.size)

    def parameters(features: int) -> int:
        architecture = Architecture(options.model, (width, height), 3, features, options.separate_layers)
        return int(row["pictures"]) * sum(p.numel() for p in INR(architecture).parameters())

    return next(n for n in range(options.hidden_features, 0, -1) if parameters(n) <= row["parameters"])


def alone(path: Path, options: argparse.Namespace) -> Row:
    """Train a network of a picture's own."""
    picture = load_picture(path, parse_size(options.size))
    size = (picture.sides, picture.channels)
    architecture = Architecture(options.model, *size, options.hidden_features, options.separate_layers)
    training = Training(options.steps, learning_rate=options.learning_rate, device=options.device)
    fitted = fit(picture, architecture, training)
    return {
        "picture": picture.name,
        "parameters": sum(p.numel() for p in fitted.model.parameters()),
        "weight_bits": fitted.model.weight_bits(),
        "float_db": psnr_db(picture.values, fitted.float_model.render()),
        "quantized_db": psnr_db(picture.values, fitted.model.render()),
    }


def shared(paths: list[Path], projection: str, hidden_layers: int, options: argparse.Namespace) -> Row:
    """Train pictures together."""
    width, height = parse_size(options.size)
    pictures = [load_picture(path, (width, height)) for path in paths]
    architectures = shared_architectures(
        pictures,
        options.model,
        hidden_features=options.hidden_features,
        hidden_layers=hidden_layers,
        projection=projection,
        max_scale=2,
    )
    # By default every pixel of every picture in each step, as networks of their own see them.
    pixels = options.batch or len(pictures) * width * height
    training = Training(
        options.steps, learning_rate=options.learning_rate, batch=pixels, device=options.device
    )
    begin = time.process_time()
    fitted = fit_shared(pictures, architectures, training)
    seconds = time.process_time() - begin
    large = [load_picture(path, (2 * width, 2 * height)) for path in paths]
    quantized = [psnr_db(p.values, one.render()) for p, one in zip(pictures, fitted.model, strict=True)]
    return {
        "pictures": len(pictures),
        "projection": projection,
        "hidden_layers": hidden_layers,
        "hidden_features": options.hidden_features,
        "model": options.model,
        "size": options.size,
        "steps": options.steps,
        "batch": options.batch,
        "fit_cpu_s": round(seconds),
        "parameters": sum(p.numel() for p in fitted.model.trained().values()),
        "weight_bits": fitted.model.weight_bits(),
        "bits_per_pixel": round(fitted.model.weight_bits() / (len(pictures) * width * height), 2),
        "float_db": mean_db(pictures, [network.render() for network in fitted.float_model]),
        "quantized_db": round(statistics.mean(quantized), 2),
        "least_db": round(min(quantized), 2),
        "most_db": round(max(quantized), 2),
        "twice_the_size_db": mean_db(
            large, [fitted.model.network(k, scale=2).render() for k in range(len(large))]
        ),
        "twice_by_bicubic_db": mean_db(large, [bicubic(picture) for picture in pictures]),
    }


def mean_db(pictures: list[Picture], rendered: list[Pixels]) -> float:
    """Return the mean PSNR over pictures."""
    values = [psnr_db(p.values, pixels) for p, pixels in zip(pictures, rendered, strict=True)]
    return round(statistics.mean(values), 2)


def bicubic(picture: Picture) -> Pixels:
    """Return the picture at twice its size."""
    size = (2 * picture.width, 2 * picture.height)
    return np.asarray(Image.fromarray(picture.values).resize(size, Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
