"""A memory in several blocks that have more words, written late or not: proven, and errors are found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.netlists import planted
from support.proved import Json, cells, pins, proved, synthesized

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "bands.v"


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(VERILOG, "ulx3s", tmp_path_factory.mktemp("bands"))


def blocks(netlist: Json) -> list[Json]:
    """Return the pins of the blocks: three for the bits of each word, then the next words."""
    return pins(netlist, VERILOG, "DP16KD")


def test_late_writes_to_one_of_several_blocks_are_proven(netlist: Json, tmp_path: Path) -> None:
    assert len(blocks(netlist)) == 9
    proof = proved(VERILOG, netlist, tmp_path)
    assert proof.status == "proven", proof.reason


def test_a_choice_between_blocks_is_proven_where_reads_may_miss_all(tmp_path: Path) -> None:
    proof = proved(VERILOG, synthesized(VERILOG, "vcu128", tmp_path), tmp_path)
    assert proof.status == "proven", proof.reason


def exchanged(pin: str) -> Callable[[Json], None]:
    """Exchange what blocks of the first and the second words have at a pin."""

    def plant(netlist: Json) -> None:
        first, second = blocks(netlist)[0], blocks(netlist)[3]
        first[pin], second[pin] = second[pin], first[pin]

    return plant


def never(netlist: Json) -> None:
    """Never write the last words."""
    blocks(netlist)[6]["WEA"] = ["0"]


def other_block(netlist: Json) -> None:
    """Exchange what waits as the two bits of the number of the block."""
    address = netlist["modules"]["bands"]["ports"]["b"]["bits"]
    connections = [cell["connections"] for cell in cells(netlist, VERILOG).values()]
    first, second = (
        next(each for each in connections if each.get("DI") == [bit] and "Q" in each) for bit in address[11:]
    )
    first["DI"], second["DI"] = second["DI"], first["DI"]


ERRORS: dict[str, Callable[[Json], None]] = {
    "writes of two blocks": exchanged("WEA"),
    "words of two blocks": exchanged("DOB0"),
    "a block that is never written": never,
    "the block that is written": other_block,
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_an_error_at_several_blocks_is_not_proven(netlist: Json, tmp_path: Path, name: str) -> None:
    proof = proved(VERILOG, planted(netlist, ERRORS[name]), tmp_path)
    assert proof.status in ("not proven", "undecided"), proof.reason
