"""Masters and sinks that know nothing of inrhw agree with the buses of its cores."""

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.banks import pictures
from support.cores import core, folded

from inrhw.artifact.artifact import Artifact, emit
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.registers.map import mapped_registers
from inrhw.lowering.folding import Folding, fold_banks
from inrhw.networks.architecture import Architecture
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.verification.simulator.run import run_tests
from inrhw.verification.simulator.simulation import available, build

pytestmark = pytest.mark.tools

DEADLINE_S = 120.0

EVERY_CORE = ["every_address", "back_to_back", "pauses"]


def controlled(folder: Path) -> Artifact:
    made = core("raster")
    return emit(made.graph, made.grid, folder, "core", control=True, window=True)


def loadable(folder: Path) -> Artifact:
    made = folded("raster", "loadable")
    return emit(made.graph, made.grid, folder, "core", control=True)


def of_pictures(folder: Path) -> Artifact:
    architecture = Architecture("quadinr", (4, 3), 3, hidden_features=4, hidden_layers=1)
    folding = Folding((Fold(2, 2), Fold(2, 2), Fold(1, 3)))
    graph = fold_banks(pictures(architecture, 3), folding, architecture.precision)
    return emit(graph, architecture.grid, folder, "core")


@pytest.mark.skipif(not available("icarus"), reason="icarus is not installed")
@pytest.mark.skipif(find_spec("cocotbext") is None, reason="cocotbext-axi is not installed")
@pytest.mark.parametrize(
    ("make", "tests"),
    [
        (controlled, [*EVERY_CORE, "interrupts"]),
        (loadable, [*EVERY_CORE, "interrupts", "weights"]),
        (of_pictures, EVERY_CORE),
    ],
)
def test_buses_do_what_the_register_map_says(
    make: Callable[[Path], Artifact], tests: list[str], tmp_path: Path
) -> None:
    artifact = make(tmp_path)
    registers = mapped_registers(Manifest.load(tmp_path))
    (tmp_path / "registers.json").write_text(json.dumps([asdict(register) for register in registers]))
    work = tmp_path / "build"
    simulation = build("icarus", [artifact.verilog], artifact.name, work, defines={}, deadline_s=DEADLINE_S)
    settings = {
        "INRHW_ARTIFACT": str(tmp_path),
        # The master writes at clock edges: only after all that they set off.
        "COCOTB_TRUST_INERTIAL_WRITES": "0",
        "COCOTB_LOG_LEVEL": "WARNING",
    }
    results = run_tests(
        simulation, "support.axi_masters", tests, work / "results", DEADLINE_S, settings=settings
    )
    failed = {result.name: result.message or "it never ended" for result in results if not result.passed}
    assert failed == {}
