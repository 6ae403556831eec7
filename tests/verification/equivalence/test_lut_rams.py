"""LUT RAM of many cells: sums without their lowest bit, and words in halves that are written alike."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.netlists import planted

from inrhw.base.board import load_board
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence.proof import Proof, prove

pytestmark = pytest.mark.tools

VERILOG = """
module waits (input clk, input first, input go, input [6:0] at, input [6:0] step, input [6:0] a,
              output reg [6:0] y, output reg [17:0] z);
  reg [7:0] sums [0:127];
  reg [17:0] twice [0:127];
  wire [7:0] total = (first ? 8'd0 : sums[at]) + {step, 1'b0};
  integer k;
  initial begin
    y = 0; z = 0;
    for (k = 0; k < 128; k = k + 1) twice[k] = k * 134775813;
  end
  always @(posedge clk) begin
    y <= total[7:1];
    z <= twice[a];
    if (go) begin
      sums[at] <= total;
      twice[at] <= {2'd0, step, 2'd0, step};
    end
  end
endmodule
"""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("waits")
    (folder / "waits.v").write_text(VERILOG)
    made = synth(folder / "waits.v", "waits", load_board("vcu128"), folder)
    found: Json = json.loads(made.netlist_json.read_text())
    return found


def checked(netlist: Json, folder: Path) -> Proof:
    (folder / "waits.v").write_text(VERILOG)
    (folder / "waits.json").write_text(json.dumps(netlist))
    return prove(folder / "waits.v", folder / "waits.json", "waits", folder / "proof", deadline_s=60)


def memories(netlist: Json) -> list[Json]:
    cells: dict[str, Json] = netlist["modules"]["waits"]["cells"]
    return [cell["connections"] for _, cell in sorted(cells.items()) if cell["type"] == "RAM128X1S"]


def test_both_are_proven(netlist: Json, tmp_path: Path) -> None:
    assert len(memories(netlist)) == 7, "synthesis kept the lowest bit, so this tests nothing"
    proof = checked(netlist, tmp_path)
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
    proof = checked(planted(netlist, plant), tmp_path)
    assert proof.status == "not proven", proof.reason
