"""A picture in tiles from the command line, and what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command import Inrhw, refused

from inrhw.artifact.manifest import Manifest
from inrhw.cli.recipe import read_recipe
from inrhw.signals.grid import size_text
from inrhw.signals.tiles.leaves import Leaves

#: Tiles of 4x3 pixels, of which those at the right and lower border are cut; hardly trained.
TINY = ("--size", "10x8", "--hidden-features", "3", "--hidden-layers", "1", "--steps", "3")


@pytest.mark.parametrize("interval", [(), ("--initiation-interval", "4")])
def test_a_picture_in_tiles_is_emitted_as_one_frame(
    inrhw_: Inrhw, tmp_path: Path, interval: tuple[str, ...]
) -> None:
    assert inrhw_("fit", "--tiles", "4x3", *TINY, "-o", "core").status == 0
    assert inrhw_("emit", "core", *interval).status == 0
    assert read_recipe(tmp_path / "core" / "recipe.toml").network.tiles == "4x3"
    manifest = Manifest.load(tmp_path / "core")
    assert (manifest.width, manifest.height, manifest.tile, manifest.pictures) == (10, 8, (4, 3), 1)
    with np.load(tmp_path / "core" / "vectors.npz") as vectors:
        pixels = vectors["pixels"].reshape(8, 10, 3)
    assert (pixels == np.asarray(Image.open(tmp_path / "core" / "quantized.png"))).all()


def test_a_core_without_the_settings_of_the_one_before_is_told(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_("fit", "--tiles", "4x3", *TINY, "-o", "core").status == 0
    folded = ("--initiation-interval", "4", "--control")
    assert [inrhw_("emit", "core", *options).err for options in ((), folded, folded)] == ["", "", ""]
    told = inrhw_("emit", "core").err
    assert told.count("\n") == 1
    assert "the core before had control = True, initiation_interval = 4; `inrhw emit` takes only" in told
    assert inrhw_("emit", "core").err == ""


def test_the_size_of_tiles_is_chosen_alike_each_time(inrhw_: Inrhw, tmp_path: Path) -> None:
    small = ("--tiles", "auto", "--size", "24x20", *TINY[2:])
    for folder in ("core", "again"):
        assert inrhw_("fit", *small, "-o", folder).status == 0
    first, second = (read_recipe(tmp_path / name / "recipe.toml") for name in ("core", "again"))
    assert first.network.tiles == second.network.tiles in ("16x16", "8x8")
    refused(inrhw_("build", *small, "--initiation-interval", "2", "--max-dsp", "1"), "2 cycles a pixel need")
    refused(
        inrhw_("build", "--tiles", "auto", *TINY[:2]), "no tiles of astronaut take fewer bits than its values"
    )


@pytest.mark.parametrize(
    ("kind", "sides", "edge"),
    [("picture", (32, 20), 16), ("sound", (1500,), 1024), ("volume", (17, 16, 8), 8)],
)
def test_leaves_are_chosen_alike_each_time_and_by_name(
    inrhw_: Inrhw, tmp_path: Path, kind: str, sides: tuple[int, ...], edge: int
) -> None:
    size = ("--kind", kind, "--size", size_text(sides))
    chosen = ("--tiles", "quadtree", "--max-tiles", "14", *size, *TINY[2:])
    for folder in ("core", "again"):
        assert inrhw_("fit", *chosen, "-o", folder).status == 0
    tiles = read_recipe(tmp_path / "core" / "recipe.toml").network.tiles
    tile = (edge,) * len(sides)
    leaves = Leaves(sides, tile, tiles.removeprefix(f"{size_text(tile)}:"))
    assert math.prod(-(-side // edge) for side in sides) < leaves.tiles <= 14
    assert inrhw_("fit", "--tiles", tiles, *chosen[4:], "-o", "named").status == 0
    first, *others = (
        (tmp_path / name / "weights.safetensors").read_bytes() for name in ("core", "again", "named")
    )
    assert all(other == first for other in others)


def test_other_leaves_of_the_same_number_can_be_loaded(inrhw_: Inrhw, tmp_path: Path) -> None:
    sizes = {"core": "8x8:01111", "turned": "8x8:11110", "fewer": "8x8:11111111"}
    for folder, tiles in sizes.items():
        assert inrhw_("fit", "--tiles", tiles, "--size", "16x8", *TINY[2:], "-o", folder).status == 0
    assert inrhw_("emit", "core", "--weights", "loadable", "--initiation-interval", "4").status == 0
    assert inrhw_("weights", "turned", "--core", "core", "-o", "turned.weights").status == 0
    own, other = ((tmp_path / name).read_bytes() for name in ("core/core.weights", "turned.weights"))
    assert len(own) == len(other) and own != other
    refused(
        inrhw_("weights", "fewer", "--core", "core", "-o", "fewer.weights"),
        "its tiles are of 8x8 in 8 leaves of 4x4 and more, not 8x8 in 5 leaves of 4x4 and more",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "number", "options"),
    [
        (("10x8", "4x3"), 9, ()),
        (("12x7", "8x8:122221111"), 9, ()),
        # Each file for it holds the weights of all tiles, and the bench loads many.
        (("7x5", "4x3"), 4, ("--initiation-interval", "4", "--weights", "loadable")),
        (("16x8", "8x8:01111"), 5, ("--initiation-interval", "4", "--weights", "loadable")),
    ],
)
def test_a_picture_in_tiles_climbs_all_rungs(
    inrhw_: Inrhw, tmp_path: Path, of: tuple[str, str], number: int, options: tuple[str, ...]
) -> None:
    command = ("build", "--size", of[0], "--tiles", of[1], *TINY[2:], "-o", "core", "--skip", "power")
    assert inrhw_(*command, *options).status == 0
    report = json.loads((tmp_path / "core" / "report.json").read_text())
    assert report["verdict"] == "pass"
    assert len(report["tiles"]["psnr_db"]) == number
    page = (tmp_path / "core" / "report.html").read_text()
    assert page.count("<title>tile ") == number
    rendered, quantized = (
        np.asarray(Image.open(tmp_path / "core" / f"{name}.png")) for name in ("rtl", "quantized")
    )
    assert (rendered == quantized).all()


@pytest.mark.tools
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--projection", "full", "--hidden-layers", "2", "--initiation-interval", "4"),
        ("--weights", "loadable", "--initiation-interval", "4"),
        ("--weights", "loadable", "--initiation-interval", "4", "--source", "stream"),
    ],
)
def test_layers_that_tiles_share_are_once_in_the_verilog(
    inrhw_: Inrhw, tmp_path: Path, options: tuple[str, ...]
) -> None:
    command = ("build", "--size", "7x5", "--tiles", "4x3", "--shared-layers", *TINY[2:], "-o", "core")
    assert inrhw_(*command, *options, "--skip", "synth", "--skip", "power").status == 0
    report = json.loads((tmp_path / "core" / "report.json").read_text())
    assert report["tiles"]["shared_parameters"]["value"] == 12
    rendered, quantized = ((tmp_path / "core" / f"{name}.png").read_bytes() for name in ("rtl", "quantized"))
    assert rendered == quantized


def test_the_file_of_a_tile_has_the_words_that_are_its_own(inrhw_: Inrhw, tmp_path: Path) -> None:
    small = ("--size", "7x5", "--tiles", "4x3", *TINY[2:])
    assert inrhw_("fit", *small, "-o", "core").status == 0
    assert inrhw_("emit", "core", "--weights", "loadable", "--initiation-interval", "4").status == 0
    assert inrhw_("retrain", "core", "--tile", "1,0", "--steps", "200").status == 0

    def file_of(*tile: str) -> bytes:
        assert inrhw_("weights", "core", "--core", "core", "-o", "file", *tile).status == 0
        return (tmp_path / "file").read_bytes()

    whole, tile = file_of(), file_of("--tile", "1,0")
    assert tile[:4] == b"INRT" and tile[4:8] == whole[4:8] and tile[12:16] == bytes([2, 0, 0, 0])
    before = (tmp_path / "core" / "core.weights").read_bytes()
    changed = sum(a != b for a, b in zip(before[12:-4], whole[12:-4], strict=True))
    assert 0 < changed <= len(tile)
    refused(
        inrhw_("weights", "core", "--core", "core", "--tile", "2,0", "-o", "file"),
        "tile must be from 0,0 to 1,1, not 2,0",
    )


@pytest.mark.tools
@pytest.mark.parametrize(
    ("tiles", "number", "source"),
    [("3x3x2", 8, "raster"), ("3x3x2", 8, "stream"), ("4x4x2:11111111000", 11, "stream")],
)
def test_a_video_in_tiles_is_what_the_verilog_gives(
    inrhw_: Inrhw, tmp_path: Path, tiles: str, number: int, source: str
) -> None:
    options = ("--kind", "video", "--size", "5x4x3", "--tiles", tiles, *TINY[2:], "--source", source)
    skipped = ("--skip", "synth", "--skip", "power", "--initiation-interval", "4")
    assert inrhw_("build", *options, *skipped, "-o", "core").status == 0
    report = json.loads((tmp_path / "core" / "report.json").read_text())
    assert len(report["tiles"]["psnr_db"]) == number
    assert (tmp_path / "core" / "report.html").read_text().count("<title>tile ") >= number
    rendered, quantized = ((tmp_path / "core" / f"{name}.png").read_bytes() for name in ("rtl", "quantized"))
    assert rendered == quantized


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--tiles", "8x8:01"), "leaves 01 do not make up tiles of 8x8 of 10x8 samples"),
        (("--tiles", "8x8:"), "the size of a tile of this picture must be written like 64x48, not '8x8:'"),
        (("--tiles", "8x8:0x"), "leaves must be one digit each, such as 0111120, not '0x'"),
        (
            ("--tiles", "quadtree", "--max-tiles", "1"),
            "max_tiles must be at least 2, the tiles of 8x8",
        ),
        (
            ("--tiles", "8x8", "--max-tiles", "9"),
            "max_tiles needs tiles of several sizes; give --tiles",
        ),
        (
            ("--tiles", "quadtree", "--source", "stream", "--weights", "loadable", "--target-mpixels", "9"),
            "behind a stream or a window the map of leaves of several sizes is neither loaded nor protected",
        ),
        (("--tiles", "11x4"), "tiles must be from 1x1 to 10x8 samples, which the signal has, not 11x4"),
        (("--tiles", "0x4"), "each side of a tile of this picture must be from 1 to 65536, not '0x4'"),
        (("--tiles", "4"), "the size of a tile of this picture must be written like 64x48, not '4'"),
        (
            ("--kind", "sound", "--size", "99", "--tiles", "4x3"),
            "a tile of this sound must be written like 64,",
        ),
        (("--tiles", "4x3", "--min-psnr-db", "30"), "min_psnr_db is a target for tiles auto"),
        (("--tiles", "4x3", "--shared"), "tiles works on one picture, and shared trains several"),
        (("--shared-layers",), "shared_layers needs tiles; give --tiles too"),
        (
            ("--tiles", "4x3", "--shared-layers", "--hidden-layers", "0"),
            "hidden_layers must be at least 1, a shared layer, not 0",
        ),
        (
            ("--tiles", "4x3", "--shared-layers", "--projection", "diagonal"),
            "projection must be full with tiles, not diagonal",
        ),
        (("--tiles", "4x3", "--window", "--model", "gauss"), "a window needs a periodic activation"),
        (("--tiles", "4x3", "--weights", "baked"), "weights of tiles must be rom or loadable, not baked"),
        (("--tiles", "4x3", "--quantizer", "dhq"), "tiles are quantized uniformly"),
    ],
)
def test_what_tiles_cannot_be_is_refused_before_training(
    inrhw_: Inrhw, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    refused(inrhw_("build", "-o", "core", *TINY, *arguments), message)
    assert not (tmp_path / "core").exists()
