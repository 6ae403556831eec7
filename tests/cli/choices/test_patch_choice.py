"""`--patch auto`: the smallest patch with which a core reaches a rate, and a PSNR, within its limits."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.command import Inrhw, refused

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.cli.choices.patches import choose_patch
from inrhw.cli.recipe import Recipe, load_recipe
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.planning import plan_for
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import Network
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture

PICTURE = Picture("noise", np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
RATE = Hardware(target_mpixels=150, max_dsp=20)


def of_patch(patch: tuple[int, ...]) -> Architecture:
    return Architecture("quadinr", PICTURE.sides, 3, 8, 1, patch=patch)


def chosen(hardware: Hardware, **network: float) -> Architecture:
    recipe = Recipe(
        network=Network(patch="auto", **network),  # type: ignore[arg-type]
        hardware=hardware,
        training=Training(steps=3),
    )
    return choose_patch(recipe, PICTURE, of_patch)


def test_a_smaller_patch_does_not_reach_the_rate() -> None:
    assert chosen(RATE) == of_patch((2, 2))
    assert plan_for([of_patch((2, 2))], RATE, load_board("vcu128"))
    with pytest.raises(InputError, match=r"max_dsp is 20; 6 cycles would fit, 100 Mpixels/s"):
        plan_for([of_patch((2, 1))], RATE, load_board("vcu128"))


def test_a_rate_that_a_pixel_at_a_time_reaches_needs_no_patch() -> None:
    assert chosen(Hardware(target_mpixels=5)).patch == ()


def test_a_patch_that_reaches_a_psnr_is_enough_and_else_the_best_is_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert chosen(RATE, min_psnr_db=1) == chosen(RATE)
    capsys.readouterr()
    best = chosen(RATE, min_psnr_db=190)
    said = capsys.readouterr()
    assert "no patch reached 190 dB" in said.err
    tried = dict(re.findall(r"patch (\w+): (.*) dB in a trial", said.out))
    assert len(tried) == 5
    assert tried[best.network.patch] == max(tried.values(), key=float)


def test_the_size_is_in_the_folders_recipe(inrhw_: Inrhw, tmp_path: Path) -> None:
    network = ("--size", "32x24", "--tiles", "16x12", "--hidden-features", "8", "--hidden-layers", "1")
    rate = ("--target-mpixels", "150", "--max-dsp", "20", "--steps", "3")
    result = inrhw_("fit", *network, *rate, "--patch", "auto", "-o", "one")
    assert "patch 2x2: " in result.out and "DSP" in result.out
    assert load_recipe(tmp_path / "one" / "recipe.toml").network.patch == "2x2"
    assert inrhw_("fit", *network, *rate, "--patch", "2x2", "-o", "named").status == 0
    one, named = ((tmp_path / folder / "weights.safetensors").read_bytes() for folder in ("one", "named"))
    assert one == named


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "patch auto finds the smallest patch that reaches a rate; give target_mpixels too"),
        (("--target-mpixels", "150", "--hidden-widths", "auto"), "together need min_psnr_db"),
        (("--target-mpixels", "150", "--max-dsp", "1"), "no patch will do, not even one of 8x8: "),
        (("--target-mpixels", "9", "--hidden-features", "60"), "take more bits than astronaut itself"),
    ],
)
def test_what_no_patch_reaches_is_said_before_training(
    inrhw_: Inrhw, options: tuple[str, ...], sentence: str
) -> None:
    refused(inrhw_("fit", "--size", "32x32", "--patch", "auto", *options), sentence)
