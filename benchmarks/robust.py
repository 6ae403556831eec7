"""What training with noise, flips, the robust loss and SAM gains under faults, and what it costs without.

    python benchmarks/robust.py SIGNAL... [--models siren quadinr] [--steps 1500] [--seeds 3] [--size 64x64]
        [--tile 128] [--hidden-features 32] [--few]

A signal is a file or a kind, of which the built-in one is taken. PSNR in dB of a network with two hidden
layers: clean, with noise of 1, 2 and 5 % of a layer's span, and with bits flipped at 1e-4, 1e-3 and
1e-2. Rows that benchmarks/results/robust.json has already are not measured again. Prints for each model and
signal a table with the mean over seeds, each of 12 draws, and the standard deviation over seeds.
docs/robust.md has the tables.
"""

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inrhw.base.files import write_json
from inrhw.networks.architecture import Architecture
from inrhw.networks.faults import flipped, stored, with_noise, with_stored
from inrhw.networks.inr import INR
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.registry import kinds, load_signal
from inrhw.signals.samples import Samples
from inrhw.signals.signal import Signal

#: Without noise, by default, and the settings that docs/robust.md advises.
FEW: tuple[dict[str, Any], ...] = (
    {"noise_training": 0.0},
    {},
    {"noise_training": 0.02, "learning_rate": 0.005},
    {"noise_training": 0.02, "noise_pairs": True},
)
SETTINGS: tuple[dict[str, Any], ...] = (
    *FEW,
    {"noise_training": 0.0, "learning_rate": 0.005},
    {"noise_training": 0.04, "noise_pairs": True, "learning_rate": 0.005},
    {"flip_training": 1e-3, "learning_rate": 0.005},
    {"robust_loss": 0.03, "learning_rate": 0.005},
    {"sam": 0.01},
)
DRAWS = 12
COLUMNS = ("clean", "1 %", "2 %", "5 %", "1e-4", "1e-3", "1e-2")
RESULTS = Path(__file__).parent / "results" / "robust.json"


@dataclass(frozen=True)
class Row:
    """One training of one signal."""

    signal: str
    size: str
    tile: str
    hidden_features: int
    model: str
    steps: int
    setting: str
    seed: int
    db: dict[str, float]
    cpu_s: float

    @property
    def asked(self) -> tuple[object, ...]:
        """What the rows of a table have in common."""
        return self.signal, self.size, self.tile, self.hidden_features, self.model, self.steps


def under_faults(signal: Samples, network: INR) -> dict[str, float]:
    """Return PSNR by `COLUMNS`."""
    numbers = stored(network)
    rng = np.random.default_rng(0)

    def mean(faulty: Iterator[INR]) -> float:
        return float(np.mean([psnr_db(signal.values, each.render()) for each in faulty]))

    noise = [
        mean(with_noise(network, numbers, sigma, rng) for _ in range(DRAWS)) for sigma in (0.01, 0.02, 0.05)
    ]
    flips = [
        mean(with_stored(network, flipped(numbers, rate, rng)) for _ in range(DRAWS))
        for rate in (1e-4, 1e-3, 1e-2)
    ]
    values = psnr_db(signal.values, network.render()), *noise, *flips
    return {name: round(value, 2) for name, value in zip(COLUMNS, values, strict=True)}


def architecture_of(signal: Samples, tile: str, hidden_features: int, model: str) -> Architecture:
    """Return one network, or one for each tile."""
    shape = (model, signal.sides, signal.channels, hidden_features, 2)
    if not tile:
        return Architecture(*shape, value=signal.value)
    return TiledArchitecture(*shape, value=signal.value, tile=tuple(map(int, tile.split("x"))))


def words(settings: dict[str, Any]) -> str:
    """Return what a setting is called."""
    return ", ".join(f"{name} {value:g}" for name, value in settings.items()) or "default"


def loaded(what: str, size: str) -> Samples:
    """Return the built-in signal of a kind, or the signal in a file."""
    return kinds()[what].builtin(size) if what in kinds() else load_signal(Path(what), size, Signal(), print)


def main() -> None:
    """Measure what is missing and print a table for each model and signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("signals", nargs="+")
    parser.add_argument("--models", nargs="+", default=["siren", "quadinr"])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", default="", help="the kind's own without it")
    parser.add_argument("--tile", default="", help="size; one network without it")
    parser.add_argument("--hidden-features", type=int, default=32)
    parser.add_argument("--few", action="store_true", help="plain and noise only")
    options = parser.parse_args()
    rows = [Row(**each) for each in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    settings = FEW if options.few else SETTINGS
    for what, model in itertools.product(options.signals, options.models):
        signal = loaded(what, options.size)
        size = "x".join(str(side) for side in signal.sides)
        asked = signal.name, size, options.tile, options.hidden_features, model, options.steps
        done = {(row.setting, row.seed) for row in rows if row.asked == asked}
        for seed, setting in itertools.product(range(options.seeds), settings):
            if (words(setting), seed) in done:
                continue
            architecture = architecture_of(signal, options.tile, options.hidden_features, model)
            training = Training(steps=options.steps, seed=seed, **setting)
            start = time.process_time()
            network = fit(signal, architecture, training).model
            cpu_s = round(time.process_time() - start, 1)
            rows.append(Row(*asked, words(setting), seed, under_faults(signal, network), cpu_s))
            write_json(RESULTS, [vars(row) for row in rows])
        print_table([row for row in rows if row.asked == asked])


def print_table(rows: list[Row]) -> None:
    """Print mean and spread over seeds of each setting."""
    print(f"\n| {rows[0].signal} {rows[0].size}, {rows[0].model} | {' | '.join(COLUMNS)} | CPU seconds |")
    print(f"|---|{'---|' * len(COLUMNS)}---|")
    for setting in map(words, SETTINGS):
        own = [row for row in rows if row.setting == setting]
        if own:
            cells = (spread_text([row.db[column] for row in own]) for column in COLUMNS)
            seconds = statistics.mean(row.cpu_s for row in own)
            print(f"| {setting} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


def spread_text(values: list[float]) -> str:
    """Return mean and, of several values, standard deviation."""
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"


if __name__ == "__main__":
    main()
