"""QuadINR's wave against every other activation, circuit by circuit: what it saves, and from what width on.

    inrhw activations --json > activations.json
    python benchmarks/activation_pairs.py activations.json

Of each function the circuit with the fewest LUTs counts (no DSP, over all numbers of stages), and of the
circuits within that precision the one that is through soonest, cycles over estimated clock. The paper
(QuadINR, arXiv 2508.14374) claims up to 97 % fewer resources and up to 93 % less latency than other
activations, without naming circuits, widths or baselines: the pairs here are ours. Prints a table for each
width, and writes benchmarks/results/activation_pairs.json.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inrhw.base.files import write_json

Row = dict[str, Any]

#: Most that a circuit may err, in units of the last place: about what one that rounds exactly does at 1.
PRECISION = 1.25


def main() -> None:
    """Print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="what `inrhw activations --json` printed")
    rows = json.loads(parser.parse_args().table.read_text())["rows"]
    found = [pair for bits in sorted({row["bits"] for row in rows}) for pair in pairs(rows, bits)]
    for pair in found:
        print(json.dumps(pair))
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    write_json(results / "activation_pairs.json", {"pairs": found})


def pairs(rows: list[Row], bits: int) -> list[Row]:
    """Return a line for each circuit of that width: the quadratic's best figures against its own."""
    usable = [
        row
        for row in rows
        if row["bits"] == bits and not row["dsp_allowed"] and row["lut"]["value"] and row["fmax_mhz"]["value"]
    ]
    precise = [row for row in usable if row["max_error"]["value"] <= PRECISION]
    ours = [row for row in precise if row["function"] == "quadratic"]
    if not ours:
        return []
    lut, latency = least(ours, lut_of), least(ours, latency_ns)
    return [
        {
            "bits": bits,
            "function": function,
            "implementation": implementation,
            "lut": least(its, lut_of),
            "latency_ns": round(least(its, latency_ns), 2),
            "max_error": max(row["max_error"]["value"] for row in its),
            "lut_saved_percent": saved(lut, least(its, lut_of)),
            "latency_saved_percent": saved(latency, least(its, latency_ns)),
        }
        for function, implementation in sorted({(row["function"], row["implementation"]) for row in usable})
        if (its := [row for row in usable if row["implementation"] == implementation])
    ]


def lut_of(row: Row) -> float:
    """Return the LUTs."""
    return float(row["lut"]["value"])


def latency_ns(row: Row) -> float:
    """Return cycles over the estimated clock."""
    return float(row["latency"]["value"] / row["fmax_mhz"]["value"] * 1e3)


def least(rows: list[Row], figure: Callable[[Row], float]) -> float:
    """Return the smallest of a figure."""
    return min(map(figure, rows))


def saved(ours: float, theirs: float) -> float:
    """Return by how many percent `ours` is less; negative if it is more."""
    return round(100 * (1 - ours / theirs), 1)


if __name__ == "__main__":
    main()
