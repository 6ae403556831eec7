"""LUT RAM of many cells: sums without their lowest bit, and words in halves that are written alike."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.netlists import planted
from support.proved import Json, pins, proved, synthesized

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "waits.v"


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return synthesized(VERILOG, "vcu128", tmp_path_factory.mktemp("waits"))


def memories(netlist: Json) -> list[Json]:
    return pins(netlist, VERILOG, "RAM128X1S")


def test_both_are_proven(netlist: Json, tmp_path: Path) -> None:
    assert len(memories(netlist)) == 7, "synthesis kept the lowest bit, so this tests nothing"
    proof = proved(VERILOG, netlist, tmp_path)
    assert proof.status == "proven", proof.reason


def exchanged(pin: str) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        first, second, *_ = memories(netlist)
        first[pin], second[pin] = second[pin], first[pin]

    return plant


def half(netlist: Json) -> None:
    memories(netlist)[3]["A6"] = ["0"]


def always(netlist: Json) -> None:
    memories(netlist)[6]["WE"] = ["1"]


@pytest.mark.parametrize("plant", [exchanged("D"), exchanged("O"), always, half])
def test_an_error_at_a_sum_is_not_proven(
    netlist: Json, tmp_path: Path, plant: Callable[[Json], None]
) -> None:
    proof = proved(VERILOG, planted(netlist, plant), tmp_path)
    assert proof.status == "not proven", proof.reason
