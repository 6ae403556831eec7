"""What mid-rise values cost in dB and save in LUTs.

    python benchmarks/mid_rise.py PICTURE... [--bits 8 6 5] [--models quadinr siren] [--steps 1000]
        [--synth 1] [--work FOLDER]

Trains the default network on each picture at 64x64 with values of so many bits, as they are and mid-rise, and
synthesizes the cores of the first `--synth` pictures for vcu128. Prints a row a network and writes
benchmarks/results/mid_rise.json.
"""

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

from inrhw import Architecture, Precision, Training, load_board, load_picture
from inrhw.artifact.artifact import emit
from inrhw.base.files import read_json, write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.lowering.integer_graph import lower
from inrhw.networks.training.fitted import Fitted
from inrhw.synthesis.synthesis import synth


def main() -> None:
    """Measure every network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 6, 5])
    parser.add_argument("--models", nargs="+", default=["quadinr", "siren"])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--synth", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_mid_rise"))
    options = parser.parse_args()
    rows = []
    ways = itertools.product(enumerate(options.pictures), options.models, options.bits, (False, True))
    for (number, picture), model, bits, mid_rise in ways:
        precision = Precision(activation_bits=bits, mid_rise=mid_rise)
        folder = options.work / f"{picture.stem}_{model}_{bits}{'_mid_rise' if mid_rise else ''}"
        row = {"picture": picture.stem, "model": model, "activation_bits": bits, "mid_rise": mid_rise}
        row |= measured(picture, model, precision, options.steps, folder, with_lut=number < options.synth)
        print(json.dumps(row), flush=True)
        rows.append(row)
    write_json(Path(__file__).parent / "results" / "mid_rise.json", rows)


def measured(
    path: Path, model: str, precision: Precision, steps: int, folder: Path, *, with_lut: bool
) -> dict[str, Any]:
    """Return what a network loses, and what its core takes."""
    architecture = Architecture(model, (64, 64), 3, precision=precision)
    BuildFolder(folder).run(Fit([load_picture(path, (64, 64))], [architecture], Training(steps=steps)))
    decibels = read_json(folder / "fit.json", "inrhw fit")["psnr_db"]
    row = {f"{name}_db": round(decibels[name], 2) for name in ("float", "quantized")}
    if with_lut:
        graph = lower(Fitted.load(folder).model)
        artifact = emit(graph, architecture.grid, folder / "core", "core")
        found = synth(artifact.verilog, "core", load_board("vcu128"), folder / "core")
        row |= {name: found.resources[name].value for name in ("lut", "ff")}
        curves = [
            counts["lut"] for name, counts in found.nodes.items() if name.endswith(("quadratic", "sine"))
        ]
        row["activations_lut"] = sum(curves)
    return row


if __name__ == "__main__":
    main()
