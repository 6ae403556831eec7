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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "tiles", "options"),
    [
        ("10x8", 9, ()),
        # Each file for it holds the weights of all tiles, and the bench loads many.
        ("7x5", 4, ("--initiation-interval", "4", "--weights", "loadable")),
    ],
)
def test_a_picture_in_tiles_climbs_all_rungs(
    inrhw_: Inrhw, tmp_path: Path, size: str, tiles: int, options: tuple[str, ...]
) -> None:
    command = ("build", "--size", size, "--tiles", "4x3", *TINY[2:], "-o", "core", "--skip", "power")
    assert inrhw_(*command, *options).status == 0
    report = json.loads((tmp_path / "core" / "report.json").read_text())
    assert report["verdict"] == "pass"
    assert math.prod(report["tiles"]["counts"]) == len(report["tiles"]["psnr_db"]) == tiles
    page = (tmp_path / "core" / "report.html").read_text()
    assert page.count("<title>tile ") == tiles
    rendered, quantized = (
        np.asarray(Image.open(tmp_path / "core" / f"{name}.png")) for name in ("rtl", "quantized")
    )
    assert (rendered == quantized).all()


@pytest.mark.tools
@pytest.mark.parametrize("source", [(), ("--source", "stream")])
def test_a_video_in_tiles_is_what_the_verilog_gives(
    inrhw_: Inrhw, tmp_path: Path, source: tuple[str, ...]
) -> None:
    options = ("--kind", "video", "--size", "5x4x3", "--tiles", "3x3x2", *TINY[2:], *source)
    skipped = ("--skip", "synth", "--skip", "power", "--initiation-interval", "4")
    assert inrhw_("build", *options, *skipped, "-o", "core").status == 0
    report = json.loads((tmp_path / "core" / "report.json").read_text())
    assert report["tiles"]["counts"] == [2, 2, 2] and len(report["tiles"]["psnr_db"]) == 8
    assert (tmp_path / "core" / "report.html").read_text().count("<title>tile ") == 8
    rendered, quantized = ((tmp_path / "core" / f"{name}.png").read_bytes() for name in ("rtl", "quantized"))
    assert rendered == quantized


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--tiles", "11x4"), "tiles must be from 1x1 to 10x8 samples, which the signal has, not 11x4"),
        (("--tiles", "0x4"), "each side of a tile of this picture must be from 1 to 65536, not '0x4'"),
        (("--tiles", "4"), "the size of a tile of this picture must be such as 64x48, not '4'"),
        (
            ("--kind", "sound", "--size", "99", "--tiles", "4x3"),
            "a tile of this sound must be such as 64,",
        ),
        (("--tiles", "4x3", "--min-psnr-db", "30"), "min_psnr_db is what tiles or widths are chosen for"),
        (("--tiles", "4x3", "--shared"), "tiles is about one picture and shared about several"),
        (("--tiles", "4x3", "--window"), "tiles cannot have a window"),
        (("--tiles", "4x3", "--weights", "baked"), "weights of tiles must be rom or loadable, not baked"),
        (("--tiles", "4x3", "--quantizer", "dhq"), "tiles are quantized uniformly"),
    ],
)
def test_what_tiles_cannot_be_is_refused_before_training(
    inrhw_: Inrhw, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    refused(inrhw_("build", "-o", "core", *TINY, *arguments), message)
    assert not (tmp_path / "core").exists()
