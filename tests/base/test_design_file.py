import json
from pathlib import Path

import pytest

from inrhw.base.design_file import DESIGN, write_design
from inrhw.base.yosys import run_yosys

#: As Yosys writes a memory, with a name that needs escaping, and one that is set in another order.
MEMORY = """module top(input [1:0] a, output [7:0] q, output [7:0] r);
  reg [7:0] \\in.side  [3:0];
  initial begin
    \\in.side [0] = 8'h01;
    \\in.side [1] = 8'hfe;
    \\in.side [2] = 8'h00;
    \\in.side [3] = 8'h80;
  end
  reg [7:0] turned [3:0];
  initial begin
    turned[1] = 8'h11;
    turned[0] = 8'h10;
    turned[2] = 8'h12;
    turned[3] = 8'h13;
  end
  assign q = \\in.side [a];
  assign r = turned[a];
endmodule
"""


def test_contents_of_a_memory_go_to_a_file(tmp_path: Path) -> None:
    write_design(MEMORY, tmp_path)
    assert (tmp_path / "memory0.hex").read_text().split() == ["01", "fe", "00", "80"]
    assert r'$readmemh("memory0.hex", \in.side , 0, 3);' in (tmp_path / DESIGN).read_text()
    assert "turned[1] = 8'h11;" in (tmp_path / DESIGN).read_text()
    assert not (tmp_path / "memory1.hex").exists()


def test_a_design_without_memories_stays_as_it_is(tmp_path: Path) -> None:
    text = "module top(output q);\n  initial begin\n    q = 1'h1;\n  end\nendmodule\n"
    write_design(text, tmp_path)
    assert (tmp_path / DESIGN).read_text() == text


@pytest.mark.tools
def test_yosys_reads_the_same_memories(tmp_path: Path) -> None:
    found = []
    for name in ("apart", "whole"):
        folder = tmp_path / name
        folder.mkdir()
        write_design(MEMORY, folder)
        if name == "whole":
            (folder / DESIGN).write_text(MEMORY)
        run_yosys(
            f"read_verilog -sv {DESIGN}\nproc\nmemory_collect\nwrite_json out.json", folder, folder / "log"
        )
        cells = json.loads((folder / "out.json").read_text())["modules"]["top"]["cells"]
        found.append({cell["parameters"]["MEMID"]: cell["parameters"]["INIT"] for cell in cells.values()})
    assert found[0] == found[1]
    assert len(found[0]) == 2
