from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.core.core import core_over
from inrhw.lowering.folding import Fold, Folding
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan_for
from inrhw.networks.architecture import Architecture
from inrhw.networks.shared import SharedINR, shared_architectures
from inrhw.networks.tiled import TiledArchitecture, TiledINR, network_of
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture

ONE = Architecture("quadinr", (8, 6), 3, hidden_features=4, hidden_layers=0, patch=(2, 3))
#: Patches divide the tiles that are cut at the border too.
TILED = TiledArchitecture("quadinr", (8, 6), 3, 4, 0, tile=(6, 4), patch=(2, 2))
SHARED_LAYERS = replace(TILED, hidden_layers=2, shared_layers=True, projection=True)
FOLDING = Folding((Fold(2, 2), Fold(2, 3)))
OF_SHARED = Folding((Fold(2, 2), Fold(2, 2), Fold(2, 2), Fold(2, 2)))


@pytest.mark.parametrize(
    ("architecture", "folding"),
    [(ONE, FOLDING), (TILED, FOLDING), (SHARED_LAYERS, OF_SHARED)],
    ids=["one network", "tiles", "layers that tiles share"],
)
@pytest.mark.parametrize("patch_order", [False, True])
def test_a_core_gives_every_sample_as_torch_renders_it(
    architecture: Architecture, folding: Folding, patch_order: bool
) -> None:
    model = network_of(architecture, seed=1).quantized()
    graph = graph_of([model], folding, 2)
    core = core_over(graph, grid_of([model]), patch=architecture.patch, patch_order=patch_order)
    (beats,) = core.golden()
    assert beats.shape[1] == core.beat.values
    assert (core.as_signal(beats, core.grid) == model.render()).all()


@pytest.mark.parametrize("architecture", [ONE, TILED], ids=["one network", "tiles"])
def test_training_makes_patches_alike(architecture: Architecture, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Picture("noise", values)

    def error(steps: int) -> float:
        fitted = fit(picture, architecture, Training(steps=steps, finetune=10))
        fitted.save(tmp_path)
        assert (Fitted.load(tmp_path).model.render() == fitted.model.render()).all()
        return float(np.square(fitted.model.render() - values.astype(float)).mean())

    assert error(200) < 0.6 * error(1)


def test_a_tile_alone_has_its_patches() -> None:
    whole = TiledINR(TILED, seed=2)
    alone = np.stack([each.render() for each in whole.each()])
    assert (whole.render()[:4, :6] == alone[0]).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scale": 2}, "so scale puts none between them; leave out scale, or patch, or train"),
        ({"patch": (3, 3)}, "patches of 3x3 do not divide 8x6 samples"),
        ({"tile": (5, 4)}, "patches of 2x2 do not divide 5x4 samples"),
    ],
)
def test_patches_that_cannot_be_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        replace(TILED, **changes)


@pytest.mark.parametrize(("patch_order", "sizes"), [(False, "8x4"), (True, "8x4"), (True, "4x6")])
def test_a_core_gives_the_patches_of_every_picture_that_shares_layers(patch_order: bool, sizes: str) -> None:
    pictures = [Picture.builtin("8x4"), Picture.builtin(sizes)]
    own = {"hidden_features": 4, "hidden_layers": 2, "patch": (2, 2)}
    models = [*SharedINR.of(shared_architectures(pictures, "quadinr", **own), seed=1).quantized()]
    core = core_over(graph_of(models, OF_SHARED, 2), grid_of(models), patch=(2, 2), patch_order=patch_order)
    for picture, (model, beats) in enumerate(zip(models, core.golden(), strict=True)):
        shown = core.as_signal(beats[core.frame(picture)], core.grids[picture])
        assert (shown == model.render()).all()


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        (("6x8", "6x4"), "line buffers are as wide as one size, and pictures with patches on one core have"),
        (("6x4",), "patches of 3x4 do not divide 6 samples, the longest side of all pictures"),
    ],
)
def test_pictures_whose_patches_differ_are_refused(sizes: tuple[str, ...], sentence: str) -> None:
    pictures = [Picture.builtin(size) for size in sizes]
    patch = (2, 2) if len(sizes) > 1 else (3, 4)
    with pytest.raises(InputError, match=sentence):
        plan_for(shared_architectures(pictures, "quadinr", patch=patch), Hardware(), load_board("vcu128"))
