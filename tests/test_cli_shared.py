"""Several pictures on one core from the command line: build --shared, add, and what they refuse."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import Inrhw, contents, refused
from PIL import Image

from inrhw.errors import InputError
from inrhw.shared_fit import FittedShared, SharedTraining, fit_shared, shared_architectures
from inrhw.signals import Picture, psnr_db
from inrhw.stages import Build

#: The smallest network with a projection and a shared layer, hardly trained.
TINY = ("--size", "6x5", "--hidden-features", "3", "--steps", "3")


def picture(seed: int, width: int = 6, height: int = 5) -> Picture:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(f"p{seed}", values)


def save(picture: Picture, mode: str = "RGB") -> None:
    Image.fromarray(picture.values).convert(mode).save(f"{picture.name}.png")


@pytest.fixture
def two(inrhw_: Inrhw) -> None:
    """Three colour pictures and a grey one in the folder of the test."""
    for seed in range(3):
        save(picture(seed))
    save(picture(3), "L")


@pytest.fixture
def fitted(inrhw_: Inrhw, two: None, tmp_path: Path) -> Path:
    """A folder with two pictures that were trained together."""
    assert inrhw_("fit", "--shared", "p0.png", "p1.png", "-o", "core", *TINY).status == 0
    return tmp_path / "core"


def rgb(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [(), ("--source", "stream", "--initiation-interval", "6", "--board", "arty_a7")]
)
def test_two_pictures_become_one_core_that_renders_both(
    inrhw_: Inrhw,
    two: None,
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    result = inrhw_("build", "--shared", "p0.png", "p1.png", "-o", "core", *TINY, *options)
    assert result.status == 0, result
    assert "PASS" in result.out and "Parameters saved" in result.out
    core = tmp_path / "core"
    rungs = json.loads((core / "verify.json").read_text())["verify"]
    assert [rung["status"] for rung in rungs if "Icarus" not in rung["rung"]] == ["pass"] * 4
    found = FittedShared.load(core)
    for k in range(2):
        rendered = rgb(core / f"rtl{k}.png")
        assert (rendered == found.model.network(k).render()).all()
        assert (rendered == rgb(core / f"picture{k}/quantized.png")).all()

    report = json.loads((core / "report.json").read_text())
    shown = report["shared"]["pictures"]
    assert [one["name"] for one in shown] == ["p0", "p1"]
    values = [one["psnr_db"]["rtl"]["value"] for one in shown]
    assert values == [psnr_db(picture(k).values, rgb(core / f"rtl{k}.png")) for k in range(2)]
    assert report["psnr_db"]["rtl"]["value"] == pytest.approx(sum(values) / 2)
    page = (core / "report.html").read_text()
    assert all(f"{k} p{k}" in page for k in range(2)) and "Of separate networks" in page

    again = inrhw_("build", "--shared", "p0.png", "p1.png", "-o", "core", *TINY, *options)
    assert again.out.count("up to date") == 4


@pytest.mark.slow
def test_an_added_picture_is_on_the_core_after_its_stages_ran_again(inrhw_: Inrhw, fitted: Path) -> None:
    assert inrhw_("emit", fitted).status == 0
    assert inrhw_("add", "p2.png", "--to", fitted).status == 0
    refused(inrhw_("verify", fitted), r"manifest.json was made before .* changed; run `inrhw emit` again")
    for command in ("emit", "verify", "report"):
        assert inrhw_(command, fitted).status == 0
    model = FittedShared.load(fitted).model
    assert all((rgb(fitted / f"rtl{k}.png") == model.network(k).render()).all() for k in range(3))
    assert len(json.loads((fitted / "report.json").read_text())["shared"]["pictures"]) == 3


def test_what_sharing_saves_is_counted(inrhw_: Inrhw, fitted: Path) -> None:
    summary = json.loads((fitted / "fit.json").read_text())
    one = (2 + 1) * 3 + 2 * (3 + 1) * 3 + (3 + 1) * 3
    assert summary["separate"]["parameters"] == 2 * one
    assert summary["parameters"] == 2 * one - (3 + 1) * 3
    assert summary["weight_bits"] < summary["separate"]["weight_bits"]


def test_adding_a_picture_changes_no_bit_of_those_that_are_there(
    inrhw_: Inrhw,
    fitted: Path,
) -> None:
    before = {name: data for name, data in contents(fitted).items() if name.startswith("picture")}
    digest = FittedShared.load(fitted).model.digest()
    result = inrhw_("add", "p2.png", "--to", fitted, "--steps", "4")
    assert result.status == 0
    assert "p2 is picture 2" in result.out
    after = contents(fitted)
    assert {name: after[name] for name in before} == before
    found = FittedShared.load(fitted)
    assert (found.model.digest(), len(found.model)) == (digest, 3)
    assert (found.pictures[2].values == picture(2).values).all()


def test_a_picture_of_another_size_is_added_in_that_of_the_others(inrhw_: Inrhw, fitted: Path) -> None:
    save(picture(8, 40, 31))
    assert inrhw_("add", "p8.png", "--to", fitted).status == 0
    assert rgb(fitted / "picture2" / "original.png").shape == (5, 6, 3)


def test_without_an_output_the_folder_is_shared(inrhw_: Inrhw, two: None, tmp_path: Path) -> None:
    assert inrhw_("fit", "--shared", "p0.png", "p1.png", *TINY).status == 0
    assert FittedShared.load(tmp_path / "rtl_out" / "shared").pictures[1].name == "p1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("p0.png", "p1.png"), "several pictures on one core need --shared"),
        (("--shared", "p0.png"), "--shared needs at least two pictures"),
        (("--shared",), "--shared needs at least two pictures"),
        (("--shared", "p0.png", "p3.png"), "p3 is grey and p0 is RGB; pictures on one core must all be"),
        (("--shared", "p0.png", "p9.png"), "p9.png"),
        (("--shared", "p0.png", "p1.png", "--weights", "baked"), "must be rom, not baked"),
        (
            ("--shared", "p0.png", "p1.png", "--weights", "loadable", "--initiation-interval", "6"),
            "must be rom, not loadable",
        ),
        (("--shared", "p0.png", "p1.png", "--hidden-layers", "1"), "a projection and a shared layer, not 1"),
        (
            ("--shared", "p0.png", "p1.png", "--target-mpixels", "50", "--max-dsp", "1"),
            r"DSPs?, but",
        ),
    ],
)
def test_what_cannot_be_one_core_is_refused_before_training(
    inrhw_: Inrhw,
    two: None,
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    refused(inrhw_("build", *arguments, "-o", "core", *TINY), message)
    assert not (tmp_path / "core").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("p1.png", "p1 is on the core already, as picture 1"),
        ("p3.png", "p3 is grey and what is on the core is RGB"),
        ("p9.png", "p9.png"),
    ],
)
def test_a_picture_that_cannot_be_added_changes_nothing(
    inrhw_: Inrhw,
    fitted: Path,
    name: str,
    message: str,
) -> None:
    before = contents(fitted)
    refused(inrhw_("add", name, "--to", fitted), message)
    assert contents(fitted) == before


def test_shared_layers_of_another_training_are_refused(inrhw_: Inrhw, fitted: Path, tmp_path: Path) -> None:
    assert inrhw_("fit", "--shared", "p0.png", "p2.png", "-o", "other", *TINY, "--seed", "1").status == 0
    shutil.copy(tmp_path / "other" / "weights.safetensors", fitted)
    for command in (("add", "p2.png", "--to"), ("emit",)):
        refused(inrhw_(*command, fitted), "is not of the training in fit.json: its shared layers")


def test_a_build_of_one_picture_takes_no_other(inrhw_: Inrhw, built: Path, two: None) -> None:
    before = contents(built)
    refused(inrhw_("add", "p0.png", "--to", built), "holds one picture alone")
    assert contents(built) == before


def test_a_loadable_core_takes_no_pictures_that_share_layers(
    inrhw_: Inrhw, built: Path, fitted: Path, tmp_path: Path
) -> None:
    assert inrhw_("emit", built, "--weights", "loadable", "--initiation-interval", "6").status == 0
    refused(
        inrhw_("weights", fitted, "--core", built, "-o", "w"), "holds several pictures; a core with loadable"
    )
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("weights", ["baked", "loadable"])
def test_a_core_of_several_pictures_has_its_weights_in_rom(
    inrhw_: Inrhw,
    fitted: Path,
    weights: str,
) -> None:
    target = () if weights == "baked" else ("--initiation-interval", "6")
    refused(inrhw_("emit", fitted, "--weights", weights, *target), f"must be rom, not {weights}")
    assert not (fitted / "manifest.json").exists()


def test_pictures_of_different_sizes_are_no_core(tmp_path: Path) -> None:
    pictures = [picture(0), picture(1, 5, 6)]
    architectures = shared_architectures(pictures, "quadinr", hidden_features=3)
    fit_shared(pictures, architectures, SharedTraining(steps=3)).save(tmp_path)
    with pytest.raises(InputError, match="picture 0 has 6x5 pixels and picture 1 5x6; give all the same"):
        Build(tmp_path).emit("raster")
