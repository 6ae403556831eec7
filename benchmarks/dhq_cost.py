"""What Hadamard quantization costs and gains in hardware, against uniform quantization and against 16 bits.

    python benchmarks/dhq_cost.py PICTURE [--minutes 30]

The baseline of full precision is W24 A24 with arguments of 24 bits, which is float32's significand, and a
sine by CORDIC (docs/decisions/0020). It is the highest precision that is proven end to end: a 32-bit
fixed-point network would have sums of 70 bits, but integers here stop at 62 bits and the float64 reference is
exact to 2**52 only, so "equal to the last bit" could not be promised. float32 is missing because no open
generator of floating-point adders and multipliers is at hand whose output this chain could prove; writing one
is another project. W16 A16 has a sine between table points; it is there baked too, W24 is not.

Every network is 2-32-32-32-3, SIREN unless FINER is said, trained on the same picture at 64x64 for the same
steps from the same seed, quantization in the loop. W is the bits of hidden weights, A of the activations'
outputs; the first and last layer's weights have 14 bits and arguments 9, but all of W16 have 16 and all of
W24 have 24. Each is built twice for VCU128: baked at one pixel a clock, and folded to one pixel in 64 clocks
with weights in ROM; folded ones are verified. Energy is dynamic, from the toggles of the netlist.

"fwht_percent": what a layer's rotation (FWHT, rounding behind it, buffer in front of it) takes of the LUTs of
that layer, each synthesized alone, where folded. "gain_per_klut": decibels gained for 1000 more LUTs than
uniform at the same bits; negative if PSNR falls. A design is a file in --work: what is done is not done
again. No synthesis starts after --minutes. Prints a table and writes benchmarks/results/dhq_cost.json.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from dhq_tables import cost

from inrhw import Architecture, Precision, Training, load_board, load_picture, lower, synth
from inrhw.artifact.manifest import Manifest
from inrhw.base.files import read_json, write_json
from inrhw.base.yosys import verilog_from_rtlil
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.power import Power
from inrhw.cli.commands.synth import Synth
from inrhw.cli.commands.verify import Verify
from inrhw.estimates.activations import Alone
from inrhw.estimates.power.fpga import LEVELS
from inrhw.lowering.folding import fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan
from inrhw.networks.precision import FIRST_WEIGHT_BITS
from inrhw.networks.training.fitted import Fitted
from inrhw.ops.linear.fwht.node import Fwht
from inrhw.ops.node import Graph, Node
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

BOARD = load_board("vcu128")
WISHES = {"folded": Hardware(weights="rom", initiation_interval=64), "baked": Hardware()}
RESOURCES = ("lut", "ff", "dsp", "bram")

#: What energy is stated at. The dynamic energy of a pixel does not depend on it.
CLOCK_MHZ = 200

#: Circuits of the sine that a table would be too large for, by the bits of the network.
_SINES = {16: "sine_interpolated", 24: "sine_cordic"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """A precision, and what rotates."""

    bits: int
    quantizer: Any = "uniform"
    rotate: Any = "both"
    rotate_layers: Any = "all"
    model: str = "siren"

    @property
    def name(self) -> str:
        """Return what the table calls it."""
        rotated = f" {self.rotate}" if self.quantizer == "dhq" else ""
        layers = "" if self.rotate_layers == "all" else f" {self.rotate_layers}"
        model = "" if self.model == "siren" else f"{self.model} "
        return f"{model}W{self.bits}A{self.bits} {self.quantizer}{rotated}{layers}"

    @property
    def precision(self) -> Precision:
        """Return its formats."""
        phase = self.bits if self.bits in _SINES else None
        return Precision(
            self.bits,
            max(self.bits, FIRST_WEIGHT_BITS),
            max(self.bits, Precision.last_weight_bits),
            self.bits,
            phase,
            quantizer=self.quantizer,
            rotate=self.rotate,
            rotate_layers=self.rotate_layers,
        )

    def architecture(self, picture: Picture) -> Architecture:
        """Return 2-32-32-32-3."""
        size = (picture.sides, picture.channels)
        impl = _SINES.get(self.bits, "")
        return Architecture(self.model, *size, 32, 2, precision=self.precision, activation_impl=impl)


_COMPARED = tuple(Network(bits, quantizer) for bits in (8, 4) for quantizer in ("uniform", "dhq"))
_SIXTEEN, _FULL = Network(16), Network(24)
_SIX = (Network(6), Network(6, "dhq"))
_PLACED = (Network(8, "dhq", "weights"), Network(8, "dhq", "both", "hidden"))
#: Where rotated weights gain most (benchmarks/dhq.py).
_GAIN = (Network(4, model="finer"), Network(4, "dhq", "weights", "hidden", "finer"))

#: In the order of importance: time ends the list.
DESIGNS = (
    *((network, "folded") for network in (*_COMPARED, _SIXTEEN, *_PLACED, _FULL, *_GAIN)),
    *((network, "baked") for network in (*_COMPARED[:2], _SIXTEEN, *_COMPARED[2:])),
    *((network, way) for way in WISHES for network in _SIX),
    *((network, "baked") for network in _PLACED),
)


def main() -> None:
    """Train, build and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--only", nargs="+", help="designs to build, such as 'W8A8 uniform baked'; prints only"
    )
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_dhq_cost"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    picture = load_picture(options.picture, (64, 64))
    end = time.monotonic() + 60 * options.minutes
    rows = []
    for network, way in DESIGNS:
        if options.only and f"{network.name} {way}" not in options.only:
            continue
        file = options.work / f"{network.name.replace(' ', '_')}_{way}.json"
        if not file.exists():
            if time.monotonic() > end:
                print(f"{network.name} {way}: no time left", flush=True)
                continue
            write_json(file, build(network, way, picture, options))
        rows.append(read_json(file, "benchmarks/dhq_cost.py"))
    compare(rows)
    print(cost(rows))
    if not options.only:
        results = Path(__file__).parent / "results"
        results.mkdir(exist_ok=True)
        write_json(results / "dhq_cost.json", rows)


def build(network: Network, way: str, picture: Picture, options: argparse.Namespace) -> Row:
    """Return one row."""
    work = BuildFolder(options.work / f"{network.name.replace(' ', '_')}_{way}")
    work.run(Fit([picture], [network.architecture(picture)], Training(options.steps)))
    fitted = Fitted.load(work.folder)
    start = time.perf_counter()
    work.run(Emit(WISHES[way], BOARD.name))
    work.run(Synth(BOARD.name))
    synth_s = round(time.perf_counter() - start, 1)
    work.run(Power(CLOCK_MHZ, "netlist"))
    # A baked network's netlist takes gigabytes and minutes to compile for simulation.
    verified = None
    if way == "folded":
        work.run(Verify())
        verified = Verify.passed(work.folder)
    manifest = Manifest.load(work.folder)
    found, used = (
        read_json(work.folder / name, "benchmarks/dhq_cost.py") for name in ("synth.json", "power.json")
    )
    row = {
        "network": network.name,
        "way": way,
        "float_db": round(psnr_db(picture.values, fitted.float_model.render()), 2),
        "psnr_db": round(psnr_db(picture.values, fitted.model.render()), 2),
        **{name: found["resources"][name]["value"] for name in RESOURCES},
        "fmax_mhz": found["timing"]["fmax_mhz"]["value"],
        "latency": manifest.latency,
        "initiation_interval": manifest.initiation_interval,
        **{f"dynamic_nj_{level}": used["dynamic_nj"][level]["value"] for level in LEVELS},
        "synth_s": synth_s,
        "verified": verified,
    }
    if folding := plan(fitted.architecture, WISHES[way], BOARD):
        row["fwht_percent"] = shares(fold(lower(fitted.model), folding, network.precision))
    print(json.dumps(row), flush=True)
    return row


def shares(graph: Graph) -> dict[str, float]:
    """Return the percent of the LUTs of each layer that rotates which its rotation takes."""
    of_layer: dict[str, dict[str, Node]] = defaultdict(dict)
    for name, node in graph.nodes.items():
        layer, _, what = name.partition("_")
        of_layer[layer][what] = node
    found = {}
    for layer, nodes in of_layer.items():
        if any(isinstance(node, Fwht) for node in nodes.values()):
            luts = {what: luts_alone(node) for what, node in nodes.items()}
            rotation = sum(used for what, used in luts.items() if what in ("fwht", "fwht_lanes", "rotated"))
            found[layer] = round(100 * rotation / sum(luts.values()), 1)
    return found


def luts_alone(node: Node) -> float:
    """Return the LUTs of a node behind a register."""
    with tempfile.TemporaryDirectory() as name:
        verilog = Path(name) / "node.v"
        text = rtlil.convert(Alone(node), name="node", emit_src=False)
        verilog.write_text(verilog_from_rtlil(text, verilog.parent))
        return synth(verilog, "node", BOARD, verilog.parent).resources["lut"].value or 0


def compare(rows: list[Row]) -> None:
    """Add to each row of DHQ what it gains over uniform, and to each what it saves over 24 and 16 bits."""
    by_name = {(row["network"], row["way"]): row for row in rows}
    for row in rows:
        for baseline in (_FULL, _SIXTEEN):
            full = by_name.get((baseline.name, row["way"]))
            if full and row is not full:
                row[f"less_than_{baseline.bits}_bits_percent"] = {
                    name: round(100 * (1 - row[name] / full[name]), 1)
                    for name in (*RESOURCES, "latency", "dynamic_nj_nominal")
                    if full[name]
                }
        uniform = by_name.get((f"{row['network'].partition(' dhq')[0]} uniform", row["way"]))
        if uniform and "dhq" in row["network"]:
            more = row["lut"] - uniform["lut"]
            row["more_lut_percent"] = round(100 * more / uniform["lut"], 1)
            row["gain_db"] = round(row["psnr_db"] - uniform["psnr_db"], 2)
            row["gain_per_klut"] = round(1000 * row["gain_db"] / more, 3) if more > 0 else None


if __name__ == "__main__":
    main()
