"""How many clocks a second the bench simulates and checks.

``python benchmarks/cosim_speed.py FOLDER [SIMULATOR]``; FOLDER is an artifact. The first run builds, the
others only simulate.
"""

import sys
import tempfile
import time
from pathlib import Path

from inrhw.artifact.manifest import Manifest
from inrhw.verification.bench import run_bench
from inrhw.verification.simulator.selftest import self_test
from inrhw.verification.simulator.simulation import version


def main(folder: Path, simulator: str) -> None:
    """Print build time, and cycles a second of every test, the start of Python included."""
    self_test(simulator)
    sources = [folder / Manifest.load(folder).verilog]
    with tempfile.TemporaryDirectory() as work:
        start = time.perf_counter()
        results = run_bench(simulator, sources, folder, Path(work))
        first = time.perf_counter() - start
        print(f"{version(simulator)}: build and all tests {first:.2f} s")
        for result in results:
            start = time.perf_counter()
            (again,) = run_bench(simulator, sources, folder, Path(work), tests=[result.name])
            seconds = time.perf_counter() - start
            cycles = again.measurements["cycles"]
            print(f"{result.name}: {cycles} cycles in {seconds:.2f} s, {cycles / seconds:.0f} cycles/s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "verilator")
