"""`--layer-bits auto --max-lut`: what was chosen is in recipe and report, and gives the same core."""

import json
from pathlib import Path

from support.command import Inrhw

from inrhw.cli.recipe import load_recipe

SKIPPED = ("--skip", "synth", "--skip", "power", "--skip", "verify")
BUILD = (
    "build",
    "--size",
    "5x4",
    "--hidden-layers",
    "0",
    "--hidden-features",
    "8",
    "--steps",
    "3",
    "--weights",
    "baked",
    *SKIPPED,
)
AUTO = ("--layer-bits", "auto", "--max-lut", "700")


def test_bits_that_fit_are_in_recipe_and_report(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_(*BUILD, "--max-lut", "700", "-o", "plain").status != 0
    assert inrhw_(*BUILD, *AUTO, "-o", "one").status == 0
    told = json.loads((tmp_path / "one" / "report.json").read_text())["allotment"]
    assert told["used"] <= told["most"] == 700
    assert load_recipe(tmp_path / "one" / "recipe.toml").precision.layer_bits == told["layer_bits"]
    assert "Bits by layer" in (tmp_path / "one" / "report.html").read_text()
    assert inrhw_("build", "one/recipe.toml", *SKIPPED, "-o", "two").status == 0
    one, two = ((tmp_path / folder / "one.v").read_bytes() for folder in ("one", "two"))
    assert one == two


def test_the_same_command_trains_once_and_more_luts_train_again(inrhw_: Inrhw, tmp_path: Path) -> None:
    inrhw_(*BUILD, *AUTO, "-o", "one")
    before = (tmp_path / "one" / "stages.json").read_text()
    inrhw_(*BUILD, *AUTO, "-o", "one")
    assert json.loads((tmp_path / "one" / "stages.json").read_text())["fit"] == json.loads(before)["fit"]
    inrhw_(*BUILD, *AUTO[:-1], "800", "-o", "one")
    assert json.loads((tmp_path / "one" / "stages.json").read_text())["fit"] != json.loads(before)["fit"]
