"""Several pictures on one core from the command line: build --shared, add, and what they refuse."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from PIL import Image
from support.command import Inrhw, contents, refused

from inrhw.lowering.integer_graph import lower
from inrhw.networks.training.shared_fit import FittedShared
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

#: The smallest network with a projection and a shared layer, hardly trained.
TINY = ("--size", "6x5", "--hidden-features", "3", "--steps", "3")


LOW_RANK = ("--projection", "low-rank", "--rank", "2")


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


def test_each_picture_is_exported_alone(inrhw_: Inrhw, fitted: Path) -> None:
    refused(
        inrhw_("export", "core", "-o", "p.onnx"), "core holds 2 pictures, and a file holds one; say --picture"
    )
    refused(inrhw_("export", "core", "-o", "p.onnx", "--picture", "2"), "picture must be from 0 to 1, not 2")
    for form in ("onnx", "npz", "png"):
        assert inrhw_("export", "core", "-o", f"p.{form}", "--picture", "1").status == 0
    network = FittedShared.load(fitted).model.network(1)
    grid = network.architecture.grid
    wanted = lower(network).forward_int(grid.codes())
    assert np.array_equal(rgb(fitted.parent / "p.png").reshape(-1, 3), wanted)
    program = ReferenceEvaluator(onnx.load("p.onnx"))
    (values,) = map(np.asarray, program.run(None, {"centres": grid.codes() / np.array(grid.sides)}))
    assert np.array_equal(values, wanted)
    assert np.load("p.npz")["sides"].tolist() == [6, 5]


@pytest.mark.slow
def test_two_pictures_become_one_core_that_renders_both(inrhw_: Inrhw, two: None, tmp_path: Path) -> None:
    # Tests of the bench climb the ladder on a raster.
    options = ("--source", "stream", "--initiation-interval", "6", "--board", "arty_a7")
    result = inrhw_("build", "--shared", "p0.png", "p1.png", "-o", "core", "--thorough", *TINY, *options)
    assert result.status == 0, result
    assert "PASS" in result.out and "Parameters saved" in result.out
    core = tmp_path / "core"
    rungs = json.loads((core / "verify.json").read_text())["verify"]
    assert [rung["status"] for rung in rungs if "Icarus" not in rung["rung"]] == ["pass"] * 5
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

    again = inrhw_("build", "--shared", "p0.png", "p1.png", "-o", "core", "--thorough", *TINY, *options)
    assert again.out.count("up to date") == 5


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


def test_a_picture_is_added_with_its_own_size_steps_rate_and_seed(inrhw_: Inrhw, fitted: Path) -> None:
    options = ("--size", "4x3", "--steps", "2", "--learning-rate", "0.001")
    found = []
    for seed in ("5", "5", "6"):
        shutil.copytree(fitted, fitted.parent / "more")
        assert inrhw_("add", "p2.png", "--to", "more", *options, "--seed", seed).status == 0
        found.append(FittedShared.load(fitted.parent / "more"))
        shutil.rmtree(fitted.parent / "more")
    first, again, other = (fitted.model.network(2).render() for fitted in found)
    assert first.shape == (3, 4, 3)
    assert (first == again).all()
    first_layers = [
        one.float_model.network(2).state_dict()["layers.0.weight"] for one in (found[0], found[2])
    ]
    assert not (first_layers[0] == first_layers[1]).all()
    assert [(one.training.steps, one.training.learning_rate) for one in found] == [(3, 0.01)] * 3
    assert other.shape == first.shape


def test_the_learning_rate_of_an_added_picture_is_the_one_that_was_asked_for(
    inrhw_: Inrhw, fitted: Path
) -> None:
    drawn = []
    for rate in ("0.01", "1e-6"):
        shutil.copytree(fitted, fitted.parent / "more")
        assert inrhw_("add", "p2.png", "--to", "more", "--learning-rate", rate).status == 0
        model = FittedShared.load(fitted.parent / "more").float_model
        drawn.append(model.network(2).state_dict()["layers.0.weight"])
        shutil.rmtree(fitted.parent / "more")
    assert (drawn[0] - drawn[1]).abs().max() > 0.005


@pytest.mark.parametrize(
    ("options", "projection", "rank"),
    [((), "full", 1), (("--projection", "diagonal"), "diagonal", 1), (LOW_RANK, "low-rank", 2)],
)
@pytest.mark.usefixtures("two")
def test_the_projection_is_the_one_that_was_asked_for(
    inrhw_: Inrhw, tmp_path: Path, options: tuple[str, ...], projection: str, rank: int
) -> None:
    assert inrhw_("fit", "--shared", "p0.png", "p1.png", "-o", "core", *TINY, *options).status == 0
    architecture = FittedShared.load(tmp_path / "core").model.architecture
    assert (architecture.projection, architecture.rank) == (projection, rank)
    assert inrhw_("emit", "core", "--initiation-interval", "6").status == 0
    manifest = json.loads((tmp_path / "core" / "manifest.json").read_text())
    assert len(manifest["folding"]["layers"]) == (5 if projection == "low-rank" else 4)


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
        (
            ("p0.png", "--projection", "full"),
            "projection can only be given for pictures that share layers; give --shared",
        ),
        (
            ("--shared", "p0.png", "p1.png", "--projection", "none"),
            "--projection cannot be none; leave it out, or give diagonal, full, low-rank",
        ),
        (("--shared", "p0.png", "p1.png", "--rank", "2"), "rank needs a low-rank projection; give --proj"),
        (("--shared", "p0.png", "p1.png", *LOW_RANK[:-1], "9"), "rank must be from 1 to 3, not 9"),
        (("--shared", "p0.png", "p1.png", "--size", "4x4,4x4,4x4"), "size names 3 sizes for 2 pictures"),
        (("--shared", "p0.png", "p1.png", "--size", "4x4,"), "size must be WIDTHxHEIGHT"),
        (("--shared", "p0.png", "p1.png", "--scale", "0"), "scale must be .* from 1 to 64, not 0"),
    ],
)
def test_what_cannot_be_one_core_is_refused_before_training(
    inrhw_: Inrhw,
    two: None,
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    refused(inrhw_("build", "-o", "core", *TINY, *arguments), message)
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
        refused(inrhw_(*command, fitted), "does not belong to the training in fit.json: its shared layers")


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


@pytest.mark.slow
def test_a_core_of_many_renders_larger_and_is_compared_with_a_core_each(inrhw_: Inrhw, fitted: Path) -> None:
    for command in (("emit", fitted, "--scale", "2"), ("verify", fitted), ("report", fitted)):
        assert inrhw_(*command).status == 0
    model = FittedShared.load(fitted).model
    for k in range(2):
        rendered = rgb(fitted / f"rtl{k}.png")
        assert rendered.shape == (10, 12, 3)
        assert (rendered == model.network(k).scaled(2).render()).all()
    report = json.loads((fitted / "report.json").read_text())
    assert [one["psnr_db"]["rtl"]["value"] for one in report["shared"]["pictures"]] == [None, None]
    cores = report["shared"]["cores"]
    assert cores["dsp"]["this"]["value"] > 0
    assert cores["dsp"]["separate"]["value"] == 0
    said = "analytic cost model, 2 times a core of one picture with baked weights"
    assert {row["separate"]["source"] for row in cores.values()} == {said}
    assert "against a core for each picture" in (fitted / "report.html").read_text()
