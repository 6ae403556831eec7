import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Inrhw, refused

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, fields_of, groups_of
from inrhw.cli.recipe import Recipe, load_recipe, option_values, recipe_toml, save_recipe
from inrhw.lowering.hardware import Hardware
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.signal import Signal

SMALL = ("--size", "4x3", "--hidden-features", "2", "--hidden-layers", "0", "--steps", "2")

recipes = st.builds(
    Recipe,
    name=st.sampled_from(["", "core"]),
    signal=st.builds(Signal, size=st.sampled_from(["64x64", "3x5"])),
    network=st.builds(Network, hidden_features=st.integers(1, 256), omega_0=st.none() | st.floats(0.5, 1000)),
    precision=st.builds(Precision, st.integers(2, 24), quantizer=st.sampled_from(["uniform", "dhq", "auto"])),
    training=st.builds(
        Training,
        st.integers(1, 10**9),
        finetune=st.none() | st.integers(0, 10**9),
        digits_loss=st.floats(0, 100),
        learning_rate=st.none() | st.floats(1e-6, 0.9),
        seed=st.integers(0, 2**63 - 1),
    ),
    hardware=st.builds(Hardware, initiation_interval=st.none() | st.integers(2, 99)),
)


@given(recipes, st.booleans())
def test_a_recipe_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, recipe: Recipe, comments: bool
) -> None:
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    save_recipe(recipe, path, commented=comments)
    assert load_recipe(path) == recipe


def test_no_two_settings_have_one_name() -> None:
    """They are options beside each other on the command line."""
    groups: list[type[Settings]] = [Recipe, *(kind for _, kind in groups_of(Recipe))]
    names = [field.name for kind in groups for field in fields_of(kind)]
    assert len(names) == len(set(names))


def test_every_setting_has_help() -> None:
    groups: list[type[Settings]] = [Recipe, *(kind for _, kind in groups_of(Recipe))]
    assert not [field.name for kind in groups for field in fields_of(kind) if not field.help]


def test_init_writes_every_setting_with_its_help(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_("init").status == 0
    text = (tmp_path / "recipe.toml").read_text()
    assert load_recipe(tmp_path / "recipe.toml") == Recipe()
    for _, kind in groups_of(Recipe):
        for field in fields_of(kind):
            assert f"{field.name} =" in text
            assert field.help.split(";")[0] in text
    assert "None" not in text, "TOML has no such value"
    refused(inrhw_("init"), "recipe.toml exists already")
    assert inrhw_("init", "new/").out == "new/recipe.toml\n"


def test_a_recipe_is_built_like_its_options_and_options_override_it(inrhw_: Inrhw, tmp_path: Path) -> None:
    recipe = Recipe(
        signal=Signal(size="4x3"),
        network=Network(hidden_features=2, hidden_layers=0),
        training=Training(steps=2),
    )
    save_recipe(recipe, tmp_path / "mine.toml")
    for folder, arguments in (("a", SMALL), ("b", ("mine.toml",)), ("c", ("mine.toml", "--seed", "5"))):
        assert inrhw_("fit", *arguments, "-o", folder).status == 0
    a, b, c = ((tmp_path / name / "weights.safetensors").read_bytes() for name in "abc")
    assert a == b != c
    assert load_recipe(tmp_path / "c" / "recipe.toml").training == Training(
        2, learning_rate=0.01, weight_decay=0.0, noise_training=0.005, seed=5
    )


def test_an_option_can_take_back_what_a_recipe_says(inrhw_: Inrhw, tmp_path: Path) -> None:
    save_recipe(Recipe(hardware=Hardware(source="stream", packed=False)), tmp_path / "r.toml")
    wrong = inrhw_("build", "r.toml", *SMALL, "--control", "-o", "x")
    refused(wrong, "a stream core has no frames to control")
    refused(
        inrhw_("build", "r.toml", *SMALL, "--control", "--source", "raster", "--packed"),
        "packed needs the multipliers",
    )


def test_a_build_folder_holds_a_recipe_that_gives_the_same_bytes(inrhw_: Inrhw, tmp_path: Path) -> None:
    inrhw_("fit", *SMALL, "-o", "one", "--omega-0", "7")
    assert inrhw_("emit", "one", "--initiation-interval", "12").status == 0
    shutil.move(tmp_path / "one", tmp_path / "elsewhere" / "one")
    recipe = tmp_path / "elsewhere" / "one" / "recipe.toml"
    assert load_recipe(recipe).hardware == Hardware(initiation_interval=12)
    assert inrhw_("fit", str(recipe), "-o", "two").status == 0
    for name in ("weights.safetensors", "fit.json", "original.png", "quantized.png"):
        assert (tmp_path / "two" / name).read_bytes() == (recipe.parent / name).read_bytes()


def test_the_recipe_of_a_build_folder_is_built_there(inrhw_: Inrhw, tmp_path: Path) -> None:
    inrhw_("fit", *SMALL, "-o", "one")
    result = inrhw_("fit", "one/recipe.toml")
    assert (result.status, result.out.split()) == (0, ["fit", "up", "to", "date"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nstepz = 3", r"r\.toml: \[training\]: there is no stepz; steps is the nearest name"),
        ("steps = 3", r"r\.toml: there is no steps; it belongs into \[training\]"),
        (
            "[training]\nsteps = 0",
            r"r\.toml: \[training\]: steps must be a whole number from 1 to 1000000000, not 0",
        ),
        ("[training]\nsteps = 'many'", r"steps must be a whole number from 1 to 1000000000, not 'many'"),
        ("[network]\nmodel = 3", "model must be a text, not 3"),
        ('[signal]\npictures = ["a\\u0000"]', "pictures must be a list, each a text, not"),
        ("training = 3", r"training must be a table, written \[training\], not 3"),
        ("[training", r"r\.toml is not valid TOML: "),
        (
            "format = 99",
            r"r\.toml was written by a newer inrhw \(format 99, this one reads 1\); update inrhw",
        ),
        ("format = 0", "format must be 1, not 0"),
        ("[hardware]\ntarget_mpixels = 400", r"r\.toml: \[hardware\]: 400 Mpixels/s cannot be reached"),
    ],
)
def test_a_recipe_that_cannot_be_is_one_sentence(
    inrhw_: Inrhw, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "r.toml").write_text(text)
    refused(inrhw_("build", "r.toml"), message)
    assert [path.name for path in tmp_path.iterdir()] == ["r.toml"]


def test_a_recipe_may_come_from_an_editor_of_windows(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(b"\xef\xbb\xbfname = 'mine'\r\n")
    assert load_recipe(tmp_path / "r.toml").name == "mine"


def test_a_missing_or_binary_recipe_is_one_sentence(inrhw_: Inrhw, tmp_path: Path) -> None:
    refused(inrhw_("build", "no.toml"), r"no\.toml cannot be read .*`inrhw init` writes one")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    refused(inrhw_("build", "b.toml"), r"b\.toml is not valid TOML")


def test_only_what_is_not_a_default_is_said_to_the_command_line() -> None:
    recipe = replace(Recipe(), training=Training(steps=5))
    assert option_values(recipe, ["training"]) == {"board": "vcu128", "steps": 5}


def test_toml_is_what_the_standard_library_reads() -> None:
    assert tomllib.loads(recipe_toml(Recipe()))["training"]["steps"] == Training.steps


@pytest.mark.parametrize("blocked", [("torch", "amaranth")])
@pytest.mark.parametrize(
    "script",
    [
        "import inrhw; inrhw.Recipe()",
        "import sys; sys.argv[1:] = ['--help']; from inrhw.cli.app import main; main()",
        "import sys; sys.argv[1:] = ['boards']; from inrhw.cli.app import main; main()",
        "import sys; sys.argv[1:] = ['build', '--help']; from inrhw.cli.app import main; main()",
    ],
)
def test_what_answers_at_once_needs_neither_torch_nor_amaranth(blocked: tuple[str, ...], script: str) -> None:
    block = "import sys; " + "; ".join(f"sys.modules[{name!r}] = None" for name in blocked) + "; "
    done = subprocess.run([sys.executable, "-c", block + script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_recipe_from_elsewhere_finds_its_pictures_beside_it(tmp_path: Path) -> None:
    save_recipe(Recipe(signal=Signal(("a.png",))), tmp_path / "r.toml")
    assert load_recipe(tmp_path / "r.toml").signal.pictures == (str(tmp_path / "a.png"),)
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe(tmp_path / "s.toml")
