"""Run frame_bench.py on an emitted core in Icarus Verilog, by cocotb's own runner."""

import argparse
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from inrhw.artifact.manifest import Manifest

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("core", type=Path, help="folder of a core with --control")
parser.add_argument("--top", type=Path, help="Verilog around the core: a module called as its file")
arguments = parser.parse_args()

folder = arguments.core.resolve()
name = Manifest.load(folder).name
sources = [folder / f"{name}.v"]
settings = {"CORE": str(folder)}
top = name
if arguments.top:
    sources.append(arguments.top.resolve())
    top = arguments.top.stem
    settings["NEGATIVE"] = "1"

runner = get_runner("icarus")
runner.build(
    sources=sources,
    hdl_toplevel=top,
    build_dir=folder / "own_bench",
    always=True,
    defines={"CORE": name},  # to the Verilog around it
    timescale=("1ns", "1ps"),
)
results = runner.test(
    hdl_toplevel=top,
    test_module="frame_bench",
    test_dir=Path(__file__).parent,
    build_dir=folder / "own_bench",
    results_xml=str(folder / "own_bench" / "results.xml"),
    extra_env=settings,
)
tests, failed = get_results(results)
raise SystemExit(failed > 0 or tests == 0)
