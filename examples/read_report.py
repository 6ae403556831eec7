"""Print the main figures of a build, and fail when one is over a limit: for scripts and for CI."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path, help="a build folder with report.json")
parser.add_argument("--most", action="append", default=[], metavar="RESOURCE=NUMBER", help="such as lut=5000")
arguments = parser.parse_args()

report = json.loads((arguments.folder / "report.json").read_text())
resources = {name: figure["value"] for name, figure in report["resources"].items()}
psnr_db = report["psnr_db"]["rtl"]["value"]  # None until the Verilog was simulated, as every unknown value
print(f"verdict {report['verdict']}, " + ("PSNR unknown" if psnr_db is None else f"{psnr_db:.2f} dB"))
for name in ("lut", "ff", "dsp", "bram", "uram"):
    print(f"{name:5} {resources[name]:>8,}")

limits = dict(limit.split("=") for limit in arguments.most)
over = [
    f"{name} is {resources[name]:,}, more than {most}"
    for name, most in limits.items()
    if resources[name] > float(most)
]
if report["verdict"] != "pass" or over:
    raise SystemExit("; ".join(over) or "the core is not verified")
