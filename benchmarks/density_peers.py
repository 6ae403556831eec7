"""The same integers through inrhw and through da4ml: LUTs, flip-flops, stages, time of synthesis.

    python benchmarks/density_peers.py [--networks 16 32] [--models siren quadinr] [--hidden-layers 1]
        [--scripts plain inrhw] [--work FOLDER]

Trains 2-N-N-3 with 8 bits everywhere on the built-in picture, writes the network alone (no scan, no FIFO) as
inrhw does with registers behind one, two and three levels of adders, and as da4ml 0.6 does, a peer that gets
a virtual environment of its own and is no dependency. Outputs are checked to be equal for 20,000 random
inputs. Every design then goes through two Yosys scripts for vcu128: the plain `synth_xilinx`, and that of
`inrhw synth`; da4ml's through the latter once more with its adders kept apart. Prints a row a design and puts
it into benchmarks/results/density_peers.json, in the place of those of the same network.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from inrhw import Architecture, Precision, Training, builtin_picture, load_board
from inrhw.artifact.artifact import verilog_of
from inrhw.base.files import write_json
from inrhw.base.types import Codes, Fixed
from inrhw.base.yosys import run_yosys
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.gateware.adder_graph import APART
from inrhw.lowering.integer_graph import lower
from inrhw.networks.training.fitted import Fitted
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Graph
from inrhw.synthesis.synthesis import synth

#: What is installed, and nanoseconds that a stage of its may take by its own model: its example's.
DA4ML, CUTOFF = "da4ml==0.6.0", 5

PRECISION = Precision(weight_bits=8, first_weight_bits=8, last_weight_bits=8, activation_bits=8, phase_bits=8)
BOARD = load_board("vcu128")
RESULTS = Path(__file__).parent / "results" / "density_peers.json"

#: The script that anybody would take; tables of logic, as inrhw's are.
PLAIN = """
    read_verilog -sv {file}
    synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -top {top}
    tee -q -o stat.json stat -json
"""


def main() -> None:
    """Measure every network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", type=int, default=[16, 32])
    parser.add_argument("--models", nargs="+", default=["siren", "quadinr"])
    parser.add_argument("--hidden-layers", type=int, default=1)
    parser.add_argument("--scripts", nargs="+", default=["plain", "inrhw"])
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_density_peers"))
    options = parser.parse_args()
    peer = install(options.work / "da4ml")
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for width in options.networks:
        for model in options.models:
            name = "-".join(map(str, [2, *[width] * (options.hidden_layers + 1), 3]))
            rows = [row for row in rows if (row["network"], row["model"]) != (name, model)]
            folder = options.work / f"{name}_{model}"
            architecture = Architecture(model, (64, 64), 3, width, options.hidden_layers, precision=PRECISION)
            for row in measured(architecture, options.scripts, folder, peer):
                rows.append({"network": name, "model": model, **row})
                print(json.dumps(rows[-1]), flush=True)
            write_json(RESULTS, rows)


def install(folder: Path) -> Path:
    """Return the Python of an environment with da4ml."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", DA4ML], check=True)
    return python.absolute()


def measured(
    architecture: Architecture, scripts: Sequence[str], folder: Path, peer: Path
) -> Iterator[dict[str, object]]:
    """Yield a row for each way to make a circuit of one network."""
    BuildFolder(folder).run(Fit([builtin_picture((64, 64))], [architecture], Training(steps=600)))
    network = Fitted.load(folder).model
    for levels in (1, 2, 3):
        graph = lower(network, adder_levels=levels)
        text = verilog_of(graph.component(), "network", folder)
        for script in scripts:
            told = {"by": "inrhw", "adder_levels": levels, "stages": graph.latency, "script": script}
            yield told | synthesized(script, text, "network", folder)
    text, stages = of_da4ml(lower(network), folder / "da4ml", peer)
    for script in scripts:
        told = {"by": "da4ml", "stages": stages, "script": script}
        yield told | synthesized(script, text, "peer", folder)
    apart = re.sub(r"(?m)^( *)(wire .*accum;)", rf"\1(* {APART} = 1 *) \2", text)
    assert apart != text
    told = {"by": "da4ml, adders apart", "stages": stages, "script": "inrhw"}
    yield told | synthesized("inrhw", apart, "peer", folder)


def of_da4ml(graph: Graph, folder: Path, peer: Path) -> tuple[str, int]:
    """Return da4ml's Verilog of the same integers in one file, and its stages; see that outputs are equal."""
    folder.mkdir(exist_ok=True)
    element = graph.i.element
    assert isinstance(element, Fixed)
    rng = np.random.default_rng(0)
    inputs = rng.integers(element.lo, element.hi + 1, (20_000, graph.i.length))
    layers: dict[str, Codes] = {}
    dense = [node for node in graph.nodes.values() if isinstance(node, Dense)]
    curves = [node for node in graph.nodes.values() if isinstance(node, CurveNode)]
    for k, node in enumerate(dense):
        layers |= {f"weight{k}": node.weight, f"bias{k}": node.bias, f"shift{k}": np.array(node.shift)}
        layers[f"width{k}"] = np.array(node.frac if node.wrap else 8)
    layers |= {f"table{k}": node.outputs() for k, node in enumerate(curves)}
    layers |= {"inputs": inputs, "layers": np.array(len(dense)), "input_bits": np.array(element.width)}
    np.savez(folder / "network.npz", allow_pickle=False, **layers)
    program = Path(__file__).parent / "peers" / "through_da4ml.py"
    subprocess.run([peer, program, folder / "network.npz", folder, str(CUTOFF)], check=True)
    assert (np.load(folder / "outputs.npy") == graph.forward_int(inputs)).all()
    for table in (folder / "src").rglob("*.mem"):
        (folder / table.name).write_bytes(table.read_bytes())
    sources = [path for path in (folder / "src").rglob("*.v") if not path.name.startswith("peer_wrapper")]
    together = "\n".join(path.read_text() for path in sorted(sources))
    together = together.replace('"distributed" : "block"', '"logic" : "block"')
    (folder / "all.v").write_text(together)
    # Parameters and files of tables are put in, the hierarchy stays.
    script = """
        read_verilog -defer -sv all.v
        hierarchy -check -top peer
        proc
        memory_collect
        write_verilog peer.v
    """
    run_yosys(script, folder, folder / "one_file.log")
    return (folder / "peer.v").read_text(), json.loads((folder / "stages.json").read_text())


def synthesized(script: str, text: str, top: str, folder: Path) -> dict[str, object]:
    """Return what a design takes by one of the scripts."""
    (folder / f"{top}.v").write_text(text)
    start = time.perf_counter()
    found = plain(folder, top) if script == "plain" else ours(folder, top)
    return {**found, "synthesis_s": round(time.perf_counter() - start, 1)}


def ours(folder: Path, top: str) -> dict[str, float | None]:
    """Return what `inrhw synth` counts."""
    found = synth(folder / f"{top}.v", top, BOARD, folder / "synth")
    counts = {name: found.resources[name].value for name in ("lut", "ff")}
    return {**counts, "fmax_mhz": found.timing.fmax_mhz.value}


def plain(folder: Path, top: str) -> dict[str, float | None]:
    """Return what Yosys counts after its own flow, as it is."""
    run_yosys(PLAIN.format(file=f"{top}.v", top=top), folder, folder / "plain.log")
    told = json.loads((folder / "stat.json").read_text())
    cells = told["design"]["num_cells_by_type"]
    lut = sum(n for kind, n in cells.items() if re.fullmatch(r"LUT\d(_2)?|SRL\w+|RAM\w+", kind))
    return {"lut": lut, "ff": sum(n for kind, n in cells.items() if kind.startswith("FD")), "fmax_mhz": None}


if __name__ == "__main__":
    main()
