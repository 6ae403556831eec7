"""Errors planted in a netlist are found, and what changes nothing is not called an error."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.netlists import planted

from inrhw.base.yosys import run_yosys
from inrhw.verification.equivalence.proof import Proof, prove

VERILOG = Path(__file__).parent / "designs" / "pipe.v"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("pipe")
    (folder / "design.v").write_text(VERILOG.read_text())
    script = """
        read_verilog -sv design.v
        synth_xilinx -family xcup -flatten -noiopad -noclkbuf -top pipe
        select pipe
        write_json -selected netlist.json
    """
    run_yosys(script, folder, folder / "synth.log")
    loaded: Json = json.loads((folder / "netlist.json").read_text())
    return loaded


def checked(netlist: Json, folder: Path, deadline_s: float = 60.0) -> Proof:
    path = folder / "pipe_netlist.json"
    path.write_text(json.dumps(netlist))
    return prove(VERILOG, path, "pipe", folder / "proof", deadline_s=deadline_s)


def cells(netlist: Json, kind: str) -> list[Json]:
    return [cell for _, cell in sorted(netlist["modules"]["pipe"]["cells"].items()) if cell["type"] == kind]


def flip(text: str, place: int) -> str:
    """Invert a bit of a parameter, the lowest first."""
    at = len(text) - 1 - place
    return text[:at] + ("0" if text[at] == "1" else "1") + text[at + 1 :]


def invert(kind: str, parameter: str, place: int = 0, number: int = 0) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        parameters = cells(netlist, kind)[number]["parameters"]
        parameters[parameter] = flip(parameters[parameter], place)

    return plant


def connect(kind: str, pin: str, bits: list[Any], number: int = 0) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        cells(netlist, kind)[number]["connections"][pin] = bits

    return plant


def swap(kind: str, pin: str, other: str, number: int = 0) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        pins = cells(netlist, kind)[number]["connections"]
        pins[pin], pins[other] = pins[other], pins[pin]

    return plant


def reverse(kind: str, pin: str, number: int = 0) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        cells(netlist, kind)[number]["connections"][pin].reverse()

    return plant


def without_register(netlist: Json) -> None:
    (table,) = netlist["modules"]["pipe"]["ports"]["bit_of_table"]["bits"]
    register = next(c["connections"] for c in cells(netlist, "FDRE") if c["connections"]["Q"] == [table])
    for cell in netlist["modules"]["pipe"]["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                cell["connections"][pin] = [
                    register["D"][0] if bit == register["Q"][0] else bit for bit in bits
                ]
    for port in netlist["modules"]["pipe"]["ports"].values():
        port["bits"] = [register["D"][0] if bit == register["Q"][0] else bit for bit in port["bits"]]


def set_becomes_reset(netlist: Json) -> None:
    cell = cells(netlist, "FDSE")[0]
    cell["type"] = "FDRE"
    for pins in (cell["connections"], cell["port_directions"]):
        pins["R"] = pins.pop("S")


def outputs_swapped(netlist: Json) -> None:
    bits = netlist["modules"]["pipe"]["ports"]["late"]["bits"]
    bits[2], bits[5] = bits[5], bits[2]


def clocked_by_data(netlist: Json) -> None:
    valid = netlist["modules"]["pipe"]["ports"]["valid"]["bits"]
    cells(netlist, "FDRE")[3]["connections"]["C"] = valid


def written_by_data(netlist: Json) -> None:
    valid = netlist["modules"]["pipe"]["ports"]["valid"]["bits"]
    cells(netlist, "RAM32M16")[0]["connections"]["WCLK"] = valid


ERRORS = {
    "LUT2 table": invert("LUT2", "INIT", 1),
    "LUT4 table": invert("LUT4", "INIT", 5),
    "LUT6 table": invert("LUT6", "INIT", 17),
    "LUT6 table of another": invert("LUT6", "INIT", 40, 1),
    "MUXF7 inputs": swap("MUXF7", "I0", "I1"),
    "carry in": connect("CARRY4", "CYINIT", ["1"]),
    "carry out of the middle": connect("CARRY4", "CI", ["1"], 1),
    "carry data": reverse("CARRY4", "DI"),
    "carry select": reverse("CARRY4", "S"),
    "a register less": without_register,
    "reset never": connect("FDSE", "S", ["0"]),
    "enabled always": connect("RAM32M16", "WE", ["1"]),
    "set becomes reset": set_becomes_reset,
    "start of FDRE": invert("FDRE", "INIT", 0, 2),
    "start of FDSE": invert("FDSE", "INIT"),
    "depth of a shift register": connect("SRL16E", "A0", ["0"]),
    "another depth": connect("SRL16E", "A2", ["0"], 1),
    "start of a shift register": invert("SRL16E", "INIT", 1),
    "start of the memory": invert("RAM32M16", "INIT_G", 9),
    "address of reading": reverse("RAM32M16", "ADDRG"),
    "address of writing": reverse("RAM32M16", "ADDRH"),
    "data of the memory": reverse("RAM32M16", "DIG"),
    "outputs swapped": outputs_swapped,
    "clock of a register": clocked_by_data,
    "clock of the memory": written_by_data,
}


def test_the_netlist_is_proven(netlist: Json, tmp_path: Path) -> None:
    proof = checked(netlist, tmp_path)
    assert (proof.status, "equal from power-up on for all inputs" in proof.reason) == ("proven", True)
    assert 0 < proof.structural <= proof.points
    assert json.loads(json.dumps(proof.to_json()))["tools"].keys() == {"yosys", "abc"}


@pytest.mark.parametrize("name", list(ERRORS))
def test_a_planted_error_is_found(netlist: Json, tmp_path: Path, name: str) -> None:
    proof = checked(planted(netlist, ERRORS[name]), tmp_path)
    assert proof.status == "not proven", proof.reason


def test_inputs_that_may_be_swapped_may_be_swapped(netlist: Json, tmp_path: Path) -> None:
    changed = copy.deepcopy(netlist)
    symmetric = next(
        k for k, cell in enumerate(cells(changed, "LUT2")) if cell["parameters"]["INIT"] == "0110"
    )
    swap("LUT2", "I0", "I1", symmetric)(changed)
    assert checked(changed, tmp_path).status == "proven"


def test_a_failure_names_where(netlist: Json, tmp_path: Path) -> None:
    found = checked(planted(netlist, outputs_swapped), tmp_path)
    assert "output late[2], output late[5]" in found.reason


def deeper(netlist: Json) -> None:
    cells(netlist, "SRL16E")[0]["connections"]["A3"] = ["1"]


def strange_cell(netlist: Json) -> None:
    cells(netlist, "LUT2")[0]["type"] = "LUT2_STRANGE"


def strange_parameter(netlist: Json) -> None:
    cells(netlist, "FDRE")[0]["parameters"]["STRANGE"] = "1"


def loop(netlist: Json) -> None:
    pins = cells(netlist, "LUT2")[0]["connections"]
    pins["I0"] = pins["O"]


def unknown_module(netlist: Json) -> None:
    netlist["modules"]["other"] = netlist["modules"].pop("pipe")


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (deeper, "nothing in the Verilog is known to match"),
        (strange_cell, "there is no model of a LUT2_STRANGE"),
        (strange_parameter, "there is no model of a FDRE with STRANGE"),
        (loop, "there is a combinational loop"),
    ],
)
def test_what_cannot_be_compared_is_undecided(
    netlist: Json, tmp_path: Path, plant: Callable[[Json], None], reason: str
) -> None:
    proof = checked(planted(netlist, plant), tmp_path)
    assert (proof.status, reason in proof.reason) == ("undecided", True), proof.reason


def test_another_module_is_not_proven(netlist: Json, tmp_path: Path) -> None:
    assert checked(planted(netlist, unknown_module), tmp_path).status == "not proven"


def test_too_little_time_is_undecided_and_says_how_far_it_came(netlist: Json, tmp_path: Path) -> None:
    proof = checked(netlist, tmp_path, deadline_s=0.01)
    assert (proof.status, proof.reason) == (
        "undecided",
        "0.01 s were not enough, and ended in: read the Verilog",
    )


def test_without_abc_it_is_undecided(netlist: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inrhw.verification.equivalence.abc.Path.is_file", lambda path: False)
    proof = checked(netlist, tmp_path)
    assert (proof.status, "yosys-abc was not found" in proof.reason) == ("undecided", True)
