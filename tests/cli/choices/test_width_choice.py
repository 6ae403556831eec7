"""`--hidden-widths auto`: as wide as the limits allow, or as narrow as a PSNR allows."""

import bisect
from dataclasses import replace
from pathlib import Path

import pytest
from support.command import Inrhw, refused

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.cli.choices import widths
from inrhw.cli.choices.widths import choose_width
from inrhw.cli.recipe import Recipe, load_recipe, save_recipe
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.lut_budget import check_luts
from inrhw.lowering.planning import plan_for
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.networks.training.trials.tile_trial import Trial
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.signal import Signal

BAKED = Hardware(weights="baked", max_lut=1500)


def chosen(
    picture: Picture,
    hardware: Hardware = Hardware(),
    precision: Precision = Precision(),
    /,
    **network: float,
) -> Architecture:
    recipe = Recipe(
        network=Network(hidden_widths="auto", hidden_layers=0, **network),  # type: ignore[arg-type]
        precision=precision,
        hardware=hardware,
        training=Training(steps=3),
    )

    def of_width(width: int, precision: Precision) -> Architecture:
        return Architecture("siren", picture.sides, 3, width, 0, precision=precision)

    return choose_width(recipe, picture, of_width)


def fits(architecture: Architecture, hardware: Hardware) -> bool:
    try:
        plan_for([architecture], hardware, load_board("vcu128"))
        check_luts(architecture, hardware, load_board("vcu128"), digits_loss=0.0)
    except InputError:
        return False
    return True


def test_the_widest_within_the_luts_is_chosen(picture: Picture) -> None:
    found = chosen(picture, BAKED, Precision(layer_bits="12,9"))
    assert fits(found, BAKED)
    wider = Architecture("siren", picture.sides, 3, found.hidden_features + 8, 0, precision=found.precision)
    assert not fits(wider, BAKED)


def test_a_network_that_is_wider_than_plain_bits_allow_has_bits_by_layer(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ever wider networks with fewer bits the best trial wins, and the first worse one ends the search."""
    seen: list[Architecture] = []

    def told(
        signal: Picture, architecture: Architecture, training: Training, budget: object
    ) -> Trial[Architecture]:
        seen.append(architecture)
        assert (budget is not None) == (architecture.precision.layer_bits == "auto")
        return Trial(architecture, 20 - abs(architecture.hidden_features - 20) / 2)

    monkeypatch.setattr(widths, "tried", told)
    found = chosen(picture, BAKED)
    plain, *others = seen
    wider = [each for each in others if each.precision.phase_bits != 6]
    short = [each for each in others if each.precision.phase_bits == 6]
    assert plain.precision.layer_bits == ""
    assert others == wider + short
    assert all(each.precision.mid_rise for each in others)
    widths_of = [each.hidden_features for each in wider]
    assert widths_of == sorted({plain.hidden_features, *widths_of})
    assert found == wider[-2] == min(wider, key=lambda each: abs(each.hidden_features - 20))
    assert short[0].hidden_features == found.hidden_features


@pytest.mark.parametrize("layer_bits", ["", "auto"])
def test_bits_that_the_recipe_names_are_kept(picture: Picture, layer_bits: str) -> None:
    named = Precision(layer_bits=layer_bits, activation_bits=7, guard_bits=1, phase_bits=8)
    found = chosen(picture, BAKED, named).precision
    assert (found.activation_bits, found.guard_bits, found.phase_bits) == (7, 1, 8)
    assert layer_bits in ("", found.layer_bits)


@pytest.mark.parametrize("reach", [{}, {"min_psnr_db": 90}])
def test_what_fits_only_with_fewer_bits_is_chosen_with_them(
    picture: Picture, reach: dict[str, float]
) -> None:
    plain = Architecture("siren", picture.sides, 3, 4, 0)
    least = bisect.bisect_left(range(1, 9999), True, key=lambda n: fits(plain, replace(BAKED, max_lut=n)))
    most = range(1, 9999)[least] - 1
    found = chosen(picture, replace(BAKED, max_lut=most), **reach)
    assert fits(found, replace(BAKED, max_lut=most))
    assert found.precision != plain.precision


def test_a_folded_core_keeps_its_precision(picture: Picture) -> None:
    hardware = Hardware(initiation_interval=8, max_dsp=4)
    found = chosen(picture, hardware)
    assert fits(found, hardware)
    assert (found.precision.activation_bits, found.precision.guard_bits) == (8, None)


def test_the_narrowest_that_reaches_a_psnr_is_chosen(picture: Picture) -> None:
    easy, hard = chosen(picture, min_psnr_db=1), chosen(picture, BAKED, min_psnr_db=90)
    assert easy.hidden_features == 4
    assert fits(hard, BAKED)
    assert hard.hidden_features > 4


def test_what_is_chosen_is_in_the_folders_recipe(inrhw_: Inrhw, tmp_path: Path) -> None:
    options = (
        "--hidden-layers",
        "0",
        "--steps",
        "2",
        "--skip",
        "synth",
        "--skip",
        "power",
        "--skip",
        "verify",
    )
    limits = ("--weights", "baked", "--max-lut", "1500", "--hidden-widths", "auto")
    assert inrhw_("build", "--size", "5x4", *options, *limits, "-o", "one").status == 0
    network = load_recipe(tmp_path / "one" / "recipe.toml").network
    assert network.hidden_widths == ""
    assert network.hidden_features >= 4
    assert inrhw_("build", "one/recipe.toml", *options[-6:], "-o", "two").status == 0
    one, two = ((tmp_path / folder / "one.v").read_bytes() for folder in ("one", "two"))
    assert one == two


def test_training_alone_chooses_by_the_hardware_of_a_recipe(inrhw_: Inrhw, tmp_path: Path) -> None:
    recipe = Recipe(
        name="core",
        signal=Signal(size="5x4"),
        network=Network(hidden_widths="auto", hidden_layers=0),
        training=Training(steps=2),
        hardware=BAKED,
    )
    save_recipe(recipe, tmp_path / "mine.toml")
    assert inrhw_("fit", "mine.toml", "-o", "one").status == 0
    found = load_recipe(tmp_path / "one" / "recipe.toml")
    plain = Architecture("quadinr", (5, 4), 3, found.network.hidden_features, 0, precision=found.precision)
    assert fits(plain, BAKED)
    assert not fits(replace(plain, hidden_features=plain.hidden_features + 8), BAKED)
    refused(inrhw_("fit", "one/recipe.toml", "--max-lut", "90", "--weights", "baked"), "but max_lut is 90;")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--hidden-widths", "auto", "--hidden-features", "8"),
            "--hidden-widths auto replaces --hidden-features; leave one of them out",
        ),
        (("--hidden-widths=8,6", "--hidden-layers", "1"), "8,6 replaces --hidden-layers"),
        (("--hidden-widths", "auto"), "hidden_widths auto needs to know what is enough"),
        (("--hidden-widths", "auto", "--tiles", "2x2", "--max-dsp", "9"), "works on a single network"),
        (
            ("--weights", "baked", "--max-lut", "900", "--hidden-layers", "0"),
            "need about .* LUTs, but max_lut is 900",
        ),
        (("--weights", "baked", "--max-lut", "90", "--hidden-widths", "auto"), "but max_lut is 90;"),
        (("--min-psnr-db", "30"), "for tiles auto, hidden_widths auto or patch auto; give one of them"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(inrhw_: Inrhw, options: tuple[str, ...], said: str) -> None:
    refused(inrhw_("build", "--size", "5x4", *options), said)
