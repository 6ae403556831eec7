"""What is read is a choice without a name, between blocks or around one: proven, and errors are found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.netlists import planted
from support.proved import Json, cells, pins, proved, synthesized

pytestmark = pytest.mark.tools

DESIGNS = Path(__file__).parent / "designs"
VERILOG, MERGED, TABLED = (DESIGNS / f"{name}.v" for name in ("several", "merged", "tabled"))


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(VERILOG, "vcu128", tmp_path_factory.mktemp("several"))


def blocks(netlist: Json, memory: str) -> list[Json]:
    found = sorted(cells(netlist, VERILOG).items())
    return [cell["connections"] for name, cell in found if name.startswith(f"{memory}.")]


def test_memories_over_several_blocks_are_proven(netlist: Json, tmp_path: Path) -> None:
    assert [len(blocks(netlist, memory)) for memory in ("narrow", "wide")] == [1, 4]
    proof = proved(VERILOG, netlist, tmp_path)
    assert proof.status == "proven", proof.reason


def exchanged(pin: str) -> Callable[[Json], None]:
    """Exchange what two blocks have at a pin."""

    def plant(netlist: Json) -> None:
        first, _, third, _ = blocks(netlist, "wide")
        first[pin], third[pin] = third[pin], first[pin]

    return plant


def lanes(netlist: Json) -> None:
    """Write the parts of a block to each other's place."""
    (block,) = blocks(netlist, "narrow")
    block["BWE_B"][:2] = block["BWE_B"][1::-1]


def never(netlist: Json) -> None:
    """Never write a part of a word."""
    blocks(netlist, "wide")[3]["BWE_B"][2] = "0"


def other_choice(netlist: Json) -> None:
    """Let the register that says which block was read take another bit of the address."""
    ports = netlist["modules"]["several"]["ports"]
    registers = pins(netlist, VERILOG, "FDRE")
    next(each for each in registers if each["D"] == ports["a"]["bits"][13:])["D"] = ports["a"]["bits"][:1]


def kept_choice(netlist: Json) -> None:
    """Let that register never change."""
    ports = netlist["modules"]["several"]["ports"]
    registers = pins(netlist, VERILOG, "FDRE")
    next(each for each in registers if each["D"] == ports["a"]["bits"][12:13])["CE"] = ["0"]


@pytest.mark.parametrize(
    "plant",
    [exchanged("DOUT_A"), exchanged("RDB_WR_B"), lanes, never, other_choice, kept_choice],
)
def test_an_error_at_the_blocks_is_not_proven(
    netlist: Json, tmp_path: Path, plant: Callable[[Json], None]
) -> None:
    proof = proved(VERILOG, planted(netlist, plant), tmp_path)
    assert proof.status == "not proven", proof.reason


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(MERGED, "icebreaker", tmp_path_factory.mktemp("merged"))


def test_a_choice_around_a_block_before_a_multiplier_is_proven(merged: Json, tmp_path: Path) -> None:
    assert {"SB_RAM40_4K", "SB_MAC16"} <= {cell["type"] for cell in cells(merged, MERGED).values()}
    proof = proved(MERGED, merged, tmp_path)
    assert proof.status == "proven", proof.reason


def part(netlist: Json, name: str) -> Json:
    found: Json = next(each for called, each in cells(netlist, MERGED).items() if called.startswith(name))
    return found


def crossed(name: str, pin: str) -> Callable[[Json], None]:
    """Exchange the lowest two nets of a pin."""

    def plant(netlist: Json) -> None:
        nets = part(netlist, name)["connections"][pin]
        nets[:2] = nets[1::-1]

    return plant


def wrong_word(netlist: Json) -> None:
    """Change a bit of the table, whose port that writes has another width and is never enabled."""
    parameters = part(netlist, "fixed.")["parameters"]
    assert parameters["READ_MODE"] != parameters["WRITE_MODE"]
    text = parameters["INIT_2"]
    parameters["INIT_2"] = text[:-1] + ("0" if text[-1] == "1" else "1")


def never_around(netlist: Json) -> None:
    """Let the choice of a bit take what the block shows, whatever waits."""
    shown = part(netlist, "kept.")["connections"]["RDATA"]
    choice = next(
        cell for cell in cells(netlist, MERGED).values() if cell["connections"].get("I3") == shown[:1]
    )
    choice["parameters"]["LUT_INIT"] = f"{0b1111000000000000:016b}"


@pytest.mark.parametrize(
    "plant",
    [
        crossed("kept.", "RADDR"),
        crossed("kept.", "WADDR"),
        crossed("p_SB_MAC16", "A"),
        never_around,
        wrong_word,
    ],
)
def test_an_error_around_the_block_is_not_proven(
    merged: Json, tmp_path: Path, plant: Callable[[Json], None]
) -> None:
    proof = proved(MERGED, planted(merged, plant), tmp_path)
    assert proof.status in ("not proven", "undecided"), proof.reason


@pytest.fixture(scope="module")
def tabled(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(TABLED, "ulx3s", tmp_path_factory.mktemp("tabled"))


def halves(netlist: Json) -> list[Json]:
    return [cell for _, cell in sorted(cells(netlist, TABLED).items()) if cell["type"] == "DP16KD"]


def test_a_table_over_two_blocks_is_proven(tabled: Json, tmp_path: Path) -> None:
    assert len(halves(tabled)) == 2
    proof = proved(TABLED, tabled, tmp_path)
    assert proof.status == "proven", proof.reason


def test_blocks_of_a_table_in_each_others_place_are_found(tabled: Json, tmp_path: Path) -> None:
    def plant(netlist: Json) -> None:
        first, second = (cell["parameters"] for cell in halves(netlist))
        for name in first:
            first[name], second[name] = second[name], first[name]

    proof = proved(TABLED, planted(tabled, plant), tmp_path)
    assert proof.status == "not proven", proof.reason
