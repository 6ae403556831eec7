"""What one core of K pictures costs against K cores: 2-32-32-32-3 at II = 64, one of its layers shared.

    python benchmarks/banks.py [--pictures 1 2 4 16 100] [--sources raster]

Weights are those before training, at 8 bits: their number decides, not their values. The first layer, the
projection and the last layer are private. Every core is simulated, with a random picture for each pixel or,
on a raster scan, with every picture for a few frames, and synthesized. Prints a row a core and writes
benchmarks/results/banks.json; `of_separate` is the share of what so many cores of one picture take.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from inrhw import Architecture, Precision, emit, load_board, lower, synth
from inrhw.artifact.manifest import Manifest
from inrhw.base.files import write_json
from inrhw.lowering.folding import fold_banks
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan
from inrhw.networks.inr import INR
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph
from inrhw.verification.bench import run_bench, tests_of

BOARD = load_board("vcu128")
EIGHT_BITS = Precision(8, 8, 8, max_row_shift=0)
ARCHITECTURE = Architecture("quadinr", (8, 8), 3, 32, 2, precision=EIGHT_BITS)
SHARED = 2
RESOURCES = ("lut", "ff", "dsp", "bram", "uram")


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", nargs="+", type=int, default=[1, 2, 4, 16, 100])
    parser.add_argument("--sources", nargs="+", default=["raster"])
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_banks"))
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for source in options.sources:
        alone: dict[str, Any] = {}
        for pictures in options.pictures:
            row = run(pictures, source, options.work / f"{source}{pictures}")
            alone = alone or row
            row["of_separate"] = {
                name: round(row[name] / (alone[name] * pictures / alone["pictures"]), 3)
                for name in RESOURCES
                if alone[name]
            }
            print(json.dumps(row), flush=True)
            rows.append(row)
            write_json(Path(__file__).parent / "results" / "banks.json", rows)


def graphs(pictures: int) -> list[Graph]:
    """Return the graphs of random networks with one layer in common."""
    first, *others = (INR(ARCHITECTURE, seed) for seed in range(pictures))
    for other in others:
        other.layers[SHARED].load_state_dict(first.layers[SHARED].state_dict())
    return [lower(model.quantized().eval()) for model in (first, *others)]


def run(pictures: int, source: str, folder: Path) -> dict[str, Any]:
    """Return one row."""
    folding = plan(ARCHITECTURE, Hardware(weights="rom", initiation_interval=64), BOARD)
    assert folding is not None
    graph = fold_banks(graphs(pictures), folding, EIGHT_BITS)
    artifact = emit(graph, ARCHITECTURE.grid, folder, "core", source=source)
    tests = tests_of(Manifest.load(folder))
    results = run_bench(
        "verilator", [artifact.verilog], folder, folder / "build", tests=tests, deadline_s=3600
    )
    failed = [result.message for result in results if not result.passed]
    assert not failed, failed
    start = time.perf_counter()
    found = synth(artifact.verilog, "core", BOARD, folder)
    layers = {name: node for name, node in graph.nodes.items() if isinstance(node, FoldedDense)}
    return {
        "pictures": pictures,
        "source": source,
        "features": ARCHITECTURE.features,
        "folds": [[fold.pe, fold.simd] for fold in folding.layers],
        "initiation_interval": graph.initiation_interval,
        "latency": artifact.core.latency,
        "weights": {name: [layer.sets, layer.memory_kind] for name, layer in layers.items()},
        "beats_checked": sum(int(result.measurements["beats"]) for result in results),
        **{name: found.resources[name].value for name in RESOURCES},
        "fmax_mhz": found.timing.fmax_mhz.value,
        "synth_s": round(time.perf_counter() - start, 1),
    }


if __name__ == "__main__":
    main()
