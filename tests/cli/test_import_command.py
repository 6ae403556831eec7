"""`inrhw import`: a checkpoint becomes a build folder; what cannot be is one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.command import Inrhw, refused
from torch import nn

from inrhw.cli.recipe import load_recipe
from inrhw.networks.training.fitted import Fitted

SIZE = ("--size", "5x4", "--model", "siren")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Identity(), nn.Linear(3, 2), nn.Identity(), nn.Linear(2, 3))
    torch.save(module.state_dict(), tmp_path / "net.pt")
    return tmp_path / "net.pt"


def photo(path: Path, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    Image.fromarray(values).convert(mode).save(path)


def test_a_checkpoint_is_shown_rounded_and_emitted(checkpoint: Path, tmp_path: Path, inrhw_: Inrhw) -> None:
    found = inrhw_("import", "net.pt", *SIZE, "-o", "one")
    assert found.status == 0
    assert [line.split() for line in found.out.splitlines()[:3]] == [
        ["0", "2", "->", "3"],
        ["2", "3", "->", "2"],
        ["4", "2", "->", "3"],
    ]
    fitted = Fitted.load(tmp_path / "one")
    assert fitted.architecture.features == [2, 3, 2, 3]
    assert load_recipe(tmp_path / "one" / "recipe.toml").network.hidden_widths == "3,2"
    # Without a picture it is its own rendering that is represented.
    assert np.array_equal(fitted.picture.values, fitted.float_model.render())
    assert fitted.picture.name == "net"
    assert inrhw_("emit", "one").status == 0
    # And the other way.
    for form in ("onnx", "npz"):
        assert inrhw_("export", "one", "-o", f"net.{form}").status == 0
    assert np.load("net.npz")["layers"] == 3
    said = inrhw_("export", "one", "-o", "net.txt").err
    assert "must end with .pt2, .onnx, .npz, .png, .tiff, .webp, which selects the form" in " ".join(
        said.split()
    )
    # And the signal as the core gives it.
    assert inrhw_("export", "one", "-o", "net.webp").status == 0
    with Image.open("net.webp") as written:
        assert np.array_equal(np.asarray(written), fitted.model.render())
    Image.new("RGB", (1, 1)).save("one/quantized.png")
    refused(inrhw_("export", "one", "-o", "net.webp"), "one/quantized.png was changed since `inrhw fit`")


def test_an_encoding_is_shown_and_kept(tmp_path: Path, inrhw_: Inrhw) -> None:
    state = {"b": torch.randn(4, 2)} | nn.Sequential(nn.Linear(8, 3), nn.ReLU(), nn.Linear(3, 1)).state_dict()
    torch.save(state, tmp_path / "net.pt")
    found = inrhw_(
        "import", "net.pt", "--size", "5x4", "--model", "relu_pe", "--encoding", "rff", "-o", "one"
    )
    assert found.out.splitlines()[0].split() == ["encoding", "2", "->", "8"]
    fitted = Fitted.load(tmp_path / "one")
    assert fitted.architecture.features == [2, 8, 3, 1]
    assert inrhw_("export", "one", "-o", "net.npz").status == 0
    assert inrhw_("fit", "one/recipe.toml").out.split()[-3:] == ["up", "to", "date"]


def test_a_sigmoid_is_shown_and_kept(checkpoint: Path, tmp_path: Path, inrhw_: Inrhw) -> None:
    found = inrhw_("import", "net.pt", *SIZE, "--final-activation", "sigmoid", "-o", "one")
    assert found.status == 0 and found.out.splitlines()[3].split() == ["sigmoid"]
    assert load_recipe(tmp_path / "one" / "recipe.toml").network.final_activation == "sigmoid"
    assert Fitted.load(tmp_path / "one").architecture.final_activation == "sigmoid"


def test_the_folders_recipe_imports_it_again(checkpoint: Path, tmp_path: Path, inrhw_: Inrhw) -> None:
    photo(tmp_path / "p.png", "RGB")
    assert inrhw_("import", "net.pt", "p.png", *SIZE, "-o", "one", "--finetune", "3").status == 0
    recipe = load_recipe(tmp_path / "one" / "recipe.toml")
    assert (recipe.imported.checkpoint, recipe.training.finetune) == (str(checkpoint), 3)
    assert inrhw_("fit", "one/recipe.toml", "-o", "two").status == 0
    one, two = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
    assert inrhw_("fit", "one/recipe.toml").out.split()[-3:] == ["up", "to", "date"]
    # Another file under that name is another network.
    state = torch.load(checkpoint, weights_only=True)
    torch.save({name: 2 * value for name, value in state.items()}, checkpoint)
    assert "up to date" not in inrhw_("fit", "one/recipe.toml").out


def test_rounding_alone_is_the_default(checkpoint: Path, tmp_path: Path, inrhw_: Inrhw) -> None:
    photo(tmp_path / "p.png", "RGB")
    assert inrhw_("fit", "p.png", "--checkpoint", "net.pt", *SIZE, "-o", "one").status == 0
    psnr = json.loads((tmp_path / "one" / "fit.json").read_text())["psnr_db"]
    assert psnr["rounded"] == psnr["quantized"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.pt",), "none.pt cannot be read"),
        (("grey.png",), "grey.png is not a state_dict of torch"),
        (("net.pt", "grey.png"), "gives 3 channels, and grey has 1"),
        (("net.pt", "--shared"), "a checkpoint holds one network"),
        (("net.pt", "--model", "sirenn"), "model must be one of"),
        (("net.pt", "--coordinates", "edges"), "coordinates"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence(
    checkpoint: Path, tmp_path: Path, inrhw_: Inrhw, arguments: tuple[str, ...], message: str
) -> None:
    photo(tmp_path / "grey.png", "L")
    before = sorted(path.name for path in tmp_path.iterdir())
    result = inrhw_("import", *arguments, *(SIZE if "--model" not in arguments else SIZE[:2]), "-o", "x")
    assert result.status in (1, 2)
    assert message in result.err
    assert result.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
