import json
from pathlib import Path

import pytest

from inrhw.base.board import load_board
from inrhw.base.yosys import run_yosys
from inrhw.synthesis.block_ram_mapping import cut_contents
from inrhw.synthesis.synthesis import synth

#: Memories of 36 and of 18 kbit, one of them with a word that nobody said.
BLOCKS = """module blocks(input clk, input [9:0] a, output reg [35:0] q, output reg [17:0] r);
  reg [35:0] wide[1023:0];
  (* ram_style = "block" *) reg [17:0] narrow[1023:0];
  integer k;
  initial for (k = 0; k < 1024; k = k + 1) begin
    wide[k] = 36'h9e3779b97 * k;
    if (k != 5) narrow[k] = 18'h2545f * k;
  end
  always @(posedge clk) begin
    q <= wide[a];
    r <= narrow[a];
  end
endmodule
"""


def blocks_of(path: Path) -> dict[str, dict[str, str]]:
    """Return the contents of each block, what nobody said being 0."""
    cells = json.loads(path.read_text())["modules"]["blocks"]["cells"]
    return {
        name: {key: value.replace("x", "0") for key, value in cell["parameters"].items() if key[:4] == "INIT"}
        for name, cell in cells.items()
        if cell["type"].startswith("RAMB")
    }


@pytest.mark.tools
def test_blocks_hold_what_yosys_itself_puts_there(tmp_path: Path) -> None:
    design = tmp_path / "blocks.v"
    design.write_text(BLOCKS)
    synthesis = synth(design, "blocks", load_board("vcu128"), tmp_path / "ours")
    flow = "synth_xilinx -family xcup -flatten -top blocks"
    script = f"read_verilog -sv blocks.v\n{flow}\nwrite_json t.json"
    run_yosys(script, tmp_path, tmp_path / "log")
    ours, theirs = (blocks_of(path) for path in (synthesis.netlist_json, tmp_path / "t.json"))
    assert len(ours) == 2
    assert ours == theirs
    # The Verilog says the same as the JSON.
    for parameters in ours.values():
        value = int(parameters["INIT_01"], 2)
        assert f".INIT_01(256'h{value:064x})" in synthesis.netlist.read_text()


def test_a_netlist_without_blocks_stays_as_it_is(tmp_path: Path) -> None:
    netlist, data = tmp_path / "n.v", tmp_path / "n.json"
    netlist.write_text("module m; LUT1 #(.INIT(2'h1)) l(); endmodule\n")
    data.write_text('{"modules": {"m": {"cells": {"l": {"type": "LUT1", "parameters": {"INIT": "01"}}}}}}')
    before = netlist.read_bytes(), data.read_bytes()
    cut_contents(netlist, data)
    assert (netlist.read_bytes(), data.read_bytes()) == before
