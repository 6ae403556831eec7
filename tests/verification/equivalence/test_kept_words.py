"""Words of a memory in registers of a part that starts with zeros: proven, and errors are found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.netlists import planted
from support.proved import Json, pins, proved, synthesized

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "kept.v"


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(VERILOG, "icebreaker", tmp_path_factory.mktemp("kept"))


def test_words_that_became_inverted_and_a_register_that_never_changes_are_proven(
    netlist: Json, tmp_path: Path
) -> None:
    proof = proved(VERILOG, netlist, tmp_path)
    assert proof.status == "proven", proof.reason


def words(netlist: Json) -> list[Json]:
    """Return the registers of words without a name, which are the inverted ones."""
    names = netlist["modules"]["kept"]["netnames"].items()
    named = {
        bit for name, net in names if name.startswith("words[") and "_" not in name for bit in net["bits"]
    }
    return [each for each in pins(netlist, VERILOG, "SB_DFFE") if each["Q"][0] not in named]


def exchanged(pin: str) -> Callable[[Json], None]:
    """Exchange what two of them, of different words and columns, have at a pin."""

    def plant(netlist: Json) -> None:
        first, *others = words(netlist)
        second = next(each for each in others if each["E"] != first["E"] and each["D"] != first["D"])
        first[pin], second[pin] = second[pin], first[pin]

    return plant


@pytest.mark.parametrize("pin", ["D", "E"])
def test_words_that_are_written_wrong_are_not_proven(netlist: Json, tmp_path: Path, pin: str) -> None:
    assert len(words(netlist)) == 12
    proof = proved(VERILOG, planted(netlist, exchanged(pin)), tmp_path)
    assert proof.status in ("not proven", "undecided"), proof.reason
