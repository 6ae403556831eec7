"""How near the power model comes to published designs, from their resource counts and default toggle rates.

    python benchmarks/power.py --powergear powergear.csv

The file is PowerGear's data set of 785 designs (zlinaf/PowerGear, MIT licence) as a table with the columns
kernel, design, dynamic_mw, lut, ff, dsp and bram18; it is no part of this repository. Prints a row a point,
writes benchmarks/results/power.json and docs/power.svg. Points in whose view energies were chosen are marked
"fit": of them the ratio says how well they are met, not how well the model predicts.
"""

import argparse
import csv
import itertools
import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.base.files import write_atomically, write_json
from inrhw.estimates.power.energies import DEFAULT_RATES, STATIC_MW_PER_LUT
from inrhw.estimates.power.fpga import LEVELS, parts_mw
from inrhw.reports.chart import Axis, Chart

ROOT = Path(__file__).parents[1]

#: Nets a LUT or flip-flop in the U50 design, whose report counts both.
NETS_PER_CELL = 1_062_891 / (475_034 + 665_852)

VIVADO = dict.fromkeys(LEVELS, DEFAULT_RATES["low"])  # what a report without simulation assumes


@dataclass(frozen=True)
class Point:
    """A published power.

    Parameters
    ----------
    name, source
        What was measured, and who says so.
    published_mw
        In milliwatts.
    clock_mhz
        Its clock.
    used
        Its resources: "lut", "ff", "carry", "dsp", "bram", "uram", "lutram", "srl".
    fit
        Whether an energy was chosen in view of it.
    rates
        Toggles of a net in a clock, by level.
    static_luts
        LUTs of the part where its static power is included, else 0.
    """

    name: str
    source: str
    published_mw: float
    clock_mhz: float
    used: Mapping[str, float]
    fit: bool
    rates: Mapping[str, float]
    static_luts: int = 0

    def predicted_mw(self) -> dict[str, float]:
        """Return what the model says, by level."""
        switching = {level: switched(self.used, rate) for level, rate in self.rates.items()}
        parts = parts_mw(switching, self.clock_mhz)
        static = {level: mw * self.static_luts for level, mw in STATIC_MW_PER_LUT.items()}
        return {level: static[level] + sum(part[level] for part in parts.values()) for level in LEVELS}

    @property
    def ratio(self) -> float:
        """Nominal prediction against what was published."""
        return self.predicted_mw()["nominal"] / self.published_mw

    @property
    def in_band(self) -> bool:
        """Whether it is between low and high."""
        band = self.predicted_mw()
        return band["low"] <= self.published_mw <= band["high"]


def switched(used: Mapping[str, float], rate: float) -> dict[str, float]:
    """Return what switches in a clock if all nets toggle at one rate and all memories are enabled."""
    lut, ff, dsp = (used.get(name, 0) for name in ("lut", "ff", "dsp"))
    return {
        "lut toggle": rate * lut,
        "net toggle": rate * NETS_PER_CELL * (lut + ff),
        "ff clock": ff,
        "carry toggle": 8 * rate * used.get("carry", 0),
        "dsp clock": dsp,
        "dsp toggle": rate * dsp,
        **{f"{name} clock": used.get(name, 0) for name in ("bram", "uram", "lutram", "srl")},
    }


U50 = Point(
    "regex engine, all but HBM, PCIe and GTY",
    "Vivado report in a public README; Alveo U50, vectorless",
    1235 + 3132 + 137 + 2464 + 1532 + 421 + 72 + 29,
    180,
    {"lut": 475_034, "ff": 665_852, "carry": 17_768, "bram": 412.5, "lutram": 8613, "srl": 4421},
    True,
    VIVADO,
)
BUTTERFLY = [
    Point(
        f"Butterfly BE-{k}, DSP only", "XPE, VCU128; MICRO'22, sec. VI-H", mw, 200, {"dsp": dsp}, True, VIVADO
    )
    for k, mw, dsp in ((40, 338, 640), (120, 1437, 1920))
]
MSM = Point(
    "hardcaml MSM, all of it with static",
    "measured VCCINT, AWS F1 (VU9P)",
    52_000,
    278,
    {"lut": 387_166, "ff": 732_725, "dsp": 2999, "bram": 420.5, "uram": 463},
    False,
    DEFAULT_RATES,
    1_182_240,
)
STATIC = Point(
    "static of XCZU9EG, middle of 310 to 1020 mW",
    "measured, ZCU102; PowerGear",
    (310 * 1020) ** 0.5,
    100,
    {},
    False,
    DEFAULT_RATES,
    274_080,
)

#: Cores, measured watts, LUT, FF, DSP and URAM of hardcaml's NTT on a Varium C1100 at 200 MHz.
NTT = (
    (8, 16.97, 107_291, 141_006, 260, 48),
    (16, 18.19, 126_422, 156_149, 512, 96),
    (32, 21.13, 166_488, 184_436, 1028, 192),
    (64, 27.70, 265_523, 246_385, 2052, 384),
)


def ntt() -> list[Point]:
    """Return what each doubling of the cores adds: the shell and the static power drop out."""
    points = []
    for (cores, watts, *few), (more, more_watts, *many) in itertools.pairwise(NTT):
        added = dict(
            zip(("lut", "ff", "dsp", "uram"), (b - a for a, b in zip(few, many, strict=True)), strict=True)
        )
        name = f"hardcaml NTT, {cores} to {more} cores"
        source = "measured board power, Varium C1100"
        points.append(Point(name, source, 1000 * (more_watts - watts), 200, added, True, DEFAULT_RATES))
    return points


def powergear(path: Path) -> dict[str, list[Point]]:
    """Return the designs of each kernel."""
    kernels = defaultdict(list)
    with path.open() as lines:
        for row in csv.DictReader(lines):
            used = {name: float(row[name]) for name in ("lut", "ff", "dsp")} | {
                "bram": float(row["bram18"]) / 2
            }
            source = "measured dynamic power, ZCU102; resources as HLS estimates them; PowerGear"
            point = Point(row["design"], source, float(row["dynamic_mw"]), 100, used, False, DEFAULT_RATES)
            kernels[row["kernel"]].append(point)
    return dict(kernels)


def row_of(point: Point) -> dict[str, Any]:
    """Return a point as the results hold it."""
    return {
        "point": point.name,
        "source": point.source,
        "fit": point.fit,
        "designs": 1,
        "published_mw": round(point.published_mw, 2),
        "predicted_mw": {level: round(mw, 1) for level, mw in point.predicted_mw().items()},
        "ratio": round(point.ratio, 2),
    }


def row_of_kernel(kernel: str, points: Sequence[Point]) -> dict[str, Any]:
    """Return the median design of a kernel, and the spread of the ratios of all."""
    ratios = sorted(point.ratio for point in points)
    predicted = [point.predicted_mw() for point in points]
    return {
        "point": f"PowerGear {kernel}, median of {len(points)} designs",
        "source": points[0].source,
        "fit": False,
        "designs": len(points),
        "published_mw": round(statistics.median(point.published_mw for point in points), 2),
        "predicted_mw": {level: round(statistics.median(p[level] for p in predicted), 1) for level in LEVELS},
        "ratio": round(statistics.median(ratios), 2),
        "ratio_5_to_95_percent": [round(quantile(ratios, q), 2) for q in (0.05, 0.95)],
    }


def quantile(ordered: Sequence[float], q: float) -> float:
    """Return a quantile of sorted values."""
    return ordered[round(q * (len(ordered) - 1))]


def summary(ratios: Sequence[float], inside: Sequence[bool]) -> dict[str, Any]:
    """Return how many points there are, how far off, and which part is within 2 and in the band."""
    factors = [max(ratio, 1 / ratio) for ratio in ratios]
    return {
        "points": len(ratios),
        "median_ratio": round(statistics.median(ratios), 2),
        "median_factor": round(statistics.median(factors), 2),
        "factor_of_90_percent": round(quantile(sorted(factors), 0.9), 1),
        "worst_factor": round(max(factors), 1),
        "within_2": round(sum(factor <= 2 for factor in factors) / len(factors), 2),
        "in_band": round(sum(inside) / len(inside), 2),
    }


def summary_of_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `summary` of rows of the results."""
    inside = [
        row["predicted_mw"]["low"] <= row["published_mw"] <= row["predicted_mw"]["high"] for row in rows
    ]
    return summary([row["ratio"] for row in rows], inside)


def plot(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return predicted against published power as SVG, with bands and lines at once, twice and half."""
    chart = Chart("", Axis(LEAST, MOST, 70, 620, log=True), Axis(LEAST, MOST, 420, 20, log=True))
    lines = []
    for factor, style in ((1, "one"), (2, "two"), (0.5, "two")):
        start, end = max(LEAST, LEAST / factor), min(MOST, MOST / factor)
        lines.append(
            f'<path class="{style}" d="{chart.path([(start, start * factor), (end, end * factor)])}"/>'
        )
    for tick in chart.x.ticks:
        lines.append(f'<text x="{chart.x.at(tick)}" y="440" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="62" y="{chart.y.at(tick) + 4:g}" text-anchor="end">{tick:g}</text>')
    for row in rows:
        x, band = row["published_mw"], row["predicted_mw"]
        style = "fit" if row["fit"] else "free"
        lines.append(f'<path class="{style}" d="{chart.path([(x, band["low"]), (x, band["high"])])}"/>')
        dot = chart.mark(x, band["nominal"], row["point"])
        place = f'cx="{dot.x}" cy="{dot.y}" r="4"'
        lines.append(f'<circle class="{style}" {place}><title>{dot.words}</title></circle>')
    return SVG.format(lines="\n".join(lines))


#: Ends of both axes, in milliwatts.
LEAST, MOST = 5, 100_000

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" font-family="sans-serif">
<style>
path {{ fill: none; stroke: #999 }} .two {{ stroke-dasharray: 4 4 }} text {{ fill: #566170; font-size: 12px }}
.fit {{ stroke: #c2570c; fill: #fff }} .free {{ stroke: #1f5fbf; fill: #1f5fbf }}
</style>
<rect width="640" height="480" fill="#fff"/>
{lines}
<text x="345" y="466" text-anchor="middle">published, mW</text>
<text x="18" y="220" text-anchor="middle" transform="rotate(-90 18 220)">predicted, mW</text>
</svg>
"""


def main() -> None:
    """Write the table and the plot."""
    parser = argparse.ArgumentParser(description="Predicted against published power.")
    parser.add_argument("--powergear", type=Path, required=True, help="table of PowerGear's 785 designs")
    kernels = powergear(parser.parse_args().powergear)
    points = [U50, *BUTTERFLY, *ntt(), MSM, STATIC]
    rows = [row_of(point) for point in points]
    rows += [row_of_kernel(kernel, designs) for kernel, designs in sorted(kernels.items())]
    for row in rows:
        print(json.dumps(row))
    every = [point for designs in kernels.values() for point in designs]
    strong = [point for point in every if point.published_mw > 100]
    found = {
        "fit": summary_of_rows([row for row in rows if row["fit"]]),
        "not_fit": summary_of_rows([row for row in rows if not row["fit"]]),
        "single_designs_of_powergear": summary([p.ratio for p in every], [p.in_band for p in every]),
        "of_those_over_100_mw": summary([p.ratio for p in strong], [p.in_band for p in strong]),
    }
    print(json.dumps(found, indent=2))
    write_json(ROOT / "benchmarks" / "results" / "power.json", {"summary": found, "rows": rows})
    write_atomically(ROOT / "docs" / "power.svg", plot(rows).encode())


if __name__ == "__main__":
    main()
