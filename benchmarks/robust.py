"""What training with noise, flips, the robust loss and SAM gains under faults, and what it costs without.

    python benchmarks/robust.py SIGNAL... [--model quadinr] [--steps 1500] [--seeds 1] [--size 64x64] [--few]

A signal is a file or a kind, of which the built-in one is taken. PSNR in dB of a network with two hidden
layers of 32: clean, with noise of 1, 2 and 5 % of a layer's span, and with bits flipped at 1e-4, 1e-3 and
1e-2. For each setting and signal the mean over seeds and 12 draws, below it the standard deviation over
seeds. docs/robust.md has the tables.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inrhw.networks.architecture import Architecture
from inrhw.networks.faults import flipped, rendered_with, rendered_with_noise, stored
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.registry import kinds, load_signal
from inrhw.signals.samples import Samples
from inrhw.signals.signal import Signal

#: Plain, and the settings that docs/robust.md advises.
FEW: tuple[dict[str, Any], ...] = (
    {},
    {"noise_training": 0.02, "learning_rate": 0.005},
    {"noise_training": 0.02, "noise_pairs": True},
)
SETTINGS: tuple[dict[str, Any], ...] = (
    *FEW,
    {"learning_rate": 0.005},
    {"noise_training": 0.04, "noise_pairs": True, "learning_rate": 0.005},
    {"flip_training": 1e-3, "learning_rate": 0.005},
    {"robust_loss": 0.03, "learning_rate": 0.005},
    {"sam": 0.01},
)
DRAWS = 12
COLUMNS = ("clean", "1 %", "2 %", "5 %", "1e-4", "1e-3", "1e-2", "s")


def measured(signal: Samples, model: str, training: Training) -> list[float]:
    """Return PSNR in the order of `COLUMNS`, and the CPU seconds of training."""
    architecture = Architecture(
        model, signal.sides, signal.channels, value=signal.value, hidden_features=32, hidden_layers=2
    )
    start = time.process_time()
    network = fit(signal, architecture, training).model
    took_s = time.process_time() - start
    numbers = stored(network)
    rng = np.random.default_rng(0)

    def mean(renders: Iterator[np.ndarray]) -> float:
        return float(np.mean([psnr_db(signal.values, values) for values in renders]))

    noise = [
        mean(rendered_with_noise(network, numbers, sigma, rng) for _ in range(DRAWS))
        for sigma in (0.01, 0.02, 0.05)
    ]
    flips = [
        mean(rendered_with(network, flipped(numbers, rate, rng)) for _ in range(DRAWS))
        for rate in (1e-4, 1e-3, 1e-2)
    ]
    return [psnr_db(signal.values, network.render()), *noise, *flips, took_s]


def loaded(what: str, size: str) -> Samples:
    """Return the built-in signal of a kind, or the signal in a file."""
    return kinds()[what].builtin(size) if what in kinds() else load_signal(Path(what), size, Signal(), print)


def main() -> None:
    """Print two lines a setting and signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("signals", nargs="+")
    parser.add_argument("--model", default="quadinr")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--size", default="", help="the kind's own without it")
    parser.add_argument("--few", action="store_true", help="plain and noise only")
    options = parser.parse_args()
    signals = [loaded(what, options.size) for what in options.signals]
    print(f"{options.model:72}", *(f"{column:>6}" for column in COLUMNS))
    for settings in FEW if options.few else SETTINGS:
        words = ", ".join(f"{name} {value:g}" for name, value in settings.items()) or "plain"
        for signal in signals:
            rows = [
                measured(signal, options.model, Training(steps=options.steps, seed=seed, **settings))
                for seed in range(options.seeds)
            ]
            print(f"{signal.name + ', ' + words:72}", *(f"{value:6.2f}" for value in np.mean(rows, axis=0)))
            spread = np.std(rows, axis=0, ddof=1) if len(rows) > 1 else np.zeros(len(COLUMNS))
            print(f"{'':72}", *(f"{value:6.2f}" for value in spread), flush=True)


if __name__ == "__main__":
    main()
