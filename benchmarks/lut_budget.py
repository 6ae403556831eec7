"""What `--layer-bits auto` chooses within LUTs: alone, with a guard bit, and with fewer digits counted in.

    python benchmarks/lut_budget.py kodim03.png kodim07.png kodim10.png

Trains the default network once for each picture at 64x64, and chooses bits for it within each number of LUTs.
LUTs are those of the cost model for the trained weights, on vcu128. Rows that
benchmarks/results/lut_budget.json has already are not measured again.
"""

import argparse
import copy
import itertools
import json
from dataclasses import replace
from pathlib import Path

from inrhw import Architecture, Precision, Training, fit, load_board, load_picture
from inrhw.base.files import write_json
from inrhw.lowering.cost import graph_cost
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.lut_budget import LutBudget
from inrhw.networks.inr import INR
from inrhw.signals.likeness import psnr_db

RESULTS = Path(__file__).parent / "results" / "lut_budget.json"
SIZE = (64, 64)
MOST_LUTS = (5000, 6000, 7000, 8000)

#: Guard bits, and dB for fewer digits.
WAYS = ((None, 0.0), (1, 0.0), (None, 0.1))


def luts(model: INR) -> int:
    """Return the LUTs of a network with its weights."""
    parts = graph_cost(lower(model), model.architecture.grid, "raster")
    return round(sum(part.lut for part in parts.values()))


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    known = {(row["picture"], row["max_lut"], row["guard_bits"], row["digits_loss"]) for row in rows}
    board = load_board("vcu128")
    for path in options.pictures:
        picture = load_picture(path, SIZE)
        plain = Architecture("quadinr", SIZE, picture.channels)
        trained = fit(picture, plain, Training(options.steps, finetune=0)).float_model
        for most, (guard_bits, digits_loss) in itertools.product(MOST_LUTS, WAYS):
            if (path.name, most, guard_bits, digits_loss) in known:
                continue
            start = copy.deepcopy(trained)
            precision = Precision(layer_bits="auto", guard_bits=guard_bits)
            start.architecture = replace(plain, precision=precision)
            budget = LutBudget(Hardware(weights="baked", max_lut=most), board, digits_loss)
            training = Training(options.steps, digits_loss=digits_loss)
            found = fit(picture, start.architecture, training, start=start, budget=budget)
            assert found.allotment
            row = {
                "picture": path.name,
                "max_lut": most,
                "guard_bits": guard_bits,
                "digits_loss": digits_loss,
                "layer_bits": found.allotment.layer_bits,
                "predicted": found.allotment.used,
                "lut": luts(found.model),
                "db": round(psnr_db(picture.values, found.model.render()), 2),
            }
            print(row, flush=True)
            write_json(RESULTS, rows := [*rows, row])


if __name__ == "__main__":
    main()
