"""The bench flips bits in the memories of a simulated core that is protected, and finds one that is not."""

import re
from pathlib import Path

import pytest

from inrhw.artifact.artifact import Artifact, emit
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.lowering.folding import Fold, Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.verification import bench
from inrhw.verification.bench import COUNT_TEST, ERROR_TEST, REPAIR_TEST, TESTS, TILE_TEST, run_bench
from inrhw.verification.rungs import check_measured

pytestmark = pytest.mark.tools

RUN = (TESTS[0], REPAIR_TEST)


def emitted(folder: Path, weights: str, weight_ecc: str) -> Artifact:
    precision = Precision(6, 6, 7)
    architecture = Architecture("quadinr", (7, 5), 3, 6, 1, precision=precision)
    folding = Folding((Fold(2, 2), Fold(3, 2), Fold(1, 3)), weights, weight_ecc=weight_ecc)
    graph = fold(lower(INR(architecture).quantized()), folding, precision)
    return emit(graph, architecture.grid, folder, "core", control=True)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return emitted(tmp_path_factory.mktemp("scrub"), "loadable", "scrub")


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


def test_single_tiles_are_loaded_between_frames_shorter_than_a_repair(tmp_path: Path) -> None:
    model = network_of(TiledArchitecture("siren", (16,), 1, 3, 0, tile=(2,)), seed=3).quantized()
    folding = Folding((Fold(2, 1), Fold(1, 2)), "loadable", weight_ecc="scrub")
    core = emit(graph_of([model], folding, 2, window=False), grid_of([model]), tmp_path, "core")
    (result,) = run_bench(
        "verilator", [core.verilog], tmp_path, tmp_path / "sim", tests=[TILE_TEST], deadline_s=200
    )
    assert result.passed, result.message


@pytest.mark.parametrize("weights", ["loadable", "rom"])
@pytest.mark.parametrize("weight_ecc", ["ecc", "top3"])
def test_frames_with_a_word_that_is_wrong_are_counted(tmp_path: Path, weights: str, weight_ecc: str) -> None:
    core = emitted(tmp_path, weights, weight_ecc)
    assert ERROR_TEST in bench.tests_of(Manifest.load(tmp_path))
    run = [TESTS[0], COUNT_TEST, ERROR_TEST]
    results = run_bench("verilator", [core.verilog], core.folder, core.folder / "sim", tests=run)
    assert all(result.passed for result in results), results
    told = next(result for result in results if result.name == ERROR_TEST)
    assert told.measurements["flips"] > 3


def test_a_core_that_tells_no_errors_is_found(tmp_path: Path) -> None:
    core = emitted(tmp_path, "loadable", "ecc")
    text = core.verilog.read_text()
    broken = tmp_path / "broken.v"
    broken.write_text(re.sub(r"= errors \| \\errors\$\d+ ;", "= 2'h0;", text, count=1))
    assert broken.read_text() != text
    (result,) = run_bench("verilator", [broken], core.folder, tmp_path / "sim", tests=[ERROR_TEST])
    assert not result.passed
