"""What one lane of each activation's circuit takes, at several widths: what nodes' costs are made from.

    python benchmarks/node_cost.py

Each circuit has the stages that networks give it, stands behind a register, and is synthesized for VCU128.
Figures of registers are without those of the input. Prints a row a circuit and writes
benchmarks/results/node_cost.json; what is there already is not measured again.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from inrhw import load_board, synth
from inrhw.artifact.artifact import verilog_of
from inrhw.base.files import write_json
from inrhw.base.types import Fixed, Vector
from inrhw.estimates.activations import Alone
from inrhw.ops.curves.real_gabor import RealGabor
from inrhw.ops.curves.relu import Relu
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node
from inrhw.ops.registry import curve_nodes, implementation

RESULTS = Path(__file__).parent / "results" / "node_cost.json"
BOARD = load_board("vcu128")
RESOURCES = ("lut", "ff", "dsp", "bram", "uram")

#: Bits of argument and value.
WIDTHS = ((4, 4), (6, 6), (8, 8), (9, 8), (10, 10), (12, 12), (10, 7), (8, 10), (14, 14), (16, 16), (20, 20))

#: Widths of a sum and of its bits below the pixel's last place.
SUMS = ((14, 4), (18, 6), (24, 10), (30, 16), (20, 0))


def main() -> None:
    """Measure every circuit."""
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    known = {row["name"] for row in rows}
    for name, node in nodes().items():
        if name not in known:
            rows.append({"name": name, "stages": node.latency, **measured(node)})
            print(json.dumps(rows[-1]), flush=True)
            write_json(RESULTS, rows)


def nodes() -> dict[str, Node]:
    """Return every circuit by its name."""
    found: dict[str, Node] = {}
    for argument, value in WIDTHS:
        for cls in curve_nodes():
            try:
                own = cls.of_bits(value).element
                node = cls(Vector(cls.argument_of(argument), 1), own)
            except ValueError:
                continue
            found[f"{implementation(cls)}_{argument}_{value}"] = node
        if argument <= RealGabor.most_bits:
            pair = Vector(Fixed(argument + 4, argument), 2)
            found[f"real_gabor_{argument}_{value}"] = RealGabor(pair, Fixed(value, value - 1))
    for width, bits in ((12, 8), (16, 8), (14, 6)):
        relu = Relu(Vector(Fixed(width, bits), 1), Relu.of_bits(bits).element)
        found[f"relu_{width}_{bits}"] = relu
    for width, frac in SUMS:
        sums = Vector(Fixed(width, frac), 1)
        found[f"pixel_{width}_{frac}"] = Requantize(sums, Fixed(8, 0, signed=False))
        found[f"clamp_{width}_{frac}"] = Requantize(sums, Fixed(9, 6))
    return found


def measured(node: Node) -> dict[str, Any]:
    """Return what a node takes behind a register."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        verilog = folder / "lane.v"
        verilog.write_text(verilog_of(Alone(node), "lane", folder))
        found = synth(verilog, "lane", BOARD, folder).resources
    counts = {name: found[name].value or 0 for name in RESOURCES}
    return {**counts, "ff": counts["ff"] - input_bits(node) - 1}


def input_bits(node: Node) -> int:
    """Return the bits of the input that the node looks at: of others there is no register."""
    unused = max(0, node.shift - 1) if isinstance(node, Requantize) else 0
    return node.i.lanes * (node.i.element.width - unused)


if __name__ == "__main__":
    main()
