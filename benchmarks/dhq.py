"""PSNR of uniform, per-row and Hadamard quantization from 8 to 3 bits, after training (PTQ) and in it (QAT).

    python benchmarks/dhq.py PICTURE... [--models siren quadinr finer] [--qat-models siren] [--minutes 25]

What varies: "all" gives weights of every layer but the first, and outputs of every activation, so many bits;
"weights" only the weights, with 8 bits for the outputs; "activations" only the outputs, with 9 bits for
hidden and 14 for the last weights. The first layer, which takes coordinates and never rotates, has weights of
14 bits, and arguments of the activations have 9, always. Where inputs rotate, outputs have two bits more in
front of the rotation (`inrhw.networks.hadamard.finer`), which is in favor of DHQ.

PTQ quantizes a network after all its steps in floating point; QAT is the second branch of `inrhw.fit`: two
fifths of the steps in floating point, the rest quantized. A run is a file in --work: what is done is not done
again, and QAT, the most telling first, starts no further run after --minutes. Writes
benchmarks/results/dhq.json: means over pictures and seeds, how runs of other seeds differ ("seed_spread", the
mean over pictures of the standard deviation; null for one seed), the gain over uniform with a step a row, run
by run, and kurtosis and peak of each layer.
"""

import argparse
import dataclasses
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from inrhw import Architecture, Precision, Training, load_picture
from inrhw.base.files import read_json, write_json
from inrhw.networks.inr import INR
from inrhw.networks.precision import FIRST_WEIGHT_BITS
from inrhw.networks.tensors import save_tensors
from inrhw.networks.training.batches import batch_loss
from inrhw.networks.training.checkpoint import State
from inrhw.networks.training.descent import descend, own_thread, with_defaults
from inrhw.networks.training.distribution import distributions
from inrhw.signals.kinds.picture import Picture, parse_size
from inrhw.signals.likeness import psnr_db

Row = dict[str, Any]

BITS = (8, 6, 5, 4, 3)


@dataclass(frozen=True)
class Scheme:
    """How to quantize: what `Precision` calls quantizer, rotate, rotate_layers, max_row_shift."""

    quantizer: Any
    rotate: Any = "both"
    rotate_layers: Any = "all"
    max_row_shift: int = 4

    @property
    def name(self) -> str:
        """Return what tables call it."""
        if self.quantizer == "uniform":
            return "per-row" if self.max_row_shift else "uniform"
        rows = "" if self.max_row_shift else ", one scale"
        if self.quantizer == "auto":
            return "auto" + rows
        layers = "" if self.rotate_layers == "all" else f" {self.rotate_layers}"
        return f"dhq {self.rotate}{layers}{rows}"

    def quantized(self, model: INR, bits: int, varied: str) -> INR:
        """Return a quantized copy; see this file's docstring for what is varied."""
        base = Precision()
        weights = varied != "activations"
        precision = Precision(
            weight_bits=bits if weights else base.weight_bits,
            first_weight_bits=bits if weights else base.first_weight_bits,
            last_weight_bits=bits if weights else base.last_weight_bits,
            activation_bits=bits if varied != "weights" else base.activation_bits,
            max_row_shift=self.max_row_shift,
            quantizer=self.quantizer,
            rotate=self.rotate,
            rotate_layers=self.rotate_layers,
        )
        own = INR(dataclasses.replace(model.architecture, precision=precision))
        own.load_state_dict(model.state_dict(), strict=False)  # rotations are not yet decided
        quantized = own.quantized()
        first = next(quantized.dense_layers())
        first.quantize(FIRST_WEIGHT_BITS, first.input_format, self.max_row_shift)
        return quantized


PER_ROW = Scheme("uniform")
_ROWS = (0, 4)
_ROTATED = tuple(
    Scheme("dhq", side, max_row_shift=n) for side in ("both", "weights", "activations") for n in _ROWS
)
_SOMEWHERE = tuple(Scheme("dhq", side, where) for side in ("both", "weights") for where in ("hidden", "last"))

#: What is tried, by what is varied.
SCHEMES = {
    "all": (
        *(Scheme("uniform", max_row_shift=n) for n in _ROWS),
        *_ROTATED,
        *(Scheme("auto", max_row_shift=n) for n in _ROWS),
        *_SOMEWHERE,
    ),
    "weights": (
        *(Scheme("uniform", max_row_shift=n) for n in _ROWS),
        *(Scheme("dhq", "weights", max_row_shift=n) for n in _ROWS),
    ),
    "activations": (
        PER_ROW,
        *(Scheme("dhq", "activations", where) for where in ("all", "hidden", "last")),
        Scheme("dhq"),
    ),
}
_MOST_TELLING = (PER_ROW, Scheme("dhq"), Scheme("dhq", "weights"))
_MORE = (Scheme("uniform", max_row_shift=0), Scheme("auto"), Scheme("dhq", "weights", "hidden"))

#: Schemes, seed and bits of QAT, the most telling first: time ends the list.
QAT = (
    *(((*_MOST_TELLING, *_MORE), 0, bits) for bits in (4, 6, 3, 8, 5)),
    *((_MOST_TELLING, seed, bits) for bits in (4, 6, 3, 8, 5) for seed in (1, 2)),
    ((Scheme("dhq", max_row_shift=0),), 0, 4),
)


@dataclass(frozen=True)
class Task:
    """A network and a picture to train it on."""

    model: str
    picture: Picture
    seed: int
    training: Training
    work: Path

    @property
    def key(self) -> str:
        """Return what its files are called."""
        size = f"{self.picture.width}x{self.picture.height}"
        return f"{self.model}_{self.picture.name}_{size}_{self.training.steps}_{self.seed}"

    @property
    def architecture(self) -> Architecture:
        """Return 2-32-32-32-3."""
        p = self.picture
        return Architecture(self.model, (p.width, p.height), p.channels, 32, 2)

    def descend(self, model: INR, state: State[INR]) -> None:
        """Train on the picture."""
        loss = batch_loss([self.picture], [model], self.training)
        training = with_defaults(self.training, self.architecture)
        for _ in descend(model, lambda net, step: loss([net], step), state, training):
            pass

    def trained(self) -> INR:
        """Return the network in floating point."""
        state = State(INR(self.architecture, self.seed), INR(self.architecture))
        file = self.work / f"{self.key}.safetensors"
        if file.exists():
            state.float_model.load_state_dict(load_file(file))
        else:
            self.descend(state.float_model, state)
            save_tensors(file, state.float_model.state_dict(), {})
        return state.float_model

    def row(self, quantized: INR, scheme: Scheme, bits: int, varied: str) -> Row:
        """Return one result."""
        return {
            "model": self.model,
            "picture": self.picture.name,
            "seed": self.seed,
            "scheme": scheme.name,
            "bits": bits,
            "varied": varied,
            "psnr_db": psnr_db(self.picture.values, quantized.render()),
            "rotations": [name.split()[0] for name in quantized.rotations()],
        }

    def ptq(self) -> list[Row]:
        """Return every scheme at every width, and the network in floating point."""
        file = self.work / f"{self.key}_ptq.json"
        if not file.exists():
            model = self.trained()
            rows = [
                self.row(scheme.quantized(model, bits, varied), scheme, bits, varied)
                for varied, schemes in SCHEMES.items()
                for scheme, bits in itertools.product(schemes, BITS)
            ]
            for row in rows:
                row["float_db"] = psnr_db(self.picture.values, model.render())
            write_json(file, {"rows": rows})
        return [row | {"when": "ptq"} for row in read_json(file, "benchmarks/dhq.py")["rows"]]

    def kurtosis(self) -> list[Row]:
        """Return kurtosis and peak of each layer but the first, in floating point."""
        model = self.trained()
        return [
            {
                f"{rotated}{what}_{number}": getattr(getattr(layer, f"{rotated}{what}"), number)
                for what, rotated, number in itertools.product(
                    ("weights", "inputs"), ("", "rotated_"), ("kurtosis", "peak")
                )
            }
            for layer in distributions(model)
        ]

    def qat_file(self, scheme: Scheme, bits: int) -> Path:
        """Return where the result of `qat` is kept."""
        return self.work / f"{self.key}_qat_{scheme.name.replace(' ', '_')}_{bits}.json"

    def qat(self, scheme: Scheme, bits: int) -> Row:
        """Return the network trained with quantization in the loop."""
        file = self.qat_file(scheme, bits)
        if not file.exists():
            trained = self.trained()
            state = State(trained, scheme.quantized(trained, bits, "all"), quantizing=True)
            if scheme.quantizer == "auto" and set(state.model.rotations()) == {"none"}:
                row = self.qat(PER_ROW, bits) | {"scheme": scheme.name}
            else:
                self.descend(state.model, state)
                row = self.row(state.model, scheme, bits, "all")
            write_json(file, row)
        return dict(read_json(file, "benchmarks/dhq.py")) | {"when": "qat"}


def main() -> None:
    """Train, quantize and summarize."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--models", nargs="*", default=["siren", "quadinr", "finer"])
    parser.add_argument("--one-seed-models", nargs="*", default=["relu_pe", "gauss", "sinc", "wire"])
    parser.add_argument("--qat-models", nargs="*", default=["siren", "quadinr", "finer"])
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=25, help="QAT runs start only within so many")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_dhq"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * options.minutes
    with own_thread():
        seeds = dict.fromkeys(options.models, options.seeds)
        seeds |= dict.fromkeys(options.one_seed_models, options.seeds[:1])
        by_model = {model: list(tasks(options, [model], chosen)) for model, chosen in seeds.items()}
        rows = [row for found in by_model.values() for task in found for row in logged(task)]
        numbers = {model: kurtosis_of(found) for model, found in by_model.items()}
        summarize(rows, numbers, options)
        for schemes, seed, bits in QAT:
            found = tasks(options, options.qat_models, [seed] if seed in options.seeds else [])
            for task, scheme in itertools.product(found, schemes):
                if task.qat_file(scheme, bits).exists() or time.monotonic() < end:
                    rows.append(task.qat(scheme, bits))
            summarize(rows, numbers, options)


def tasks(options: argparse.Namespace, models: list[str], seeds: list[int]) -> Iterator[Task]:
    """Yield a task for each model, picture and seed."""
    training = Training(options.steps)
    for seed, model, path in itertools.product(seeds, models, options.pictures):
        picture = load_picture(path, parse_size(options.size))
        yield Task(model, picture, seed, training, options.work)


def logged(task: Task) -> list[Row]:
    """Return the rows of PTQ, and say so."""
    start = time.monotonic()
    rows = task.ptq()
    print(f"{task.key} {time.monotonic() - start:.1f} s", flush=True)
    return rows


def kurtosis_of(found: list[Task]) -> list[Row]:
    """Return the mean over pictures and seeds for each layer but the first."""
    layers = zip(*(task.kurtosis() for task in found), strict=True)
    return [
        {name: round(statistics.mean(row[name] for row in rows), 2) for name in rows[0]} for rows in layers
    ]


def summarize(rows: list[Row], told: dict[str, list[Row]], options: argparse.Namespace) -> None:
    """Write the results so far."""
    floats = {(r["model"], r["picture"], r["seed"]): r["float_db"] for r in rows if "float_db" in r}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    found = {
        "network": "2-32-32-32-3",
        "size": options.size,
        "steps": options.steps,
        "pictures": [path.stem for path in options.pictures],
        "float_db": {
            model: round(statistics.mean(db for (name, _, _), db in floats.items() if name == model), 2)
            for model in dict.fromkeys(name for name, _, _ in floats)
        },
        "distributions": told,
        "summary": summary(rows),
    }
    write_json(results / "dhq.json", found)


def summary(rows: list[Row]) -> list[Row]:
    """Return a row for each way to quantize: PSNR, its spread over seeds, gain over a step a row."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    per_row = {}
    for row in rows:
        way = (row["when"], row["model"], row["varied"], row["bits"])
        groups[*way, row["scheme"]].append(row)
        if row["scheme"] == PER_ROW.name:
            per_row[*way, row["picture"], row["seed"]] = row["psnr_db"]
    found = []
    for (*name, scheme), chosen in groups.items():
        gains = [row["psnr_db"] - per_row[*name, row["picture"], row["seed"]] for row in chosen]
        of_picture = defaultdict(list)
        for row in chosen:
            of_picture[row["picture"]].append(row["psnr_db"])
        result = dict(zip(("when", "model", "varied", "bits"), name, strict=True)) | {
            "scheme": scheme,
            "runs": len(chosen),
            "psnr_db": round(statistics.mean(row["psnr_db"] for row in chosen), 2),
            "seed_spread": round(statistics.mean(map(statistics.pstdev, of_picture.values())), 2)
            if len(chosen) > len(of_picture)
            else None,
            "gain_db": round(statistics.mean(gains), 2),
            "gain_least": round(min(gains), 2),
            "gain_most": round(max(gains), 2),
            "wins": sum(gain > 0 for gain in gains),
        }
        if scheme.startswith("auto"):
            chances = zip(*(row["rotations"] for row in chosen), strict=True)
            result["rotated"] = [sum(what != "none" for what in layer) for layer in chances]
        found.append(result)
    return found


if __name__ == "__main__":
    main()
