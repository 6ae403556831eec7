"""Run the bench by hand: ``python -m inrhw.verification FOLDER``."""

import argparse
import sys
from pathlib import Path

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InrhwError
from inrhw.base.programs.stopping import ending, stoppable
from inrhw.verification.bench import ALL_TESTS, run_bench
from inrhw.verification.simulator.simulation import SIMULATORS, version


def main() -> int:
    """Run the bench on an artifact folder; return 0 when all tests passed."""
    parser = argparse.ArgumentParser(prog="python -m inrhw.verification", description=__doc__)
    parser.add_argument("folder", type=Path, help="artifact: manifest.json, vectors.npz and the Verilog")
    parser.add_argument("--simulator", choices=SIMULATORS, default="verilator")
    parser.add_argument(
        "--test",
        choices=ALL_TESTS,
        action="append",
        help="run only this test (repeatable)",
    )
    parser.add_argument("--beats", type=int, help="pixels a test checks (default: a whole frame)")
    parser.add_argument("--seed", type=int, default=0, help="of the random tests")
    parser.add_argument(
        "--waves", action="store_true", help="write the core's signals to waves.vcd (icarus only)"
    )
    parser.add_argument("--deadline", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument(
        "--verilog", type=Path, nargs="+", help="default: the Verilog that the manifest names"
    )
    parser.add_argument("--work", type=Path, help="build folder (default: FOLDER/build/rtl)")
    try:
        with stoppable():
            return _run(parser.parse_args())
    except InrhwError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        how, status = ending(interrupt)
        print(how, file=sys.stderr)
        return status


def _run(given: argparse.Namespace) -> int:
    work = given.work or given.folder / "build" / "rtl"
    sources = given.verilog or [given.folder / Manifest.load(given.folder).verilog]
    results = run_bench(
        given.simulator,
        sources,
        given.folder,
        work,
        tests=given.test,
        deadline_s=given.deadline,
        beats=given.beats,
        seed=given.seed,
        waves=given.waves,
    )
    print(version(given.simulator))
    for result in results:
        numbers = ", ".join(f"{name} {value}" for name, value in result.measurements.items())
        print(f"{'pass' if result.passed else 'FAIL'}  {result.name}  {result.message or numbers}")
    if given.waves:
        print(work / given.simulator / "results" / "waves.vcd")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
