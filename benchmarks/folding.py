"""What folded networks cost and how fast their tools are: widths 32 to 256, and the peers' multiplier counts.

    python benchmarks/folding.py [--widths 32 64 128 256] [--dsps 3 24 288] [--weights rom] [--pixels 1000]

Networks are 2-W-W-W-W-3 at II = 64, and 2-32-32-32-3 within a number of DSP blocks, all at 8 bits and with
the weights before training: their number decides, not their values. Prints a row a design and writes
benchmarks/results/folding.json.
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

from amaranth.back import rtlil

from inrhw import Architecture, Precision, emit, load_board, lower, synth
from inrhw.base.files import write_json
from inrhw.core.core import Core
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan
from inrhw.networks.inr import INR
from inrhw.verification.bench import run_bench

BOARD = load_board("vcu128")
EIGHT_BITS = Precision(8, 8, 8, max_row_shift=0)

#: Cycles and cost of nngen 1.3.4 on 2-32-32-32-3 with so many DSP blocks, measured for this project.
NNGEN = {
    3: {"cycles": 2276, "lut": 5122, "ff": 5774},
    24: {"cycles": 260, "lut": 13906, "ff": 24330},
    288: {"cycles": 192, "lut": 32404, "ff": 100968},
}


#: What the open SIREN core z7020 says of one of its 18 cores: 3-32-32-3 at 32 bits, 180 DSP blocks in all.
Z7020 = {"z7020": {"cycles": 1960, "dsp": 10}}


def main() -> None:
    """Measure every design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", nargs="*", type=int, default=[32, 64, 128, 256])
    parser.add_argument("--dsps", nargs="*", type=int, default=[3, 24, 288])
    parser.add_argument("--weights", nargs="+", default=["rom"])
    parser.add_argument("--packed", action="store_true", help="two products in a DSP block")
    parser.add_argument("--pixels", type=int, default=1000, help="checked in each of the three tests")
    parser.add_argument("--z7020", action="store_true", help="2-32-32-3 with 10 DSP blocks too")
    parser.add_argument("--no-synth", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_folding"))
    options = parser.parse_args()
    rows = []
    for weights in options.weights:
        for width in options.widths:
            wish = Hardware(weights=weights, initiation_interval=64, packed=options.packed)
            rows.append(run(f"width{width}_{weights}", width, 3, wish, options))
        for dsps in options.dsps:
            row = run(f"dsp{dsps}_{weights}", 32, 2, Hardware(weights=weights, max_dsp=dsps), options)
            rows.append(row | {"nngen": NNGEN.get(dsps)})
        if options.z7020:
            rows.append(
                run(f"z7020_{weights}", 32, 1, Hardware(weights=weights, max_dsp=10), options) | Z7020
            )
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    write_json(results / "folding.json", rows)


def run(name: str, width: int, hidden: int, wish: Hardware, options: argparse.Namespace) -> dict[str, Any]:
    """Return one row."""
    architecture = Architecture("quadinr", (64, 64), 3, width, hidden, precision=EIGHT_BITS)
    model = INR(architecture).quantized().eval()
    folding = plan(architecture, wish, BOARD)
    assert folding is not None
    folder = options.work / name
    graph = fold(lower(model), folding, EIGHT_BITS)
    core = Core(graph, architecture.grid)
    elaborate_s = timed(lambda: rtlil.convert(core.component(), name="core", emit_src=False))
    start = time.perf_counter()
    artifact = emit(graph, architecture.grid, folder, "core")
    emit_s = time.perf_counter() - start
    row = {
        "design": name,
        "features": architecture.features,
        "folds": [[fold.pe, fold.simd] for fold in folding.layers],
        "initiation_interval": core.initiation_interval,
        "latency": core.latency,
        "macs": sum(a * b for a, b in zip(architecture.features, architecture.features[1:], strict=False)),
        "multipliers": multipliers(folding),
        "verilog_mb": round(artifact.verilog.stat().st_size / 1e6, 2),
        "elaborate_s": round(elaborate_s, 2),
        "emit_s": round(emit_s, 2),
        **simulate(artifact.verilog, folder, options.pixels),
    }
    if not options.no_synth:
        row |= synthesize(artifact.verilog, folder)
    print(json.dumps(row), flush=True)
    return row


def multipliers(folding: Folding) -> int:
    """Return the multipliers of all layers but the first, which has accumulators."""
    return sum(fold.pe * fold.simd for fold in folding.layers[1:])


def timed(run: Any) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def simulate(verilog: Path, folder: Path, pixels: int) -> dict[str, Any]:
    """Return what the bench says: every beat is compared with the golden vectors."""
    start = time.perf_counter()
    tests = ("whole_frame", "random_gaps", "reset_mid_frame")
    run_bench("verilator", [verilog], folder, folder / "build", tests=tests, beats=1, deadline_s=3600)
    compiled = time.perf_counter()
    results = run_bench(
        "verilator", [verilog], folder, folder / "build", tests=tests, beats=pixels, deadline_s=3600
    )
    seconds = time.perf_counter() - compiled
    failed = [result.message for result in results if not result.passed]
    assert not failed, failed
    cycles = sum(int(result.measurements["cycles"]) for result in results)
    return {
        "pixels": sum(int(result.measurements["beats"]) for result in results),
        "compile_s": round(compiled - start, 1),
        "cycles_per_s": round(cycles / seconds),
    }


def synthesize(verilog: Path, folder: Path) -> dict[str, Any]:
    """Return counts, clock estimate, time and memory of synthesis."""
    start, before = time.perf_counter(), largest_process_gb()
    found = synth(verilog, "core", BOARD, folder)
    largest = largest_process_gb()
    return {
        **{name: found.resources[name].value for name in ("lut", "ff", "dsp", "bram", "uram")},
        "fmax_mhz": found.timing.fmax_mhz.value,
        "synth_s": round(time.perf_counter() - start, 1),
        # Only the largest so far is known: null when a design before this one took more.
        "largest_process_gb": largest if largest > before else None,
    }


def largest_process_gb() -> float:
    """Return the memory of the largest program that was run so far."""
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2)


if __name__ == "__main__":
    main()
