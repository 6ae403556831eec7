"""Run cocotb tests on a built simulation and read their results."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import find_libpython
from cocotb_tools import config

from inrhw.base.errors import ToolFailed, ToolNotFound
from inrhw.base.files import bench_folder
from inrhw.base.programs.process import last_lines, run
from inrhw.verification.simulator.simulation import Simulation


@dataclass(frozen=True)
class BenchResult:
    """Result of one test of the bench.

    Parameters
    ----------
    name
        Name of the test.
    passed
        Whether it passed.
    message
        The mismatch, "" if none.
    measurements
        Numbers that the test measured, by name; see sim/README.md.
    """

    name: str
    passed: bool
    message: str
    measurements: dict[str, float | int]


def run_tests(
    simulation: Simulation,
    module: str,
    tests: list[str],
    output: Path,
    deadline_s: float,
    *,
    settings: Mapping[str, str],
    poll: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Run tests of modules in the bench folder.

    Parameters
    ----------
    simulation
        From `build`.
    module
        "bench", "bench_registers" or "self_test"; several with commas.
    tests
        Names of its tests.
    output
        Folder for logs, results and measurements; created.
    deadline_s
        Seconds after which the simulation is stopped.
    settings
        Environment variables for the module.
    poll
        Called about ten times a second.

    Returns
    -------
    One result for each test, in the order in which they ran.

    Raises
    ------
    ToolFailed
        The simulation ended before all tests had run.
    InrhwError
        The deadline passed.
    """
    output = output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    results = output / "results.xml"
    for old in (results, *(output / f"{test}.json" for test in tests)):
        old.unlink(missing_ok=True)
    environment = _environment(simulation, module, tests, results) | dict(settings)
    log = output / "simulation.log"
    run(
        simulation.name,
        simulation.command,
        output,
        log,
        deadline_s=deadline_s,
        environment=environment,
        poll=poll,
    )
    try:
        cases = list(ElementTree.parse(results).iter("testcase"))
        found = [_result(case, output) for case in cases]
    except (FileNotFoundError, ElementTree.ParseError, ValueError):  # missing, or cut off by a full disk
        found = []
    stopped = "COCOTB_MAX_FAILURES" in settings and not all(each.passed for each in found)
    if sorted(each.name for each in found) != sorted(tests) and not stopped:
        raise ToolFailed(simulation.name, log, last_lines(log))
    return found


def _result(case: ElementTree.Element, output: Path) -> BenchResult:
    name = str(case.get("name"))
    complaint = next((found for kind in ("failure", "error", "skipped") for found in case.iter(kind)), None)
    measured = output / f"{name}.json"
    return BenchResult(
        name,
        passed=complaint is None,
        message="" if complaint is None else complaint.get("message", complaint.tag),
        measurements=json.loads(measured.read_text()) if measured.exists() else {},
    )


def _environment(simulation: Simulation, module: str, tests: list[str], results: Path) -> dict[str, str]:
    libpython = find_libpython.find_libpython()
    if libpython is None:
        raise ToolNotFound("libpython", "use a Python built with --enable-shared, which cocotb needs")
    return {
        "GPI_USERS": f"{libpython};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(bench_folder()), *filter(None, sys.path)]),
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_TOPLEVEL": simulation.toplevel,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_TEST_FILTER": rf"\.({'|'.join(tests)})$",
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_REWRITE_ASSERTION_FILES": "",
    }
