"""A trial is an ordinary build folder, and its command says the same as its recipe."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inrhw.base.errors import InputError
from inrhw.cli.app import app_for
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.cli.options import WholeRecipe
from inrhw.cli.recipe import Recipe
from inrhw.cli.trial import RecipeTrial, arguments_of
from inrhw.lowering.hardware import Hardware
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training import descent
from inrhw.networks.training.checkpoint import State
from inrhw.networks.training.training import Training
from inrhw.signals.signal import Signal

TINY = Recipe(
    signal=Signal(size="4x3"),
    network=Network(hidden_features=2, hidden_layers=0),
    training=Training(steps=2),
)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        TINY,
        replace(TINY, signal=Signal(("a b.png", "c.png"), names=("x", "y")), network=Network(shared=True)),
        replace(
            TINY, hardware=Hardware(control=True, initiation_interval=4), name="core", board="arty-a7-35"
        ),
        replace(
            TINY, precision=Precision(5, quantizer="dhq"), training=Training(7, learning_rate=1e-5, seed=3)
        ),
    ],
)
def test_a_command_says_what_the_recipe_says(recipe: Recipe) -> None:
    arguments = ["build", *arguments_of(recipe), "-o", "there"]
    _, bound, _ = app_for(list(arguments)).parse_args(arguments, exit_on_error=False, print_error=False)
    asked: WholeRecipe = bound.arguments["asked"] if "asked" in bound.arguments else WholeRecipe()
    assert asked.recipe == recipe
    assert str(bound.arguments["output"]) == "there"


def test_an_identity_is_of_what_files_hold(tmp_path: Path) -> None:
    trial, recipe = RecipeTrial(tmp_path), replace(TINY, signal=Signal(("a.png",)))
    (tmp_path / "a.png").write_bytes(b"one")
    first = trial.identity(recipe)
    (tmp_path / "b.png").write_bytes(b"one")
    assert trial.identity(replace(recipe, signal=Signal(("b.png",)))) == first
    (tmp_path / "a.png").write_bytes(b"two")
    assert trial.identity(recipe) != first
    assert trial.identity(replace(recipe, training=Training(seed=1))) != trial.identity(recipe)
    with pytest.raises(InputError, match="board"):
        trial.identity(replace(recipe, board="nosuch"))


def test_trials_that_differ_in_their_core_share_their_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, run = [], Fit.run

    def counted(stage: Fit, folder: BuildFolder) -> None:
        trained.append(folder.folder)
        run(stage, folder)

    monkeypatch.setattr(Fit, "run", counted)
    trial = RecipeTrial(tmp_path)
    found = [
        trial.climb(replace(TINY, hardware=hardware), tmp_path / name, "plan", ("psnr_db", "lut"))
        for name, hardware in (
            ("t0", Hardware()),
            ("t1", Hardware(initiation_interval=4)),
            ("t0", Hardware()),
        )
    ]
    assert [outcome.sentence for outcome in found] == [""] * 3
    assert len(trained) == 1
    assert found[0].measures == found[2].measures != found[1].measures
    assert found[0].measures.mpixels_per_s == 300  # a pixel a clock
    assert (tmp_path / "t1" / "recipe.toml").is_file()
    assert BuildFolder(tmp_path / "t1").record()["fit"]


def test_trials_that_differ_in_their_luts_share_the_network_in_floating_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, descend = [], descent.descend

    def counted(model: INR, loss: Any, state: State[INR], training: Training) -> Iterator[int]:
        for step in descend(model, loss, state, training):
            taken.append(state.quantizing)
            yield step

    monkeypatch.setattr(descent, "descend", counted)
    recipe = replace(TINY, precision=Precision(layer_bits="auto"), training=Training(steps=4, finetune=2))
    for folder, names in (("shared", ("t0", "t1")), ("alone", ("t1",))):
        (tmp_path / folder).mkdir()
        for name in names:
            hardware = Hardware(weights="baked", max_lut={"t0": 2000, "t1": 300}[name])
            trial = RecipeTrial(tmp_path / folder)
            outcome = trial.climb(
                replace(recipe, hardware=hardware), tmp_path / folder / name, "fit", ("psnr_db",)
            )
            assert not outcome.sentence
    assert taken == [False] * 4 + [True] * 4 + [False] * 4 + [True] * 2
    for file in ("fit.json", "weights.safetensors"):
        one, other = ((tmp_path / folder / "t1" / file).read_bytes() for folder in ("shared", "alone"))
        assert one == other


def test_what_fails_is_a_sentence_and_has_its_command(tmp_path: Path) -> None:
    trial = RecipeTrial(tmp_path)
    broken = replace(TINY, network=replace(TINY.network, model="nosuch"))
    assert trial.climb(broken, tmp_path / "t", "fit", ("psnr_db",)).sentence.startswith(
        "model must be one of"
    )
    assert shlex.split(trial.command(TINY, tmp_path / "t"))[-1] == str(tmp_path / "t")
