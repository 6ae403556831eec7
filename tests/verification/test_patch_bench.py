"""The bench on cores that evaluate patches: by lines, of tiles and of two pictures, and a patch a beat."""

from dataclasses import replace
from pathlib import Path

import pytest

from inrhw.artifact.artifact import emit
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import core_of, graph_of, grid_of
from inrhw.lowering.folding import Fold, Folding
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.verification.bench import run_bench

pytestmark = pytest.mark.tools

TILED = TiledArchitecture("quadinr", (12, 8), 3, 3, 0, tile=(8, 6), patch=(4, 2))
ALONE = Architecture("quadinr", (12, 8), 1, 2, 0, patch=(4, 2))
PICTURES = [SharedArchitecture("quadinr", (12, 8), 3, 2, 2, patch=(4, 2))] * 2


def pictures(*others: tuple[int, int]) -> list[INR]:
    """Return the networks of two pictures of a size, or of one and of others."""
    several = [*PICTURES[: 1 if others else 2], *(replace(PICTURES[0], sides=sides) for sides in others)]
    side = max(max(each.sides) for each in several)
    return list(SharedINR.of([replace(each, side=side) for each in several], seed=3).quantized())


def alone(architecture: Architecture) -> list[INR]:
    return [network_of(architecture, seed=3).quantized()]


#: As fast as lines can leave, a pixel a clock; a patch of eight samples every clock.
CASES = [
    (alone(TILED), Folding((Fold(1, 2), Fold(8, 3))), False),
    (pictures(), Folding((Fold(1, 2), Fold(1, 2), Fold(1, 1), Fold(6, 1))), False),
    (alone(ALONE), None, True),
    (pictures((4, 6)), Folding((Fold(2, 2), Fold(2, 2), Fold(2, 2), Fold(24, 2))), True),
]


@pytest.mark.parametrize(
    ("models", "folding", "patch_order"), CASES, ids=["lines", "pictures", "beats", "sizes"]
)
def test_every_beat_comes_in_its_order_and_never_late(
    tmp_path: Path, models: list[INR], folding: Folding | None, patch_order: bool
) -> None:
    graph = graph_of(models, folding, 2)
    patch = models[0].architecture.patch
    made = emit(graph, grid_of(models), tmp_path, "patched", patch=patch, patch_order=patch_order)
    manifest = Manifest.load(tmp_path)
    assert core_of(models, manifest).golden()[-1].tolist() == made.core.golden()[-1].tolist()
    results = run_bench("verilator", [made.verilog], tmp_path, tmp_path / "work")
    assert [result.message for result in results if not result.passed] == []
    (latency,) = [v for k, v in results[0].measurements.items() if k.startswith("latency")]
    assert latency == manifest.latency
    assert results[0].measurements["initiation_interval"] == manifest.clocks_a_beat == 1
    assert manifest.beats == (12 if patch_order else 96)
