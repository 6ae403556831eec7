"""What the registers of --control cost: small cores synthesized without and with them.

    python benchmarks/control_cost.py

2-4-4-4-3 quadinr with weights before training, for VCU128, at two sizes, whose counters differ. Prints a row
a pair of cores and writes benchmarks/results/control_cost.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from inrhw import Architecture, Precision, emit, load_board, lower, synth
from inrhw.base.files import write_json
from inrhw.lowering.folding import fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan
from inrhw.networks.inr import INR

BOARD = load_board("vcu128")
WISHES = {
    "baked": Hardware(),
    "rom": Hardware(weights="rom", initiation_interval=16),
    "loadable": Hardware(weights="loadable", initiation_interval=16),
}


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_control_cost"))
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for weights in WISHES:
        for side in (8, 256):
            row: dict[str, Any] = {"weights": weights, "size": [side, side]}
            for kind, control in (("without", False), ("with", True)):
                row[kind] = measured(weights, side, control, options.work / f"{weights}{side}{kind}")
            print(json.dumps(row), flush=True)
            rows.append(row)
            write_json(Path(__file__).parent / "results" / "control_cost.json", rows)


def measured(weights: str, side: int, control: bool, folder: Path) -> dict[str, float | None]:
    """Return what one core takes."""
    precision = Precision() if weights == "baked" else Precision(8, 8, 8, max_row_shift=0)
    architecture = Architecture("quadinr", (side, side), 3, 4, 2, precision=precision)
    graph = lower(INR(architecture).quantized())
    if folding := plan(architecture, WISHES[weights], BOARD):
        graph = fold(graph, folding, precision)
    artifact = emit(graph, architecture.grid, folder, "core", control=control)
    found = synth(artifact.verilog, "core", BOARD, folder)
    return {
        "lut": found.resources["lut"].value,
        "ff": found.resources["ff"].value,
        "fmax_mhz": found.timing.fmax_mhz.value,
    }


if __name__ == "__main__":
    main()
