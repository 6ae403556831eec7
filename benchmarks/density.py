"""LUTs of the unrolled core of the first default build, step by step.

    python benchmarks/density.py [--digits-loss 0 0.1 0.2] [--work FOLDER]

Trains the network on the built-in picture, and with weights of fewer signed digits; emits each with adders of
two and of three operands, and synthesizes it for vcu128. Prints a row a core and writes
benchmarks/results/density.json.
"""

import argparse
import json
import shutil
from pathlib import Path

from inrhw import Architecture, Training, builtin_picture, load_board
from inrhw.artifact.artifact import emit
from inrhw.base.files import read_json, write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.lowering.integer_graph import lower
from inrhw.networks.training.fitted import Fitted
from inrhw.synthesis.synthesis import synth


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits-loss", nargs="+", type=float, default=[0, 0.1, 0.2], help="dB")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_density"))
    options = parser.parse_args()
    rows = [row for loss in options.digits_loss for row in measured(loss, options.work / f"digits_{loss:g}")]
    write_json(Path(__file__).parent / "results" / "density.json", rows)


def measured(digits_loss: float, folder: Path) -> list[dict[str, object]]:
    """Return a row for the network with adders of two operands, and one with three."""
    architecture = Architecture("quadinr", (64, 64), 3)
    training = Training(digits_loss=digits_loss)
    BuildFolder(folder).run(Fit([builtin_picture((64, 64))], [architecture], training))
    model, found = Fitted.load(folder).model, read_json(folder / "fit.json", "inrhw fit")
    rows = []
    for operands in (2, 3):
        core = folder / f"operands_{operands}"
        shutil.rmtree(core, ignore_errors=True)
        artifact = emit(lower(model, operands=operands), architecture.grid, core, "core")
        netlist = synth(artifact.verilog, "core", load_board("vcu128"), core)
        row: dict[str, object] = {
            "digits_loss": digits_loss,
            "signed_digits": found["signed_digits"],
            "psnr_db": round(found["psnr_db"]["quantized"], 2),
            "operands": operands,
            "latency": artifact.core.latency,
            **{name: netlist.resources[name].value for name in ("lut", "lut6_2", "srl", "ff", "carry")},
            "fmax_mhz": netlist.timing.fmax_mhz.value,
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
