"""Block RAMs that are only read are proven, whatever their width, and a wrong bit in one is found."""

import json
from pathlib import Path

import pytest

from inrhw.base.board import load_board
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence.proof import prove

pytestmark = pytest.mark.tools

#: Tables of several widths, one with an enable, one read at two places.
VERILOG = """
module tables (input clk, input en, input [11:0] a, b, output reg [15:0] x, output reg [35:0] y,
               output reg [69:0] z, output reg [8:0] p, q);
  (* rom_style = "block" *) reg [15:0] one [0:2047];
  (* rom_style = "block" *) reg [35:0] two [0:511];
  (* rom_style = "block" *) reg [69:0] three [0:511];
  (* rom_style = "block" *) reg [8:0] four [0:2047];
  integer k;
  initial begin
    x = 0; y = 0; z = 0; p = 0; q = 0;
    for (k = 0; k < 2048; k = k + 1) one[k] = k * k + 13 * k;
    for (k = 0; k < 512; k = k + 1) begin
      two[k] = k * 134775813;
      three[k] = {35'd0, k} * 70'd31415926535 * k;
    end
    for (k = 0; k < 2048; k = k + 1) four[k] = k * 77;
  end
  always @(posedge clk) begin
    x <= one[a[10:0]];
    if (en) y <= two[a[8:0]];
    z <= three[b[8:0]];
    p <= four[a[10:0]];
    q <= four[b[10:0]];
  end
endmodule
"""


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "tables.v").write_text(VERILOG)
    found = synth(folder / "tables.v", "tables", load_board("vcu128"), folder)
    assert found.resources["bram"].value
    return found.netlist_json


def test_tables_are_proven(netlist: Path, tmp_path: Path) -> None:
    proof = prove(netlist.parent / "tables.v", netlist, "tables", tmp_path, deadline_s=100)
    assert proof.status == "proven", proof.reason


@pytest.mark.parametrize(
    ("kind", "parameter", "bit"), [("RAMB36E2", "INIT_13", 200), ("RAMB18E2", "INITP_02", 7)]
)
def test_a_wrong_bit_is_found(netlist: Path, tmp_path: Path, kind: str, parameter: str, bit: int) -> None:
    design = json.loads(netlist.read_text())
    cells = design["modules"]["tables"]["cells"].values()
    parameters = next(cell["parameters"] for cell in cells if cell["type"] == kind)
    value = int(parameters[parameter], 2) ^ 1 << bit
    parameters[parameter] = f"{value:0256b}"
    (tmp_path / "wrong.json").write_text(json.dumps(design))
    proof = prove(netlist.parent / "tables.v", tmp_path / "wrong.json", "tables", tmp_path, deadline_s=100)
    assert proof.status == "not proven"
