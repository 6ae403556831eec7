"""How well the cost model predicts what Yosys finds, over folded networks of many shapes.

    python benchmarks/folding_cost.py [--only 32x2_rom_ii64 ...]

Weights are those before training: their number decides, not their values. Prints a row a design and writes
benchmarks/results/folding_cost.json. The costs of nodes were fitted to these designs; benchmarks/core_cost.py
has those that are held out.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw import Architecture, Precision, emit, load_board, lower, synth
from inrhw.base.files import write_json
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import network_cost
from inrhw.lowering.folding import fold
from inrhw.lowering.hardware import Hardware, Source
from inrhw.lowering.planning import plan
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.inr import INR

RESOURCES = ("lut", "ff", "dsp", "bram", "uram")


@dataclass(frozen=True)
class Design:
    """A network and what it has to reach."""

    features: int
    hidden: int
    interval: int
    weights: Any = "rom"
    model: str = "siren"
    weight_bits: int = 8
    source: Source = "raster"
    packed: bool = False

    @property
    def name(self) -> str:
        """What the results call it."""
        packed = "_packed" if self.packed else ""
        return (
            f"{self.model}_{self.features}x{self.hidden}_w{self.weight_bits}_ii{self.interval}"
            f"_{self.weights}_{self.source}{packed}"
        )


DESIGNS = (
    Design(16, 1, 16),
    Design(16, 1, 16, "loadable"),
    Design(32, 2, 64),
    Design(32, 2, 64, "loadable"),
    Design(32, 2, 256, "loadable", "quadinr"),
    Design(64, 1, 128, "rom", "quadinr", 9),
    Design(64, 1, 512, "loadable"),
    Design(32, 1, 32, packed=True),
    Design(24, 2, 36, "rom", "quadinr"),
    Design(24, 2, 36, "loadable", "siren", 9),
    Design(40, 1, 100, "loadable", source="stream"),
    Design(48, 2, 300, "rom", "siren", 10, "stream"),
    Design(63, 1, 64, "loadable", "quadinr"),
    Design(20, 3, 1024, "loadable"),
    Design(64, 2, 64, packed=True),
    Design(96, 1, 96, "loadable", packed=True),
    Design(128, 1, 256, "loadable"),
    Design(56, 2, 147, "rom", "quadinr", 7),
    Design(28, 1, 28, "loadable", "quadinr"),
    Design(100, 2, 500, "rom"),
    Design(45, 2, 90, "loadable", packed=True),
)


def main() -> None:
    """Predict, synthesize, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="names of designs")
    options = parser.parse_args()
    rows = [run(design) for design in DESIGNS if not options.only or design.name in options.only]
    if not options.only:
        results = Path(__file__).parent / "results"
        results.mkdir(exist_ok=True)
        write_json(results / "folding_cost.json", rows)
    for name in RESOURCES:
        errors = [abs(row["error"][name]) for row in rows if row["error"][name] is not None]
        if errors:
            print(f"{name}: largest error {100 * max(errors):.0f} %")


def run(design: Design) -> dict[str, Any]:
    """Return prediction, measurement and the error of the prediction, as a part of the measurement."""
    precision = Precision(design.weight_bits, design.weight_bits, design.weight_bits)
    architecture = Architecture(
        design.model, (64, 64), 3, design.features, design.hidden, precision=precision
    )
    board = load_board("vcu128")
    hardware = Hardware(
        design.source, weights=design.weights, initiation_interval=design.interval, packed=design.packed
    )
    folding = plan(architecture, hardware, board)
    assert folding is not None
    predicted = sum(network_cost(layer_shapes(architecture), folding, design.source).values(), Cost())
    graph = fold(lower(INR(architecture).quantized()), folding, precision)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        artifact = emit(graph, architecture.grid, folder, "core", source=design.source)
        found = synth(artifact.verilog, "core", board, folder)
    measured = {name: found.resources[name].value or 0 for name in RESOURCES}
    row = {
        "design": design.name,
        "folds": [[fold.pe, fold.simd] for fold in folding.layers],
        "predicted": {name: round(value, 1) for name, value in asdict(predicted).items()},
        "measured": measured,
        "error": {
            name: round(getattr(predicted, name) / measured[name] - 1, 3) if measured[name] else None
            for name in RESOURCES
        },
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    main()
