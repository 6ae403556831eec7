"""Cores of each kind of signal, of its built-in example, with tiles or not: likeness, resources, rate, time.

    python benchmarks/signals.py [--work FOLDER]

Each is an ordinary `inrhw build`, verified down to the netlist; the rows come from its report.json and
stages.json. Writes benchmarks/results/signals.json and prints the table of docs/signals.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from inrhw.base.files import read_json, write_json

RESULTS = Path(__file__).parent / "results" / "signals.json"

_SMALL = "--hidden-features 16 --hidden-layers 1 --initiation-interval 4"

#: What is built: kinds and options. With tiles these are docs/tiles.md.
BUILDS = (
    (
        "sound",
        "--model siren --hidden-features 64 --hidden-layers 1 --steps 1500 --initiation-interval 32 "
        "--first-weight-bits 16",
    ),
    ("video", "--hidden-features 32 --initiation-interval 16"),
    ("volume", "--hidden-features 24 --initiation-interval 8"),
    ("shape", "--hidden-features 24 --initiation-interval 8"),
    ("shape", "--model siren --hidden-features 24 --initiation-interval 8"),
    ("sound", f"--model siren --tiles 512 --steps 1500 {_SMALL}"),
    ("video", f"--tiles 8x8x8 {_SMALL}"),
    ("volume", f"--tiles 10x10x10 {_SMALL}"),
)


def row_of(kind: str, options: str, folder: Path) -> dict[str, Any]:
    """Build a core, and return what its report says."""
    command = ["build", "--kind", kind, *options.split(), "-o", str(folder)]
    subprocess.run([sys.executable, "-m", "inrhw", *command], check=True)
    report = read_json(folder / "report.json", "inrhw report")
    measures = ["psnr_db", *report["signal"]["measures"]]
    return {
        "kind": kind,
        "options": options,
        "size": report["core"]["size"],
        "layers": report["model"]["layers"],
        **({"tile": report["tiles"]["tile"]} if "tiles" in report else {}),
        "verdict": report["verdict"],
        **{
            f"{name}_{model}": report[name][model]["value"]
            for name in measures
            for model in ("float", "quantized", "rtl")
        },
        **{name: report["resources"][name]["value"] for name in ("lut", "ff", "dsp", "bram")},
        "msamples_per_s": report["throughput"]["msamples_per_s"]["value"],
        "fit_s": report["times_s"]["fit"],
        "seconds": round(sum(report["times_s"].values()), 1),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown: PSNR and the kind's own measures, float and RTL."""
    titles = ["signal", "network", "PSNR, float", "RTL", "own measures, RTL", "LUT", "FF", "DSP", "BRAM"]
    titles += ["Msample/s", "fit", "all"]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        own = ", ".join(
            f"{name.removesuffix('_rtl')} {value:.3g}"
            for name, value in row.items()
            if name.endswith("_rtl") and name != "psnr_db_rtl" and value is not None
        )
        lines.append(
            f"| {row['kind']} {row['size']} | {row['layers']} {row.get('tile', '')} | "
            f"{row['psnr_db_float']:.2f} | {row['psnr_db_rtl']:.2f} | {own} | {row['lut']:,.0f} | "
            f"{row['ff']:,.0f} | {row['dsp']:.0f} | "
            f"{row['bram']:g} | {row['msamples_per_s']:.3g} | {row['fit_s']:.0f} s | {row['seconds']:.0f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Build what is not in the results, and print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "inrhw_signals")
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    rows = [row for row in rows if (row["kind"], row["options"]) in BUILDS]
    for number, (kind, build) in enumerate(BUILDS):
        if not any((row["kind"], row["options"]) == (kind, build) for row in rows):
            rows.append(row_of(kind, build, options.work / f"{kind}{number}"))
            write_json(RESULTS, rows)
    print(table(rows))


if __name__ == "__main__":
    main()
