import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.networks.tiled import TiledArchitecture
from inrhw.reports.tiles import (
    grid_path,
    heat_map,
    on_seam,
    places_of,
    same_parameters,
    seam_steps,
    tile_psnr_db,
)
from inrhw.signals.likeness import psnr_db
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling

CUT = Tiling((7, 5), (3, 2))


def test_a_tile_is_as_good_as_its_part_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    found = tile_psnr_db(CUT, np.square(a.astype(float) - b).mean(axis=2)).reshape(CUT.counts[::-1])
    for row in range(CUT.counts[1]):
        for column in range(CUT.counts[0]):
            part = np.s_[2 * row : 2 * row + 2, 3 * column : 3 * column + 3]
            assert found[row, column] == pytest.approx(psnr_db(a[part], b[part]))


def test_pixels_are_on_a_seam_where_another_tile_begins() -> None:
    seam = on_seam(CUT)
    assert seam[:, [2, 3, 5, 6]].all() and seam[[1, 2, 3, 4]].all()
    assert not seam[0, [0, 1, 4]].any()
    assert not on_seam(Tiling((4, 3), (4, 3))).any()


def test_an_error_of_whole_tiles_changes_at_seams_only() -> None:
    error = np.repeat(CUT.numbers().reshape(5, 7, 1) % 2 * 6.0, 3, axis=2)
    across, other = seam_steps(CUT, error)
    assert other == 0
    assert across is not None and 3 < across <= 6
    assert seam_steps(Tiling((2, 2), (2, 2)), np.ones((2, 2, 1))) == (None, 0)


@given(st.integers(1, 40), st.integers(0, 2))
def test_one_network_stores_no_more_than_the_tiles(width: int, layers: int) -> None:
    tiled = TiledArchitecture("quadinr", (8, 8), 3, width, layers, tile=(4, 4))
    parameters = sum(a * b + b for a, b in itertools.pairwise(tiled.features))
    assert same_parameters(tiled, parameters) == tiled.features
    assert same_parameters(tiled, parameters - 1)[1] == max(1, width - 1)


def test_the_map_has_a_place_for_each_tile() -> None:
    places = heat_map({"counts": [2, 2], "psnr_db": [None, 20.0, 30.0]})
    assert [(place["column"], place["row"]) for place in places] == [(0, 0), (1, 0), (0, 1)]
    assert places[0]["lightness"] == 90 and places[1]["lightness"] == 15
    assert places[2]["title"] == "tile 1,0: 30.0 dB"


def test_leaves_are_as_large_on_the_map_as_in_the_picture() -> None:
    leaves = Leaves((6, 4), (4, 4), "111111")
    places = heat_map({"counts": [3, 2], "leaves": places_of(leaves), "psnr_db": [30.0] * 6})
    told = [(place["column"], place["row"], place["across"], place["down"]) for place in places]
    assert told == [(0, 0, 1, 1), (1, 0, 1, 1), (0, 1, 1, 1), (1, 1, 1, 1), (2, 0, 1, 1), (2, 1, 1, 1)]
    assert places_of(Leaves((6, 4), (4, 4), "011"))[0] == [0, 0, 2, 2]
    assert places[5]["title"] == "tile 5: 30.0 dB"


def test_leaves_of_a_sound_and_of_a_volume_are_on_the_map_and_on_the_grid() -> None:
    sound, volume = Leaves((8,), (4,), "011"), Leaves((4, 2, 2), (2, 2, 2), "0" + "1" * 8)
    places = heat_map({"counts": [4], "leaves": places_of(sound), "psnr_db": [30.0] * 3})
    assert [(place["column"], place["across"]) for place in places] == [(0, 2), (2, 1), (3, 1)]
    assert grid_path(sound) == "M4 0V160M6 0V160"
    places = heat_map({"counts": [4, 2, 2], "leaves": places_of(volume), "psnr_db": [30.0] * 9})
    told = [(place["column"], place["row"], place["across"]) for place in places]
    assert told[:2] == [(0, 0, 2), (5, 0, 2)]  # in both layers
    assert sorted(told[2:]) == [(column, row, 1) for column in (2, 3, 7, 8) for row in (0, 1)]
    assert grid_path(volume).startswith("M0 2V0H2M2 1V0H3") and "M6 2V0H8" in grid_path(volume)


def test_layers_of_tiles_are_side_by_side() -> None:
    places = heat_map({"counts": [2, 1, 2], "psnr_db": [30.0] * 4})
    assert [place["column"] for place in places] == [0, 1, 3, 4]
    assert places[3]["title"] == "tile 1,0,1: 30.0 dB"


def test_the_grid_is_on_each_slice_of_a_volume() -> None:
    assert grid_path(Tiling((4, 4, 2), (2, 4, 1))) == "M2 0V4M8 0V4"


def test_samples_are_on_a_seam_on_any_axis() -> None:
    assert on_seam(Tiling((4,), (3,))).tolist() == [False, False, True, True]
    assert on_seam(Tiling((1, 1, 3), (1, 1, 2))).ravel().tolist() == [False, True, True]
