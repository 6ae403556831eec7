import json
from pathlib import Path

import jsonschema
import pytest
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
    fit = built / "fit.json"
    fit.write_text(json.dumps(json.loads(fit.read_text()) | {"shared": ""}))
    refused(inrhw_("faults", str(built)), "several networks, of pictures or tiles")
