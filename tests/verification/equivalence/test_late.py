"""Memories in blocks of other families, most of them written a clock late: proven, and errors are found."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.netlists import planted
from support.proved import Json, cells, proved, synthesized

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "waiting.v"


@pytest.fixture(scope="module")
def netlists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    boards = ("arty_a7", "icebreaker", "ulx3s")
    return {board: synthesized(VERILOG, board, tmp_path_factory.mktemp(board)) for board in boards}


@pytest.mark.parametrize(
    ("board", "kind"), [("arty_a7", "RAMB18E1"), ("icebreaker", "SB_RAM40_4K"), ("ulx3s", "DP16KD")]
)
def test_blocks_of_other_families_are_proven(
    netlists: dict[str, Json], tmp_path: Path, board: str, kind: str
) -> None:
    assert kind in {each["type"] for each in cells(netlists[board], VERILOG).values()}
    proof = proved(VERILOG, netlists[board], tmp_path)
    assert proof.status == "proven", proof.reason


def block(netlist: Json, memory: str) -> Json:
    return next(each for name, each in cells(netlist, VERILOG).items() if name == f"{memory}.0.0")


def pin(name: str, change: Callable[[list[Any]], list[Any]], memory: str = "plain") -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        connections = block(netlist, memory)["connections"]
        connections[name] = change(connections[name])

    return plant


def crossed(name: str, other: str) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        connections = block(netlist, "plain")["connections"]
        connections[name], connections[other] = connections[other], connections[name]

    return plant


def contents(name: str, place: int) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        parameters = block(netlist, "plain")["parameters"]
        bits = list(parameters[name])
        bits[-1 - place] = "0" if bits[-1 - place] == "1" else "1"
        parameters[name] = "".join(bits)

    return plant


def never_around(netlist: Json) -> None:
    """Let what is read never go around the block: the choice at the first bit takes what the block shows."""
    (shown,) = netlist["modules"]["waiting"]["ports"]["old"]["bits"][:1]
    cell = next(
        each
        for each in cells(netlist, VERILOG).values()
        if shown in [bit for pin in ("O", "Z") for bit in each["connections"].get(pin, [])]
    )
    (read,) = [
        name
        for name, bits in cell["connections"].items()
        if set(bits) & {bit for outputs in outputs_of(block(netlist, "plain")) for bit in outputs}
    ]
    kind = "LUT_INIT" if "LUT_INIT" in cell["parameters"] else "INIT"
    place = {"I0": 0, "I1": 1, "I2": 2, "I3": 3, "A": 0, "B": 1, "C": 2, "D": 3}[read]
    cell["parameters"][kind] = "".join(str(k >> place & 1) for k in range(16))[::-1]


def outputs_of(cell: Json) -> list[list[Any]]:
    return [bits for name, bits in cell["connections"].items() if cell["port_directions"][name] == "output"]


def early(netlist: Json) -> None:
    """Let the waiting data be one bit of another place."""
    connections = block(netlist, "plain")["connections"]
    data = connections["DIA0"] if "DIA0" in connections else connections["WDATA"][1:2]
    register = next(
        each for each in cells(netlist, VERILOG).values() if each["connections"].get("Q") == data
    )["connections"]
    pin = "D" if "D" in register else "DI"
    register[pin] = [netlist["modules"]["waiting"]["ports"]["d"]["bits"][7]]


ERRORS: dict[str, tuple[str, Callable[[Json], None]]] = {
    "address of reading, iCE40": ("icebreaker", pin("RADDR", lambda nets: [nets[1], nets[0], *nets[2:]])),
    "address of writing, iCE40": (
        "icebreaker",
        pin("WADDR", lambda nets: [*nets[:8], nets[9], nets[8], nets[10]]),
    ),
    "written never, iCE40": ("icebreaker", pin("WCLKE", lambda nets: ["0"])),
    "a bit written never, iCE40": ("icebreaker", pin("MASK", lambda nets: ["1", *nets[1:]], "wide")),
    "read never, iCE40": ("icebreaker", pin("RCLKE", lambda nets: ["0"])),
    "contents, iCE40": ("icebreaker", contents("INIT_3", 100)),
    "data that wait, iCE40": ("icebreaker", early),
    "not around the block, iCE40": ("icebreaker", never_around),
    "address of reading, ECP5": ("ulx3s", crossed("ADB7", "ADB9")),
    "address of writing, ECP5": ("ulx3s", crossed("ADA7", "ADA9")),
    "written never, ECP5": ("ulx3s", pin("WEA", lambda nets: ["0"])),
    "contents, ECP5": ("ulx3s", contents("INITVAL_03", 57)),
    "data that wait, ECP5": ("ulx3s", early),
    "not around the block, ECP5": ("ulx3s", never_around),
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_an_error_around_a_block_is_not_proven(netlists: dict[str, Json], tmp_path: Path, name: str) -> None:
    board, plant = ERRORS[name]
    proof = proved(VERILOG, planted(netlists[board], plant), tmp_path)
    assert proof.status in ("not proven", "undecided"), proof.reason


def test_other_uses_have_no_model(netlists: dict[str, Json], tmp_path: Path) -> None:
    changed = copy.deepcopy(netlists["icebreaker"])
    block(changed, "plain")["parameters"]["WRITE_MODE"] = "01"
    proof = proved(VERILOG, changed, tmp_path)
    assert (proof.status, "more than one width" in proof.reason) == ("undecided", True), proof.reason
