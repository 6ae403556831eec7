"""How long the main job takes, stage by stage and rung by rung: the demo, and one unrolled network.

    python benchmarks/main_job.py [--work FOLDER] [--times N]

Each is an ordinary `inrhw build` in a new folder; seconds come from its report.json, and those of all from a
clock beside it. Run it on an idle machine. Adds a row a build to benchmarks/results/main_job.json and prints
the tables of docs/measurements.md, of the fastest build of each.
"""

import argparse
import datetime
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from inrhw.base.files import read_json, write_json

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "main_job.json"


def options_of_the_demo() -> list[str]:
    """Return what scripts/demo gives to `inrhw build`."""
    line = (ROOT / "scripts" / "demo").read_text().replace("\\\n", " ").rpartition("inrhw build")[2]
    return [word for word in shlex.split(line) if word != "$@"]


def row_of(job: str, options: list[str], folder: Path) -> dict[str, Any]:
    """Build once, and return what it took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "inrhw", "build", *options, "-o", str(folder)], check=True)
    seconds = time.perf_counter() - start
    report = read_json(folder / "report.json", "inrhw report")
    return {
        "job": job,
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "verdict": report["verdict"],
        "all_s": round(seconds, 1),
        "stages_s": report["times_s"],
        "rungs_s": {rung["rung"]: rung["seconds"] for rung in report["verify"]},
    }


def table(rows: list[dict[str, Any]], key: str) -> str:
    """Return the seconds of each job's fastest build as Markdown."""
    jobs = {
        row["job"]: min((r for r in rows if r["job"] == row["job"]), key=lambda r: r["all_s"]) for row in rows
    }
    names = list(dict.fromkeys(name for row in jobs.values() for name in row[key]))
    lines = ["| job | " + " | ".join([*names, "all"]) + " |", "|" + "---|" * (len(names) + 2)]
    for job, row in jobs.items():
        cells = [f"{row[key][name]:.0f} s" if name in row[key] else "" for name in names]
        lines.append(f"| {job}, {row['date']} | " + " | ".join([*cells, f"{row['all_s']:.0f} s"]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Build, add rows, print tables of all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--times", type=int, default=1)
    asked = parser.parse_args()
    work = asked.work or Path(tempfile.mkdtemp(prefix="inrhw_main_job"))
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    jobs = {"demo": options_of_the_demo(), "unrolled": []}
    for again in range(asked.times):
        for job, options in jobs.items():
            rows.append(row_of(job, options, work / f"{job}{again}"))
            write_json(RESULTS, rows)
    for key in ("stages_s", "rungs_s"):
        print(table(rows, key), end="\n\n")


if __name__ == "__main__":
    main()
