"""The bench on cores of WIRE's real layers: unrolled, folded, loadable, tiles; pairs on odd lanes too."""

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

ALONE = Architecture("wire_real", (8, 8), 3, 4, 1)
TILED = TiledArchitecture("wire_real", (8, 8), 1, 3, 1, tile=(4, 4))
FOLDS = (Fold(2, 2), Fold(3, 4), Fold(1, 2))


@pytest.mark.parametrize(
    ("architecture", "folding"),
    [
        (ALONE, None),
        (ALONE, Folding(FOLDS)),
        (ALONE, Folding(FOLDS, "loadable")),
        (TILED, Folding((Fold(1, 2), Fold(1, 1), Fold(1, 1)))),
    ],
    ids=["baked", "rom", "loadable", "tiles"],
)
def test_verilog_gives_the_integers(
    tmp_path: Path, architecture: Architecture, folding: Folding | None
) -> None:
    models = [network_of(architecture, seed=3).quantized()]
    made = emit(graph_of(models, folding, 2), grid_of(models), tmp_path, "pairs")
    manifest = Manifest.load(tmp_path)
    assert core_of(models, manifest).golden()[-1].tolist() == made.core.golden()[-1].tolist()
    results = run_bench("verilator", [made.verilog], tmp_path, tmp_path / "work")
    assert [result.message for result in results if not result.passed] == []
