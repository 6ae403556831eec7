"""What lanes without multipliers take in folded cores, against those with DSP blocks, and their codes in dB.

    python benchmarks/lanes.py [--picture chelsea.png] [--only 32_ternary_rom ...]

One network in floating point for each width is rounded and fine-tuned in each way. Without a picture it
is one that scikit-image carries. Rows that benchmarks/results/lanes.json has already are not measured again.
"""

import argparse
import copy
import functools
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import skimage
from codes import energy_nj

from inrhw import (
    Architecture,
    Picture,
    Precision,
    Training,
    emit,
    fit,
    load_board,
    load_picture,
    lower,
    synth,
)
from inrhw.base.files import write_json
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import network_cost, on_family
from inrhw.lowering.folding import fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.inr import INR
from inrhw.networks.training.fitted import Fitted
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph
from inrhw.signals.likeness import psnr_db

RESULTS = Path(__file__).parent / "results" / "lanes.json"

#: Ways of rounding hidden layers, by what the table calls them.
WAYS = {
    "uniform, 8 bits": Precision(8),
    "uniform, 4 bits": Precision(4),
    "uniform, 2 bits": Precision(2),
    "ternary": Precision(weight_code="ternary"),
    "binary": Precision(weight_code="binary"),
}

#: Clocks a pixel.
INTERVAL = 64


@dataclass(frozen=True)
class Core:
    """One core."""

    width: int
    way: str
    weights: Any = "rom"
    board: str = "vcu128"
    packed: bool = False
    dsp: bool = True

    @property
    def name(self) -> str:
        """What the results call it."""
        way, packed = self.way.replace(",", "").replace(" ", "_"), "_packed" if self.packed else ""
        return f"{self.width}_{way}_{self.weights}_{self.board}{packed}{'' if self.dsp else '_without_dsp'}"


CORES = (
    *(Core(width, way, weights) for width in (32, 64) for weights in ("rom", "loadable") for way in WAYS),
    *(Core(16, way) for way in WAYS),
    *(Core(width, "uniform, 8 bits", packed=True) for width in (32, 64)),
    *(Core(32, way, dsp=False) for way in ("uniform, 8 bits", "uniform, 4 bits", "ternary")),
    *(Core(32, way, board="ulx3s") for way in WAYS),
    # Numbers would need 9 multipliers there, of 8.
    *(Core(16, way, board="icebreaker") for way in ("ternary", "binary")),
)


def main() -> None:
    """Measure what is missing and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--finetune", type=int, default=400)
    parser.add_argument("--only", nargs="+", help="names of cores")
    options = parser.parse_args()
    path = options.picture or Path(skimage.data.data_dir, "chelsea.png")
    width, height = map(int, options.size.split("x"))
    network = Networks(load_picture(path, (width, height)), options.steps, options.finetune)
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {row["core"] for row in rows}
    for core in CORES:
        if core.name not in done and core.name in (options.only or {core.name}):
            rows.append({"picture": path.stem, "size": options.size, **measured(core, network)})
            print(json.dumps(rows[-1]), flush=True)
            write_json(RESULTS, rows)
    print_table(rows)


@dataclass(frozen=True, eq=False)
class Networks:
    """Networks of one picture, each trained once."""

    picture: Picture
    steps: int
    finetune: int

    @functools.cache  # noqa: B019 - it lives as long as the program
    def trained(self, width: int) -> INR:
        """Return a network in floating point."""
        plain = Architecture("quadinr", self.picture.sides, self.picture.channels, width)
        return fit(self.picture, plain, Training(self.steps, finetune=0)).float_model

    @functools.cache  # noqa: B019
    def rounded(self, width: int, way: str) -> Fitted:
        """Return it rounded and fine-tuned."""
        start = copy.deepcopy(self.trained(width))
        start.architecture = replace(start.architecture, precision=WAYS[way])
        return fit(self.picture, start.architecture, Training(finetune=self.finetune), start=start)


def measured(core: Core, networks: Networks) -> dict[str, Any]:
    """Return what a core takes, as predicted and as Yosys finds it, and what its network shows."""
    fitted, board = networks.rounded(core.width, core.way), load_board(core.board)
    architecture = fitted.architecture
    row: dict[str, Any] = {
        "core": core.name,
        "width": core.width,
        "way": core.way,
        "weights": core.weights,
        "board": core.board,
        "packed": core.packed,
        "dsp": core.dsp,
        "psnr_db": round(psnr_db(networks.picture.values, fitted.model.render()), 2),
    }
    hardware = Hardware(weights=core.weights, initiation_interval=INTERVAL, packed=core.packed)
    folding = plan(architecture, hardware, board)
    assert folding is not None
    graph = fold(lower(fitted.model, operands=board.adder_operands), folding, architecture.precision)
    with tempfile.TemporaryDirectory() as folder:
        artifact = emit(graph, architecture.grid, folder, "core")
        made = synth(artifact.verilog, "core", board, folder, dsp=core.dsp)
        estimated = core.board == "vcu128" and core.weights == "rom"
        energy = {"nj": energy_nj(artifact, made)} if estimated else {}
    parts = network_cost(layer_shapes(architecture), folding, "raster")
    predicted = on_family(sum(parts.values(), Cost()), board.family)
    hidden = [f"layer{place}_dense" for place in (1, 2)]
    return {
        **row,
        **energy,
        "folds": [[each.pe, each.simd] for each in folding.layers],
        "hidden_lanes": sum(each.pe * each.simd for each in folding.layers[1:-1]),
        "hidden_memory_bits": sum(_weight_bits(graph, name) for name in hidden),
        "predicted": {
            name: round(getattr(predicted, name), 1) for name in ("lut", "ff", "dsp", "bram", "uram")
        },
        "measured": {name: made.resources[name].value or 0 for name in ("lut", "ff", "dsp", "bram", "uram")},
        "hidden": {
            name: sum(made.nodes[node].get(name, 0) for node in hidden) for name in ("lut", "ff", "dsp")
        },
        "fmax_mhz": made.timing.fmax_mhz.value,
    }


def _weight_bits(graph: Graph, name: str) -> int:
    node = graph.nodes[name]
    assert isinstance(node, FoldedDense)
    return sum(memory.width * len(memory.words) for lane in node.lane_contents() for memory in lane)


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print every row."""
    print("| core | dB | LUT | predicted | FF | DSP | BRAM | hidden: lanes | LUT | FF | memory bits | nJ |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        found, hidden = row["measured"], row["hidden"]
        cells = [row["core"], row["psnr_db"], found["lut"], round(row["predicted"]["lut"]), found["ff"]]
        cells += [found["dsp"], found["bram"], row["hidden_lanes"], hidden["lut"], hidden["ff"]]
        print(f"| {' | '.join(map(str, [*cells, row['hidden_memory_bits'], row.get('nj', '')]))} |")


if __name__ == "__main__":
    main()
