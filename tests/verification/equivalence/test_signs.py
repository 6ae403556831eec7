"""A sum narrower than its word: synthesis keeps one sign of it, and that is proven."""

import json
from pathlib import Path

import pytest
from support.proved import Json, proved, synthesized

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "signs.v"


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(VERILOG, "vcu128", tmp_path_factory.mktemp("signs"))


def test_bits_that_repeat_the_one_below_are_proven(netlist: Json, tmp_path: Path) -> None:
    registers = [each for each in netlist["modules"]["signs"]["cells"].values() if each["type"] == "FDRE"]
    assert len(registers) < 2 * 10 + 14 + 2 * 16 + 17, "synthesis kept all signs, so this tests nothing"
    proof = proved(VERILOG, netlist, tmp_path)
    assert proof.status == "proven", proof.reason


@pytest.mark.parametrize("bit", [0, 10])
def test_a_sign_that_is_none_is_found(netlist: Json, tmp_path: Path, bit: int) -> None:
    """The register of the sign takes another bit of the sum."""
    module = json.loads(json.dumps(netlist))["modules"]["signs"]
    (word,) = (each["bits"] for name, each in module["netnames"].items() if name.endswith("narrow_d1"))
    taking = {
        each["connections"]["Q"][0]: each["connections"]
        for each in module["cells"].values()
        if each["type"] == "FDRE"
    }
    taking[word[11]]["D"] = taking[word[bit]]["D"]
    assert proved(VERILOG, {"modules": {"signs": module}}, tmp_path).status != "proven"
