"""The tables of docs/dhq.md, from what benchmarks/dhq.py and benchmarks/dhq_cost.py wrote.

python benchmarks/dhq_tables.py
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]

RESULTS = Path(__file__).parent / "results"

BITS = (8, 6, 5, 4, 3)
PTQ = ("uniform", "per-row", "dhq weights hidden", "dhq weights", "dhq both hidden", "dhq both")
QAT = ("uniform", "per-row", "dhq weights hidden", "dhq weights", "dhq both")


def main() -> None:
    """Print every table."""
    found = json.loads((RESULTS / "dhq.json").read_text())
    rows = {tuple(r[k] for k in ("when", "model", "varied", "bits", "scheme")): r for r in found["summary"]}
    models = list(found["float_db"])
    print(
        "In floating point:", ", ".join(f"{name} {db:.2f}" for name, db in found["float_db"].items()), "dB\n"
    )
    print("After training\n\n" + ptq(rows, models))
    print("\nIn training\n\n" + qat(rows, models))
    print("\nDistributions\n\n" + distributions(found["distributions"]))
    print("\nHardware\n\n" + cost(json.loads((RESULTS / "dhq_cost.json").read_text())))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(line)} |" for line in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def ptq(rows: dict[tuple[Any, ...], Row], models: Sequence[str]) -> str:
    """Return mean PSNR after training by network, bits and scheme."""
    lines = [
        [model, str(bits), *(f"{rows['ptq', model, 'all', bits, scheme]['psnr_db']:.2f}" for scheme in PTQ)]
        for model in models
        for bits in BITS
    ]
    return markdown(["", "bits", *PTQ], lines)


def qat(rows: dict[tuple[Any, ...], Row], models: Sequence[str]) -> str:
    """Return mean PSNR with quantization in training, and gain over a step a row, wins and runs."""
    lines = [
        [model, str(bits), *(trained(rows.get(("qat", model, "all", bits, scheme))) for scheme in QAT)]
        for model in models
        for bits in BITS
        if ("qat", model, "all", bits, PTQ[1]) in rows
    ]
    return markdown(["", "bits", *QAT], lines)


def trained(row: Row | None) -> str:
    """Return PSNR, gain, and in how many runs there was one."""
    if row is None:
        return ""
    if row["scheme"] == "per-row":
        return f"{row['psnr_db']:.2f}"
    return f"{row['psnr_db']:.2f} ({row['gain_db']:+.2f}, {row['wins']} of {row['runs']})"


def distributions(models: dict[str, list[Row]]) -> str:
    """Return kurtosis and peak before and after the rotation."""
    numbers = [(what, number) for what in ("weights", "inputs") for number in ("kurtosis", "peak")]
    lines = [
        [
            f"{model}, layer {k}",
            *(f"{row[f'{a}_{b}']:.1f} → {row[f'rotated_{a}_{b}']:.1f}" for a, b in numbers),
        ]
        for model, layers in models.items()
        for k, row in enumerate(layers, 1)
    ]
    return markdown(["", "weights: kurtosis", "peak", "inputs: kurtosis", "peak"], lines)


def cost(rows: Sequence[Row]) -> str:
    """Return what each design takes, and what it gains over uniform quantization."""
    columns = ["PSNR", "LUT", "FF", "DSP", "RAMB36", "clock, MHz", "latency", "nJ / pixel", "energy, to W24"]
    gains = ["gain, dB", "LUT added", "dB / 1000 LUT"]
    lines = []
    for row in rows:
        line = [row["network"], row["way"], f"{row['psnr_db']:.2f}"]
        line += [f"{row[name]:,}" for name in ("lut", "ff", "dsp", "bram")]
        line += [f"{row['fmax_mhz']:.0f}", str(row["latency"]), f"{row['dynamic_nj_nominal']:.3g}"]
        energy = row.get("less_than_24_bits_percent", {}).get("dynamic_nj_nominal")
        line += ["" if energy is None else f"{-energy:+.0f} %"]
        if "gain_db" in row:
            line += [f"{row['gain_db']:+.2f}", f"{row['more_lut_percent']:+.0f} %", str(row["gain_per_klut"])]
        else:
            line += ["", "", ""]
        lines.append(line)
    return markdown(["", "way", *columns, *gains], lines)


if __name__ == "__main__":
    main()
