"""What protects weight memories, what that costs and what it saves: cores with each `--weight-ecc`.

    python benchmarks/protection.py kodim03.png

Small: quadinr 2-20-20-20-3, 64 clocks a pixel, the built-in picture at 32x32, 300 steps. Middle:
2-64-64-64-3, 256 clocks, the picture given at 64x64, 600 steps. Loadable weights, raster, VCU128, with
the folds that the planner chooses for none. Prints a row a core and writes
benchmarks/results/protection.json: resources and estimated clock, without and with --control, what the
planner says, bits stored, clocks between frames, and the mean and the least PSNR in dB with bits
flipped at each rate. Of scrub that is the frame after the walk; in the frame in which they flip it is
what none shows.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from inrhw import (
    Architecture,
    Fitted,
    Hardware,
    Picture,
    Training,
    builtin_picture,
    emit,
    fit,
    load_board,
    load_picture,
    lower,
    synth,
)
from inrhw.artifact.manifest import Manifest
from inrhw.base.files import write_json
from inrhw.core.core import Core, core_over
from inrhw.core.memory_faults import flips, rendered, stored_bits
from inrhw.lowering.cost import graph_cost
from inrhw.lowering.folding import fold
from inrhw.lowering.planning import plan
from inrhw.signals.likeness import psnr_db

BOARD = load_board("vcu128")
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_protection"))
    options = parser.parse_args()
    small, middle = builtin_picture((32, 32)), load_picture(options.picture, (64, 64))
    rows: list[dict[str, Any]] = []
    for name, picture, features, steps, interval, draws in (
        ("small", small, 20, 300, 64, 100),
        ("middle", middle, 64, 600, 256, 20),
    ):
        architecture = Architecture("quadinr", picture.sides, picture.channels, features, 2)
        fitted = fit(picture, architecture, Training(steps=steps))
        folding = plan(architecture, Hardware(weights="loadable", initiation_interval=interval), BOARD)
        assert folding is not None
        for weight_ecc in ("none", "ecc", "top3", "scrub"):
            chosen = replace(folding, weight_ecc=weight_ecc)
            graph = fold(lower(fitted.model), chosen, architecture.precision)
            core = core_over(graph, architecture.grid)
            work = options.work / f"{name}_{weight_ecc}"
            row: dict[str, Any] = {"core": name, "weight_ecc": weight_ecc, "bits": stored_bits(core)}
            row |= {"without_control": synthesized(core, work), "flips": survivals(fitted, core, draws)}
            row["with_control"] = synthesized(replace(core, control=True), work)
            print(json.dumps(row), flush=True)
            rows.append(row)
            write_json(Path(__file__).parent / "results" / "protection.json", rows)


def synthesized(core: Core, folder: Path) -> dict[str, Any]:
    """Return what a core takes, and what the planner says of it."""
    artifact = emit(core.graph, core.grid, folder, "core", control=core.control)
    found = synth(artifact.verilog, "core", BOARD, folder)
    parts = graph_cost(core.graph, core.grid, core.source, control=core.control).values()
    return {
        **{name: found.resources[name].value for name in ("lut", "ff", "dsp", "bram")},
        "fmax_mhz": found.timing.fmax_mhz.value,
        "scrub_clocks": Manifest.load(folder).scrub_clocks,
        "predicted": {name: round(sum(asdict(part)[name] for part in parts), 1) for name in ("lut", "bram")},
    }


def survivals(fitted: Fitted, core: Core, draws: int) -> dict[str, tuple[float, float]]:
    """Return mean and least PSNR by the rate of flips in all bits that are stored."""
    picture = fitted.picture
    assert isinstance(picture, Picture)
    found = {"0": (psnr_db(picture.values, fitted.model.render()),) * 2}
    for rate in RATES:
        rng = np.random.default_rng(1)
        strikes = (flips(rate, rng, scrubs=core.scrubs) for _ in range(draws))
        pixels = (rendered(core, strike)[0].astype(picture.values.dtype) for strike in strikes)
        dbs = [psnr_db(picture.values, values.reshape(picture.values.shape)) for values in pixels]
        found[f"{rate:g}"] = (float(np.mean(dbs)), min(dbs))
    return found


if __name__ == "__main__":
    main()
