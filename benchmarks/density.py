"""LUTs of the unrolled core of the first default build, step by step.

    python benchmarks/density.py [--digits-loss 0 0.1 0.2] [--guard-bits none 2 1 0] [--operands 2 3]
        [--work FOLDER]

Trains the network on the built-in picture, and with weights of fewer signed digits and with guard bits; emits
each with adders of two and of three operands, and synthesizes it for vcu128. Prints a row a core and puts it
into benchmarks/results/density.json, in the place of that of the same core.
"""

import argparse
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from inrhw import Architecture, Precision, Training, builtin_picture, load_board
from inrhw.artifact.artifact import emit
from inrhw.base.files import read_json, write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.lowering.integer_graph import lower
from inrhw.networks.training.fitted import Fitted
from inrhw.synthesis.synthesis import synth

RESULTS = Path(__file__).parent / "results" / "density.json"

#: What a core is known by.
CORE = ("digits_loss", "guard_bits", "operands")


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits-loss", nargs="+", type=float, default=[0, 0.1, 0.2], help="dB")
    parser.add_argument("--guard-bits", nargs="+", default=["none", "2", "1", "0"])
    parser.add_argument("--operands", nargs="+", type=int, default=[2, 3])
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_density"))
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for loss, bits in itertools.product(options.digits_loss, options.guard_bits):
        guard_bits = None if bits == "none" else int(bits)
        folder = options.work / f"digits_{loss:g}_guard_{bits}"
        for row in measured(loss, guard_bits, options.operands, folder):
            print(json.dumps(row), flush=True)
            rows = [other for other in rows if any(other[name] != row[name] for name in CORE)] + [row]
            write_json(RESULTS, rows)


def measured(
    digits_loss: float, guard_bits: int | None, operands_of_adders: Sequence[int], folder: Path
) -> Iterator[dict[str, object]]:
    """Yield a row for the network with adders of each number of operands."""
    architecture = Architecture("quadinr", (64, 64), 3, precision=Precision(guard_bits=guard_bits))
    training = Training(digits_loss=digits_loss)
    BuildFolder(folder).run(Fit([builtin_picture((64, 64))], [architecture], training))
    model, found = Fitted.load(folder).model, read_json(folder / "fit.json", "inrhw fit")
    for operands in operands_of_adders:
        core = folder / f"operands_{operands}"
        shutil.rmtree(core, ignore_errors=True)
        artifact = emit(lower(model, operands=operands), architecture.grid, core, "core")
        netlist = synth(artifact.verilog, "core", load_board("vcu128"), core)
        yield {
            "digits_loss": digits_loss,
            "guard_bits": guard_bits,
            "signed_digits": found["signed_digits"],
            "psnr_db": round(found["psnr_db"]["quantized"], 2),
            "operands": operands,
            "latency": artifact.core.latency,
            **{name: netlist.resources[name].value for name in ("lut", "lut6_2", "srl", "ff", "carry")},
            "fmax_mhz": netlist.timing.fmax_mhz.value,
        }


if __name__ == "__main__":
    main()
