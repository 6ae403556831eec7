"""A core over whose tiles a window moves: from integers and torch to the bench."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inrhw.artifact.artifact import Artifact, emit
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import core_of, graph_of, grid_of
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.progress import silent
from inrhw.core.core import core_over
from inrhw.lowering.folding import Fold, Folding
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, TiledINR, network_of
from inrhw.signals.window import FRAC, Window
from inrhw.verification.bench import MOVE_TEST, TESTS, TILE_TEST, run_bench
from inrhw.verification.bench import tests_of as applying_tests
from inrhw.verification.rungs import check_nodes, check_torch
from inrhw.verification.simulator.simulation import available

QUICK = "icarus" if available("icarus") else "verilator"

#: Tiles of which those at the right and lower border are cut.
CUT = TiledArchitecture("quadinr", (7, 5), 3, 3, 0, tile=(3, 2))
SHARED = replace(CUT, hidden_layers=1, shared_layers=True)

#: A pixel a clock, and one every three.
WHOLE, SLOW = Folding((Fold(3, 2), Fold(3, 3))), Folding((Fold(1, 2), Fold(1, 3)))
LOADABLE = replace(SLOW, weights="loadable")
LOADABLE_SHARED = Folding((Fold(1, 2), Fold(1, 3), Fold(1, 3)), "loadable")

each_core = pytest.mark.parametrize(
    ("architecture", "folding", "control"),
    [
        (CUT, WHOLE, False),
        (CUT, SLOW, True),
        (CUT, replace(SLOW, weight_ecc="ecc"), False),
        (replace(CUT, precision=Precision(first_weight_bits=4)), SLOW, False),
        (CUT, LOADABLE, False),
        (SHARED, Folding((Fold(3, 2), Fold(3, 3), Fold(3, 3))), False),
        (SHARED, LOADABLE_SHARED, True),
        (replace(CUT, tile=(4, 4), leaves="12222110110"), SLOW, True),
        (replace(CUT, model="relu_pe"), Folding((Fold(2, 2), Fold(2, 8), Fold(1, 3))), False),
    ],
    ids=["whole", "slow", "ecc", "coarse", "loadable", "shared", "shared_loadable", "leaves", "encoded"],
)


def network(architecture: TiledArchitecture) -> INR:
    return network_of(architecture, seed=3).quantized()


def written(
    folder: Path, architecture: TiledArchitecture, folding: Folding, *, control: bool = False
) -> tuple[INR, Artifact]:
    """Return the network and its core, whose encoding has as many rows as it needs."""
    model = network(architecture)
    if architecture.encoding:
        rows = len(architecture.encoding.weight)
        folding = replace(folding, layers=(Fold(2, 2), Fold(1, rows), *folding.layers[2:]))
    graph = graph_of([model], folding, 2, window=True)
    return model, emit(graph, grid_of([model]), folder, "core", control=control, window=True)


@each_core
def test_all_rungs_in_python_agree_on_every_window(
    architecture: TiledArchitecture, folding: Folding, control: bool, tmp_path: Path
) -> None:
    model, artifact = written(tmp_path, architecture, folding, control=control)
    core = artifact.core
    windows = np.load(artifact.vectors)["windows"]
    assert check_torch(artifact, [model]).vectors == 35 * (1 + len(windows))
    assert check_nodes(artifact, silent).vectors > 35
    rendered = model.render().reshape(-1, 3)
    assert (core.in_window(Window.whole(core.grid)) == rendered).all()
    assert (core.golden()[0] == rendered).all()
    manifest = Manifest.load(tmp_path)
    assert manifest.window is not None and manifest.window.pause == 0
    again = core_of([model], manifest)
    assert again.latency == core.latency == manifest.latency
    with np.load(artifact.vectors) as vectors:
        windows = [Window(*numbers) for numbers in vectors["windows"].tolist()]
        assert len(windows) >= 5
        for window, pixels in zip(windows, vectors["window_pixels"], strict=True):
            assert (again.in_window(window) == pixels).all()
    assert core.tiled_window
    tiles = [set(core.tiled_window.located(window)[0].tolist()) for window in windows]
    assert architecture.leaves or set(range(9)) in tiles
    assert any(len(met) == (3 if architecture.leaves else 4) for met in tiles)


@pytest.mark.tools
@each_core
def test_the_bench_moves_the_window_of_the_verilog(
    architecture: TiledArchitecture, folding: Folding, control: bool, tmp_path: Path
) -> None:
    _, artifact = written(tmp_path, architecture, folding, control=control)
    applying = applying_tests(Manifest.load(tmp_path))
    tests = [test for test in (*TESTS, MOVE_TEST, TILE_TEST) if test in applying]
    results = run_bench(QUICK, [artifact.verilog], tmp_path, tmp_path / "work", tests=tests)
    assert {result.name: result.message for result in results} == dict.fromkeys(tests, "")
    measured = results[0].measurements
    assert measured["latency_from_reset"] == artifact.core.latency
    assert measured["initiation_interval"] == artifact.core.initiation_interval


@pytest.mark.tools
def test_a_seam_that_is_a_place_too_far_is_found(tmp_path: Path) -> None:
    """In the Verilog: a point on a seam belongs to the tile before it."""
    _, artifact = written(tmp_path, CUT, WHOLE)
    text = artifact.verilog.read_text()
    begin = text.index("module core__raster(")
    end = text.index("endmodule", begin)
    wrong = text[begin:end].replace("$signed(rest0_1) >= ", "$signed(rest0_1) > ")
    assert wrong != text[begin:end]
    (tmp_path / "wrong.v").write_text(text[:begin] + wrong + text[end:])
    results = run_bench(QUICK, [tmp_path / "wrong.v"], tmp_path, tmp_path / "work", tests=[MOVE_TEST])
    assert not results[0].passed


def test_a_wrong_pixel_of_a_window_is_found_by_torch(tmp_path: Path) -> None:
    model, artifact = written(tmp_path, CUT, WHOLE)
    vectors = dict(np.load(artifact.vectors))
    vectors["window_pixels"][3, 4, 1] ^= 1
    np.savez(artifact.vectors, **vectors)
    with pytest.raises(Mismatch, match=r"torch against the golden vectors of Window\(.*vector 4, lane 1"):
        check_torch(artifact, [model])


@pytest.mark.parametrize("model", ["quadinr", "siren"])
def test_torch_renders_in_the_middle_of_a_tile_what_the_tile_has_there(model: str) -> None:
    tiles = TiledINR(replace(CUT, model=model, omega_0=None), seed=5).quantized().scaled(2)
    assert isinstance(tiles, TiledINR)
    tiling = tiles.architecture.tiling
    assert (tiles.render_window(Window.whole(tiling.whole)) == tiles.render()).all()
    for k, tile in enumerate(tiles.each()):
        place = np.unravel_index(k, tiling.counts, order="F")
        x, y = (
            int((2 * at + 1) * own - side) << FRAC
            for at, own, side in zip(place, tiling.tile, tiling.sides, strict=True)
        )
        shown = tiles.render_window(Window(x, y, 0))
        assert shown.shape == (10, 14, 3)
        assert (shown == tile.render_window(Window(0, 0, 0))[0, 0]).all()


def test_a_graph_that_takes_no_coordinates_of_a_window_is_refused() -> None:
    model = network(CUT)
    with pytest.raises(InputError, match=r"the graph takes .*, but the grid gives 2 x s16\.10"):
        core_over(graph_of([model], SLOW, 2), grid_of([model]), window=True)


def test_cores_that_cannot_have_a_window_are_refused() -> None:
    def refused(architecture: TiledArchitecture, message: str, source: str = "raster") -> None:
        model, axes = network(architecture), len(architecture.sides)
        graph = graph_of([model], Folding((Fold(1, axes), Fold(1, 3))), 2)
        with pytest.raises(InputError, match=message):
            core_over(graph, grid_of([model]), source, window=True)

    refused(CUT, "a window needs the raster source", "stream")
    refused(replace(CUT, model="gauss", omega_0=None), "a window needs a periodic activation")
    refused(replace(CUT, sides=(9,), tile=(4,)), "a window is a part of a picture")
