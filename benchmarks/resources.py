"""LUT, FF and clock of networks at one pixel a clock: xcup by synthesis, ECP5 by place and route.

    python benchmarks/resources.py [--place] [--layers 16x1 32x2] [--weight-bits 8]

Networks are trained on the built-in picture, so that the weights are those of a real build. Prints a row a
network and board and writes each to benchmarks/results/resources.json, where it replaces the one before.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

from inrhw import Architecture, Precision, builtin_picture, load_board
from inrhw.base.files import write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.synth import Synth
from inrhw.networks.precision import FIRST_WEIGHT_BITS
from inrhw.synthesis.synthesis import load_synthesis

#: What tells one row from another.
_KEYS = ("model", "layers", "bits", "board")


def main() -> None:
    """Build every network, synthesize it for every board."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--layers", nargs="+", default=["16x1", "32x2"], help="hidden features x hidden layers"
    )
    parser.add_argument("--models", nargs="+", default=["quadinr", "siren"])
    parser.add_argument("--boards", nargs="+", default=["vcu128", "ulx3s"])
    parser.add_argument("--weight-bits", type=int, default=Precision.weight_bits)
    parser.add_argument("--first-weight-bits", type=int, default=FIRST_WEIGHT_BITS)
    parser.add_argument("--last-weight-bits", type=int, default=Precision.last_weight_bits)
    parser.add_argument("--phase-bits", type=int, default=9)
    parser.add_argument("--place", action="store_true", help="place and route for ECP5: minutes")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_resources"))
    options = parser.parse_args()
    results = Path(__file__).parent / "results" / "resources.json"
    for model, layers, board in itertools.product(options.models, options.layers, options.boards):
        found = run(model, layers, board, options)
        rows = json.loads(results.read_text())
        kept = [row for row in rows if any(row[name] != found[name] for name in _KEYS)]
        write_json(results, [*kept, found])


def run(model: str, layers: str, board_name: str, options: argparse.Namespace) -> dict[str, object]:
    """Return one row."""
    features, hidden = map(int, layers.split("x"))
    picture = builtin_picture((64, 64))
    precision = Precision(
        weight_bits=options.weight_bits,
        first_weight_bits=options.first_weight_bits,
        last_weight_bits=options.last_weight_bits,
        phase_bits=options.phase_bits,
    )
    architecture = Architecture(model, (64, 64), 3, features, hidden, precision=precision)
    outer = f"{options.first_weight_bits}_{options.last_weight_bits}"
    bits = f"w{options.weight_bits}_o{outer}_p{options.phase_bits}"
    build = BuildFolder(options.work / f"{model}_{layers}_{bits}_{board_name}")
    build.run(Fit([picture], [architecture]))
    build.run(Emit(board=board_name))
    board = load_board(board_name)
    start = time.perf_counter()
    build.run(Synth(board.name, options.place and bool(board.nextpnr)))
    seconds = time.perf_counter() - start
    found = load_synthesis(build.folder)
    row: dict[str, object] = {
        "model": model,
        "layers": layers,
        "bits": bits,
        "board": board_name,
        **{name: found.resources[name].value for name in ("lut", "ff", "carry", "dsp", "bram")},
        "fmax_mhz": found.timing.fmax_mhz.value,
        "placed": found.placed is not None,
        "synth_s": round(seconds, 1),
    }
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    main()
