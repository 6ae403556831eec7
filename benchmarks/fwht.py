"""LUT, FF and logic depth of the fast Walsh-Hadamard transform, at once and on lanes.

    python benchmarks/fwht.py [--sizes 8 16] [--bits 8] [--board vcu128]

Each circuit is synthesized alone, behind a register for its input, which is counted in "ff". At once it has
one register at its end or one a level; on lanes it has one a level and takes a beat a cycle. Prints a row a
circuit and puts those of each size into benchmarks/results/fwht.json. 256 at once are 2048 additions and take
minutes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amaranth.back import rtlil

from inrhw import Board, load_board, synth
from inrhw.base.files import write_json
from inrhw.base.types import Fixed, Vector
from inrhw.base.yosys import verilog_from_rtlil
from inrhw.estimates.activations import Alone
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.rotation import Rotation

SIZES = (8, 16, 32, 64, 128, 256)
LANES = (1, 4, 8, 16)

#: What tells rows apart.
CIRCUIT = ("board", "bits", "n", "lanes", "n_stages")


def main() -> None:
    """Synthesize every circuit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--bits", type=int, default=8)
    parser.add_argument("--board", default="vcu128")
    options = parser.parse_args()
    board = load_board(options.board)
    for n in options.sizes:
        keep([run(node, board) for node in nodes(n, options.bits)])


def nodes(n: int, bits: int) -> Iterator[Fwht]:
    """Yield the transforms of n numbers: on lanes, then at once."""
    element, rotation = Fixed(bits, bits - 1), Rotation((n,))
    levels = n.bit_length() - 1
    for lanes in LANES:
        if lanes < n:
            yield Fwht(Vector(element, n, lanes), rotation, levels)
    for n_stages in (1, levels):
        yield Fwht(Vector(element, n), rotation, n_stages)


def keep(rows: list[dict[str, Any]]) -> None:
    """Put rows among the results, instead of earlier ones of the same circuits."""
    path = Path(__file__).parent / "results" / "fwht.json"
    path.parent.mkdir(exist_ok=True)
    found = json.loads(path.read_text()) if path.exists() else []
    by_circuit = {tuple(row[name] for name in CIRCUIT): row for row in (*found, *rows)}
    write_json(path, [by_circuit[key] for key in sorted(by_circuit)])


def run(node: Fwht, board: Board) -> dict[str, Any]:
    """Return one row."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        verilog = Path(name) / "fwht.v"
        text = rtlil.convert(Alone(node), name="fwht", emit_src=False)
        verilog.write_text(verilog_from_rtlil(text, verilog.parent))
        found = synth(verilog, "fwht", board, verilog.parent)
    row = {
        "board": board.name,
        "n": node.i.length,
        "bits": node.i.element.width,
        "lanes": node.i.lanes,
        "n_stages": node.n_stages,
        "initiation_interval": node.initiation_interval,
        "latency": node.latency,
        "additions": len(node.distances) * node.i.lanes + len(node.adders.adders),
        **{name: found.resources[name].value for name in ("lut", "ff", "carry", "lutram", "srl", "bram")},
        "logic_levels": found.timing.logic_levels.value,
        "fmax_mhz": found.timing.fmax_mhz.value,
        "synth_s": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    main()
