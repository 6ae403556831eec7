import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image
from support.command import Inrhw, refused

from inrhw.reports.fault_page import schema_of_faults


def test_faults_are_measured_on_a_trained_network(built: Path, inrhw_: Inrhw) -> None:
    found = inrhw_("faults", str(built), "--trials", "1", "--upsets", "20")
    assert found.status == 0, found
    data = json.loads((built / "faults.json").read_text())
    jsonschema.validate(data, schema_of_faults(), jsonschema.Draft202012Validator)
    assert data["configuration"]["tried"] == 20
    assert "Configuration: 20 of " in found.out
    quantized = json.loads((built / "fit.json").read_text())["psnr_db"]["quantized"]
    assert data["clean_db"] == pytest.approx(quantized)
    assert "The worst bit: layer" in found.out
    assert data["memories"] == []
    assert "What one flipped bit costs" in (built / "faults.html").read_text()

    protected = ("--weights", "loadable", "--initiation-interval", "64", "--weight-ecc", "ecc")
    assert inrhw_("emit", str(built), *protected).status == 0
    assert not list(built.glob("faults.*")), "they are of another core"
    found = inrhw_("faults", str(built), "--trials", "1")
    assert found.status == 0, found
    data = json.loads((built / "faults.json").read_text())
    assert data["weight_ecc"] == "ecc"
    assert data["memory_bits"] > data["stored_bits"]
    assert "configuration" not in data, "a folded core is no matter of configuration"
    assert data["memories"][0]["mean_db"] == pytest.approx(quantized)
    assert "flips in memory (ecc)" in found.out
    assert "flipped in memory (ecc)" in (built / "faults.html").read_text()


def test_configuration_needs_a_netlist_of_the_core_that_is_there(built: Path, inrhw_: Inrhw) -> None:
    (built / "synth.json").unlink()
    found = inrhw_("faults", str(built), "--trials", "1")
    assert found.status == 0
    assert "no configuration bits were flipped: there is no netlist; run `inrhw synth` first" in found.err
    assert "configuration" not in json.loads((built / "faults.json").read_text())


def test_what_cannot_be_tried_is_one_sentence(built: Path, tmp_path: Path, inrhw_: Inrhw) -> None:
    refused(inrhw_("faults", str(built), "--trials", "0"), "trials must be from 1 to 10,000")
    refused(inrhw_("faults", str(tmp_path)), "fit")


#: Hardly trained.
TINY = ("--hidden-features", "3", "--steps", "3", "-o", "core")


def measured(inrhw_: Inrhw) -> dict[str, Any]:
    """Return what the command says of a core of what was trained, which renders it at the lowest rate."""
    assert inrhw_("emit", "core").status == 0
    found = inrhw_("faults", "core", "--trials", "1")
    assert found.status == 0, found
    data: dict[str, Any] = json.loads(Path("core/faults.json").read_text())
    jsonschema.validate(data, schema_of_faults(), jsonschema.Draft202012Validator)
    assert data["memories"][0]["mean_db"] == pytest.approx(data["clean_db"])
    return data


@pytest.mark.parametrize("tiles", [("4x3",), ("8x8:11110", "--shared-layers", "--patch", "2x1")])
def test_tiles_lose_what_the_whole_picture_loses(tiles: tuple[str, ...], inrhw_: Inrhw) -> None:
    assert inrhw_("fit", "--tiles", *tiles, "--size", "10x8", *TINY).status == 0
    data = measured(inrhw_)
    fitted = json.loads(Path("core/fit.json").read_text())
    assert data["clean_db"] == pytest.approx(fitted["psnr_db"]["quantized"])
    assert data["pictures"] == []


def test_of_several_pictures_each_has_its_curve(inrhw_: Inrhw) -> None:
    rng = np.random.default_rng(0)
    for name, (width, height) in {"a": (6, 5), "b": (4, 6)}.items():
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"{name}.png")
    assert inrhw_("fit", "--shared", "a.png", "b.png", "--size", "6x5,4x6", *TINY).status == 0
    data = measured(inrhw_)
    fitted = json.loads(Path("core/fit.json").read_text())
    assert data["pictures"] == ["a", "b"]
    expected = [one["psnr_db"]["quantized"] for one in fitted["pictures"]]
    assert data["clean_each_db"] == pytest.approx(expected)
    for point in (*data["noise"], *data["flips"], *data["memories"]):
        assert sum(point["each_db"]) / 2 == pytest.approx(point["mean_db"])
    page = Path("core/faults.html").read_text()
    assert '<th scope="col">a</th><th scope="col">b</th>' in page
    assert "the 2 pictures have, on average," in page
