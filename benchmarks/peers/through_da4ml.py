"""A network of integers as da4ml's pipeline. `density_peers.py` runs this where da4ml is installed.

    python through_da4ml.py network.npz FOLDER CUTOFF

Writes FOLDER/src with the Verilog of module "peer", FOLDER/outputs.npy with what da4ml's own interpreter
gives for the inputs in network.npz, and FOLDER/stages.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
from da4ml.codegen import RTLModel
from da4ml.trace import FixedVariableArray, comb_trace, to_pipeline
from da4ml.trace.ops import quantize


def main(network: Path, folder: Path, cutoff: float) -> None:
    """Trace the layers, cut the result into stages, write it."""
    given = np.load(network)
    x = given["inputs"]
    bits = int(given["input_bits"]) * np.ones(x.shape[1], int)
    inputs = FixedVariableArray.from_kif(np.ones_like(bits), bits - 1, np.zeros_like(bits))
    vector = inputs
    for k in range(int(given["layers"])):
        scale = 2.0 ** -int(given[f"shift{k}"])
        sums = (vector @ given[f"weight{k}"].T.astype(float) + given[f"bias{k}"].astype(float)) * scale
        width = int(given[f"width{k}"])
        if f"table{k}" in given:
            table = given[f"table{k}"].astype(float)
            phases = quantize(sums, 0, width, 0, "WRAP", "TRN")
            vector = FixedVariableArray(np.array([phase.lookup(table) for phase in phases._vars]))
        else:
            vector = quantize(sums, 0, width, 0, "SAT", "TRN")
    logic = comb_trace(inputs, vector)
    pipeline = to_pipeline(logic, cutoff, verbose=False)
    RTLModel(pipeline, "peer", folder).write()
    np.save(folder / "outputs.npy", logic.predict(x.astype(float)))
    (folder / "stages.json").write_text(json.dumps(len(pipeline.solutions)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
