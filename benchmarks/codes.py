"""What codes of weights and bits layer by layer give: dB, stored bits, signed digits, adders, LUTs, energy.

    python benchmarks/codes.py ../shared/kodak/kodim0[37].png [--widths 16 24] [--seeds 0] [--steps 800]
        [--finetune 400] [--ways "uniform, 9 bits" ...] [--synth]

One network in floating point for each picture, width and seed is rounded and fine-tuned in each way, for the
same steps; the cores are unrolled, and their LUTs those of the cost model. With `--synth` they are
synthesized for vcu128 too: LUTs, flip-flops, and the dynamic energy of a pixel at 300 MHz, from toggles of
the netlist as `inrhw power` counts them. Rows that benchmarks/results/codes.json has already are not measured
again. Prints a row as it is measured, then the means over pictures and seeds as a table.
"""

import argparse
import copy
import itertools
import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inrhw import Architecture, Artifact, Picture, Training, emit, fit, load_board, load_picture, synth
from inrhw.base.files import write_json
from inrhw.estimates.power.activity import MOST_CYCLES, activity_of
from inrhw.estimates.power.fpga import power
from inrhw.lowering.cost import graph_cost
from inrhw.lowering.hardware import DEFAULT_CLOCK_MHZ, Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.lut_budget import LutBudget, predicted_luts
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.budget import layer_bits_text, plain_bits
from inrhw.networks.training.digits import network_digits
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Graph
from inrhw.ops.registry import weight_codes
from inrhw.signals.grid import Grid
from inrhw.signals.kinds.picture import parse_size
from inrhw.signals.likeness import psnr_db
from inrhw.synthesis.synthesis import Synthesis

BOARD = load_board("vcu128")
RESULTS = Path(__file__).parent / "results" / "codes.json"

#: Ways within a part of the LUTs that the plain network is predicted to take, in percent.
LUT_SHARES = {f"auto within {share} % of the LUTs": share for share in (90, 75, 60, 45)}

#: Ways of rounding, by what the table calls them.
WAYS = {
    **{f"uniform, {bits} bits": Precision(bits) for bits in (9, 8, 7, 6, 5, 4)},
    **{name: Precision(weight_code=name) for name in sorted(weight_codes()) if name != "uniform"},
    **{f"uniform, auto at {bits} bits": Precision(bits, layer_bits="auto") for bits in (7, 6, 5)},
    **{f"uniform, values of {bits} bits": Precision(activation_bits=bits) for bits in (7, 6, 5, 4)},
    **{
        f"uniform, {bits} bits, values of 5 bits": Precision(bits, activation_bits=5) for bits in (8, 7, 6, 5)
    },
    "ternary, values of 4 bits": Precision(activation_bits=4, weight_code="ternary"),
    **dict.fromkeys(LUT_SHARES, Precision(layer_bits="auto")),
}


@dataclass(frozen=True)
class Row:
    """One way of rounding the network of one picture."""

    picture: str
    size: str
    width: int
    seed: int
    steps: int
    finetune: int
    way: str
    float_db: float
    rounded_db: float
    kept_db: float
    layer_bits: str
    stored_bits: int
    signed_digits: int
    adders: int
    lut: int
    synthesized_lut: float | None = None
    synthesized_ff: float | None = None
    nj: float | None = None

    @property
    def run(self) -> tuple[object, ...]:
        """What was asked."""
        return self.picture, self.size, self.width, self.seed, self.steps, self.finetune, self.way


def main() -> None:
    """Measure what is missing and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--widths", nargs="+", type=int, default=[16, 24])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--finetune", type=int, default=400)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    parser.add_argument("--synth", action="store_true")
    options = parser.parse_args()
    rows = [Row(**each) for each in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    for width in options.widths:
        for path, seed in itertools.product(options.pictures, options.seeds):
            done = {row.run for row in rows if row.nj is not None or not options.synth}
            for row in measured(path, width, seed, done, options):
                print(json.dumps(vars(row)), flush=True)
                rows = [other for other in rows if other.run != row.run] + [row]
                write_json(RESULTS, [vars(each) for each in rows])
    for width in options.widths:
        print_table([row for row in rows if row.width == width])


def measured(
    path: Path, width: int, seed: int, done: set[tuple[object, ...]], options: argparse.Namespace
) -> Iterator[Row]:
    """Yield the rows of a picture that are not there yet."""
    run = (path.stem, options.size, width, seed, options.steps, options.finetune)
    runs = {way: (*run, way) for way in options.ways}
    missing = [way for way, run in runs.items() if run not in done]
    if not missing:
        return
    picture = load_picture(path, parse_size(options.size))
    plain = Architecture("quadinr", picture.sides, picture.channels, width)
    trained = fit(picture, plain, Training(options.steps, finetune=0, seed=seed)).float_model
    for way in missing:
        yield Row(*runs[way], **found(trained, picture, way, options.finetune, with_synth=options.synth))


def found(trained: INR, picture: Picture, way: str, finetune: int, *, with_synth: bool) -> dict[str, Any]:
    """Return what a way of rounding gives."""
    start = copy.deepcopy(trained)
    start.architecture = replace(trained.architecture, precision=WAYS[way])
    budget = None
    if share := LUT_SHARES.get(way):
        plain = predicted_luts(trained.architecture, Hardware(weights="baked"), BOARD)
        budget = LutBudget(Hardware(weights="baked", max_lut=round(share / 100 * plain)), BOARD)
    fitted = fit(picture, start.architecture, Training(finetune=finetune), start=start, budget=budget)
    graph, grid = lower(fitted.model), fitted.architecture.grid
    layers = (node for node in graph.nodes.values() if isinstance(node, Dense))
    shown = {
        "float_db": trained,
        "rounded_db": fitted.float_model.quantized(),
        "kept_db": fitted.model,
    }
    return {
        **{name: round(psnr_db(picture.values, each.render()), 2) for name, each in shown.items()},
        "layer_bits": layer_bits_text(fitted.architecture, plain_bits(fitted.architecture)),
        "stored_bits": fitted.model.weight_bits(),
        "signed_digits": network_digits(fitted.model),
        "adders": sum(len(node.adder_graph.adders) for node in layers),
        "lut": round(sum(cost.lut for cost in graph_cost(graph, grid, "raster").values())),
        **(synthesized(graph, grid) if with_synth else {}),
    }


def synthesized(graph: Graph, grid: Grid) -> dict[str, float | None]:
    """Return what a core takes, and nJ a pixel."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        artifact = emit(graph, grid, folder, "core")
        netlist = synth(artifact.verilog, "core", BOARD, folder)
        return {
            "synthesized_lut": netlist.resources["lut"].value,
            "synthesized_ff": netlist.resources["ff"].value,
            "nj": energy_nj(artifact, netlist),
        }


def energy_nj(artifact: Artifact, netlist: Synthesis, most_cycles: int = MOST_CYCLES) -> float | None:
    """Return the dynamic energy of a pixel at 300 MHz, from the toggles of a frame or this many cycles."""
    toggles = activity_of(netlist.netlist_json.parent, netlist.netlist_json, most_cycles=most_cycles)
    estimate = power(netlist, DEFAULT_CLOCK_MHZ, artifact.core.clocks_a_sample, toggles)
    value = estimate.dynamic_nj["nominal"].value
    return None if value is None else round(value, 3)


def print_table(rows: list[Row]) -> None:
    """Print the means over pictures and seeds."""
    titles = "float | rounded | kept | bits | digits | adders | LUT | synthesized | nJ"
    print(f"\n| width {rows[0].width} | {titles} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for way in WAYS:
        own = [row for row in rows if row.way == way]
        if not own:
            continue
        names = ("float_db", "rounded_db", "kept_db")
        decibels = (statistics.mean(getattr(row, name) for row in own) for name in names)
        counted = ("stored_bits", "signed_digits", "adders", "lut")
        amounts = (statistics.mean(getattr(row, name) for row in own) for name in counted)
        luts, energies = (
            [x for row in own if (x := getattr(row, name))] for name in ("synthesized_lut", "nj")
        )
        cells = [*(f"{x:.2f}" for x in decibels), *(f"{x:,.0f}" for x in amounts)]
        cells += (
            [f"{statistics.mean(luts):,.0f}", f"{statistics.mean(energies):.2f}"] if energies else ["", ""]
        )
        print(f"| {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
