"""Run the cocotb bench in `sim/` on Verilog, under Verilator or Icarus Verilog.

`run_bench` is the whole of it: build (skipped when nothing changed), run, results.
"""

from inrhw.simulator.bench import (
    CHOOSE_TEST,
    CONTROL_TEST,
    LOAD_TEST,
    MOVE_TEST,
    TESTS,
    read_manifest,
    run_bench,
)
from inrhw.simulator.build import SIMULATORS, available, bench_folder, version
from inrhw.simulator.run import BenchResult
from inrhw.simulator.selftest import self_test

__all__ = [
    "CHOOSE_TEST",
    "CONTROL_TEST",
    "LOAD_TEST",
    "MOVE_TEST",
    "SIMULATORS",
    "TESTS",
    "BenchResult",
    "available",
    "bench_folder",
    "read_manifest",
    "run_bench",
    "self_test",
    "version",
]
