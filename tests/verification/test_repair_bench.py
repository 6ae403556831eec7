"""The bench flips bits in the memories of a simulated core that repairs them, and finds one that does not."""

from pathlib import Path

import pytest

from inrhw.artifact.artifact import Artifact, emit
from inrhw.lowering.folding import Fold, Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.verification.bench import REPAIR_TEST, TESTS, run_bench
from inrhw.verification.rungs import check_measured

pytestmark = pytest.mark.tools

RUN = (TESTS[0], REPAIR_TEST)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    precision = Precision(6, 6, 7)
    architecture = Architecture("quadinr", (7, 5), 3, 6, 1, precision=precision)
    folding = Folding((Fold(2, 2), Fold(3, 2), Fold(1, 3)), "loadable", weight_ecc="scrub")
    graph = fold(lower(INR(architecture).quantized()), folding, precision)
    return emit(graph, architecture.grid, tmp_path_factory.mktemp("scrub"), "core", control=True)


def test_frames_stay_right_while_bits_flip_and_each_is_counted(artifact: Artifact) -> None:
    results = run_bench("verilator", [artifact.verilog], artifact.folder, artifact.folder / "sim", tests=RUN)
    core = artifact.core
    assert check_measured("core", results, core.latency, core.initiation_interval) == core.latency
    repaired = next(result for result in results if result.name == REPAIR_TEST)
    assert repaired.measurements["flips"] == len(core.memories)


def test_a_core_that_repairs_nothing_is_found(artifact: Artifact, tmp_path: Path) -> None:
    text = artifact.verilog.read_text()
    assert "read ^ flip" in text
    broken = tmp_path / "broken.v"
    broken.write_text(text.replace("read ^ flip", "read"))
    (result,) = run_bench("verilator", [broken], artifact.folder, tmp_path, tests=[REPAIR_TEST])
    assert not result.passed
