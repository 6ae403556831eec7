"""PSNR against LUTs of the network alone: inrhw's choice within LUTs, and da4ml's circuits of plain networks.

    python benchmarks/density_curve.py [PICTURE] [--max-lut 4000 8000 12000] [--widths 12 16 20 24]
        [--steps 3000] [--work FOLDER]

inrhw gets `--hidden-widths auto --max-lut N --digits-loss 0.1`, so it chooses the width and all bits. da4ml
gets 2-N-N-N-3 with 8 bits everywhere, trained as long. Both are QuadINR at 64x64, pass the script of
`inrhw synth` for vcu128, and have the same integers as `forward_int`. Prints a row a design; rows go into
benchmarks/results/density_curve.json and a plot of all into docs/images/density_curve.svg (with
`pip install "inrhw[docs]"`).
"""

import argparse
import json
from pathlib import Path
from typing import Any

from density_peers import PRECISION, install, of_da4ml, synthesized
from matplotlib import pyplot

from inrhw import Architecture, Training, builtin_picture, load_picture
from inrhw.artifact.artifact import verilog_of
from inrhw.base.files import write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit, fit_of
from inrhw.cli.recipe import Recipe
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.networks.network import AUTO, Network
from inrhw.networks.training.fitted import Fitted
from inrhw.signals.likeness import psnr_db
from inrhw.signals.signal import Signal

SIZE = (64, 64)
RESULTS = Path(__file__).parent / "results" / "density_curve.json"
PLOT = Path(__file__).parent.parent / "docs" / "images" / "density_curve.svg"
Row = dict[str, Any]


def main() -> None:
    """Measure what is missing, and draw all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture", nargs="?", default="")
    parser.add_argument("--max-lut", nargs="*", type=int, default=[4000, 8000, 12000])
    parser.add_argument("--widths", nargs="*", type=int, default=[12, 16, 20, 24])
    parser.add_argument("--steps", type=int, default=Training.steps)
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_density_curve"))
    options = parser.parse_args()
    peer = install(options.work / "da4ml")
    rows: list[Row] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    name = Path(options.picture).stem or "built-in"
    designs = [("inrhw", n) for n in options.max_lut] + [("da4ml", n) for n in options.widths]
    for by, size in designs:
        told = {"picture": name, "by": by, "asked": size, "steps": options.steps}
        if any(told.items() <= row.items() for row in rows):
            continue
        stage = of_inrhw(options, size) if by == "inrhw" else of_peer(options, size)
        rows.append(told | measured(stage, options.work / "_".join(map(str, told.values())), peer, by))
        print(json.dumps(rows[-1]), flush=True)
        write_json(RESULTS, rows)
    draw(rows)


def of_inrhw(options: argparse.Namespace, most: int) -> Fit:
    """Return the training of the network that inrhw chooses within LUTs."""
    recipe = Recipe(
        signal=Signal(pictures=(options.picture,) if options.picture else ()),
        network=Network(hidden_widths=AUTO),
        hardware=Hardware(weights="baked", max_lut=most),
        training=Training(options.steps, digits_loss=0.1),
    )
    return fit_of(recipe, resume=False)


def of_peer(options: argparse.Namespace, width: int) -> Fit:
    """Return the training of a network with 8 bits everywhere."""
    picture = load_picture(Path(options.picture), SIZE) if options.picture else builtin_picture(SIZE)
    architecture = Architecture("quadinr", SIZE, picture.channels, width, 2, precision=PRECISION)
    return Fit([picture], [architecture], Training(options.steps))


def measured(stage: Fit, folder: Path, peer: Path, by: str) -> Row:
    """Return PSNR and what the network alone takes."""
    BuildFolder(folder).run(stage)
    network = Fitted.load(folder).model
    graph = lower(network)
    if by == "inrhw":
        text, top = verilog_of(graph.component(), "network", folder), "network"
    else:
        (text, _), top = of_da4ml(graph, folder / "da4ml", peer), "peer"
    found = synthesized("inrhw", text, top, folder)
    features = "-".join(map(str, network.architecture.features))
    bits = network.architecture.precision.layer_bits
    db = psnr_db(stage.pictures[0].values, network.render())
    return {"network": features, "layer_bits": bits, "psnr_db": round(db, 2), **found}


def draw(rows: list[Row]) -> None:
    """Draw PSNR against LUTs, a line for each tool, picture and number of steps."""
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    lines = dict.fromkeys((row["picture"], row["by"], row["steps"]) for row in rows)
    for picture, by, steps in lines:
        own = [row for row in rows if (row["picture"], row["by"], row["steps"]) == (picture, by, steps)]
        points = sorted((row["lut"], row["psnr_db"]) for row in own)
        style = "o-" if by == "inrhw" else "s--"
        axes.plot(*zip(*points, strict=True), style, label=f"{by}, {picture}, {steps:,} steps")
    axes.set(xlabel="LUTs of the network, xcvu37p", ylabel="PSNR, dB", xlim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(PLOT)


if __name__ == "__main__":
    main()
