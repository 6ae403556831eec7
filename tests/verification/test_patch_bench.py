"""The bench on cores that evaluate patches: by lines, with tiles and a pixel a clock, and a patch a beat."""

from pathlib import Path

import pytest

from inrhw.artifact.artifact import emit
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import core_of, graph_of, grid_of
from inrhw.lowering.folding import Fold, Folding
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.verification.bench import run_bench

pytestmark = pytest.mark.tools

TILED = TiledArchitecture("quadinr", (12, 8), 3, 3, 0, tile=(8, 6), patch=(4, 2))
#: Of four clocks a patch, and so a pixel a clock; a patch of twelve samples every clock.
CASES = [
    (TILED, Folding((Fold(1, 2), Fold(8, 3))), False),
    (Architecture("quadinr", (12, 8), 1, 2, 0, patch=(4, 2)), None, True),
]


@pytest.mark.parametrize(("architecture", "folding", "patch_order"), CASES, ids=["lines", "beats"])
def test_every_beat_comes_in_its_order_and_never_late(
    tmp_path: Path, architecture: Architecture, folding: Folding | None, patch_order: bool
) -> None:
    model = network_of(architecture, seed=3).quantized()
    graph = graph_of([model], folding, 2)
    patch = architecture.patch
    made = emit(graph, grid_of([model]), tmp_path, "patched", patch=patch, patch_order=patch_order)
    manifest = Manifest.load(tmp_path)
    assert core_of([model], manifest).golden()[0].tolist() == made.core.golden()[0].tolist()
    results = run_bench("verilator", [made.verilog], tmp_path, tmp_path / "work")
    assert [result.message for result in results if not result.passed] == []
    (latency,) = [v for k, v in results[0].measurements.items() if k.startswith("latency")]
    assert latency == manifest.latency
    assert results[0].measurements["initiation_interval"] == manifest.clocks_a_beat == 1
    assert manifest.beats == (12 if patch_order else 96)
