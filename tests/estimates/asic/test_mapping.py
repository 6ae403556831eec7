"""A mapped design is made of the library's cells, does what it did, and says what became of memories."""

import re
from pathlib import Path

import pytest
from support.small_library import small_library

from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.yosys import run_yosys
from inrhw.estimates.asic.cell_simulation import CellSimulation, Words
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.mapping import Memory, map_to
from inrhw.estimates.asic.reading import generic_library

COUNTER = """
module counter(input clk, input rst, output reg [3:0] y);
  always @(posedge clk) y <= rst ? 0 : y + 3;
endmodule
"""
MEMORIES = """
module memories(input clk, input we, input [1:0] a, input [4:0] d, output reg [4:0] q, output reg [7:0] r);
  reg [4:0] ram[0:3];
  reg [7:0] rom[0:3];
  initial begin rom[0] = 17; rom[1] = 34; rom[2] = 68; rom[3] = 255; end
  always @(posedge clk) begin if (we) ram[a] <= d; q <= ram[a]; r <= rom[a]; end
endmodule
"""


def design(folder: Path, text: str) -> Path:
    (folder / "design.v").write_text(text)
    return folder / "design.v"


@pytest.fixture(params=["generic", "small"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    return generic_library() if request.param == "generic" else small_library(tmp_path)


def test_a_mapped_counter_counts(library: Library, tmp_path: Path) -> None:
    netlist = map_to(library, design(tmp_path, COUNTER), "counter", tmp_path).netlist
    assert sum(instance.cell.state is not None for instance in netlist.instances) == 4
    seen: list[int] = []

    def drive(outputs: Words) -> Words:
        seen.append(sum(bit << k for k, bit in enumerate(outputs["y"])))
        return {"rst": [int(len(seen) < 3)]}

    CellSimulation(netlist, "clk").toggles(drive, 12)
    assert seen[3:] == [3 * k % 16 for k in range(9)]


def test_the_area_is_what_yosys_adds_up(library: Library, tmp_path: Path) -> None:
    netlist = map_to(library, design(tmp_path, COUNTER), "counter", tmp_path).netlist
    (tmp_path / "cells.lib").write_text(library.files[0].read_text())
    (tmp_path / "design_asic.v").write_text(netlist.verilog())
    script = "read_liberty -lib cells.lib\nread_verilog design_asic.v\nstat -top counter -liberty cells.lib"
    run_yosys(script, tmp_path, tmp_path / "log")
    (area,) = re.findall(r"Chip area for module '\\counter': ([\d.]+)", (tmp_path / "log").read_text())
    ours = sum(library.cells[name].area_um2 * count for name, count in netlist.counts.items())
    assert ours == pytest.approx(float(area))
    assert ours == sum(instance.cell.area_um2 for instance in netlist.instances)


def test_memories_become_flip_flops_and_tables_gates(tmp_path: Path) -> None:
    found = map_to(generic_library(), design(tmp_path, MEMORIES), "memories", tmp_path)
    assert set(found.memories) == {Memory("ram", 4, 5, True), Memory("rom", 4, 8, False)}
    registers = sum(instance.cell.state is not None for instance in found.netlist.instances)
    assert 4 * 5 + 5 <= registers <= 4 * 5 + 5 + 8  # equal bits of the table are one register


def test_a_design_that_the_library_cannot_hold_is_refused(tmp_path: Path) -> None:
    latch = "module latch(input e, input d, output reg q); always @* if (e) q = d; endmodule"
    with pytest.raises(ToolFailed, match="latches are not supported"):
        map_to(generic_library(), design(tmp_path, latch), "latch", tmp_path)


def test_a_missing_or_broken_design_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Verilog file .*gone\.v"):
        map_to(generic_library(), tmp_path / "gone.v", "gone", tmp_path)
    with pytest.raises(InputError, match=r"has a quote or a line break, which abc misreads; rename"):
        map_to(generic_library(), design(tmp_path, COUNTER), "counter", tmp_path / "bob's")
    with pytest.raises(ToolFailed, match=r"design_asic\.log"):
        map_to(generic_library(), design(tmp_path, "module broken("), "broken", tmp_path)
