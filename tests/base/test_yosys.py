import json
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from inrhw.base.errors import InputError, ToolFailed, ToolNotFound
from inrhw.base.yosys import (
    DESIGN,
    run_yosys,
    share_folder,
    verilog_from_rtlil,
    write_design,
    yosys_version,
)

pytestmark = pytest.mark.tools

# The very first start of yowasp on a machine compiles it, which takes a minute.
FLAVOURS = ["native", pytest.param("yowasp", marks=pytest.mark.slow)]

ADDER = """
module adder(input clk, input [7:0] a, b, input [3:0] c, output reg [8:0] s, output reg p);
  always @(posedge clk) begin
    s <= a + b;
    p <= ^(a & {c, c});
  end
endmodule
"""


class Adder(wiring.Component):
    def __init__(self) -> None:
        super().__init__({"a": In(8), "s": Out(9)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = Signal(8, attrs={"keep": 1})
        m.d.sync += [kept.eq(self.a), self.s.eq(self.a + kept)]
        return m


class Elements(wiring.Component):
    """An array of which two modules drive a part each."""

    def __init__(self) -> None:
        super().__init__({"a": In(12), "s": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = Signal(ArrayLayout(4, 3))
        for part, value in ((words.as_value()[:8], self.a[:8]), (words[2], self.a[8:])):
            driver = Module()
            m.submodules += driver
            driver.d.sync += part.eq(value)
        m.d.comb += self.s.eq(words[0] ^ words[1] ^ words[2])
        return m


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(request.param, monkeypatch)
    return str(request.param)


def use(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INRHW_YOSYS", flavour)
    try:
        yosys_version()
    except ToolNotFound as missing:
        pytest.skip(str(missing))


def counts(folder: Path) -> dict[str, int]:
    (folder / "adder.v").write_text(ADDER)
    script = "read_verilog adder.v\nsynth_xilinx -family xcup -top adder\ntee -o stat.json stat -json"
    run_yosys(script, folder, folder / "adder.log")
    found: dict[str, int] = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return found


def test_the_log_is_whole(flavour: str, tmp_path: Path) -> None:
    assert counts(tmp_path)["FDRE"] == 10
    log = (tmp_path / "adder.log").read_text()
    # Standard output of yowasp ends at the first abc.
    assert log.index("Executing ABC9") < log.rindex("Printing statistics")


def test_an_error_names_the_log_and_shows_its_end(flavour: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=r"nothing\.v") as raised:
        run_yosys("read_verilog nothing.v", tmp_path, tmp_path / "bad.log")
    assert raised.value.log == tmp_path / "bad.log"
    assert "nothing.v" in raised.value.log.read_text()


def test_an_error_after_abc_is_an_error(flavour: str, tmp_path: Path) -> None:
    (tmp_path / "adder.v").write_text(ADDER)
    script = "read_verilog adder.v\nsynth_xilinx -family xcup -top adder\nhierarchy -top missing"
    with pytest.raises(ToolFailed, match="missing"):
        run_yosys(script, tmp_path, tmp_path / "bad.log")


def test_a_file_named_like_a_python_module_does_no_harm(flavour: str, tmp_path: Path) -> None:
    (tmp_path / "tempfile.py").write_text("raise RuntimeError\n")
    (tmp_path / "pyosys.py").write_text("raise RuntimeError\n")
    assert counts(tmp_path)["FDRE"] == 10


def test_the_share_folder_holds_the_simulation_models(flavour: str) -> None:
    assert "module LUT6" in (share_folder() / "xilinx" / "cells_sim.v").read_text()


def test_verilog_names_no_path_and_no_tool_but_keeps_attributes(flavour: str, tmp_path: Path) -> None:
    verilog = verilog_from_rtlil(rtlil.convert(Adder(), name="adder"), tmp_path)
    assert verilog.startswith("module adder(")
    assert "keep" in verilog
    assert not any(word in verilog for word in ("Generated", "src", ".py", "generator", "hierarchy"))
    assert list(tmp_path.iterdir()) == []


def test_no_wire_is_named_like_a_bit_of_another(flavour: str, tmp_path: Path) -> None:
    # abc9 would mistake it for that bit: it stops with an assertion, or connects the two.
    verilog = verilog_from_rtlil(rtlil.convert(Elements(), name="elements"), tmp_path)
    assert "\\words.2 " in verilog
    assert "words[2]" not in verilog


def test_bad_rtlil_leaves_only_a_log(flavour: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed):
        verilog_from_rtlil("module \\a\n  nonsense\n", tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".log"]


@pytest.mark.slow  # The first start of yowasp on a machine compiles it.
def test_both_flavours_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = rtlil.convert(Adder(), name="adder")
    results = []
    for flavour in ("native", "yowasp"):
        use(flavour, monkeypatch)
        results.append((counts(tmp_path), verilog_from_rtlil(text, tmp_path)))
    assert results[0] == results[1]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    (tmp_path / "adder.v").write_text(ADDER)
    script = "read_verilog adder.v\nsynth_xilinx -family xcup -top adder"
    run_yosys(script, tmp_path, tmp_path / "adder.log", on_progress=lambda *where: told.append(where))
    assert told == sorted(told)
    assert told[-1][0] > 1


def test_an_unknown_flavour_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INRHW_YOSYS", "vivado")
    with pytest.raises(InputError, match="INRHW_YOSYS must be native or yowasp, not 'vivado'"):
        yosys_version()


def test_the_version_names_the_flavour(flavour: str) -> None:
    assert yosys_version().startswith("Yosys 0.70 (")
    assert ("yowasp" in yosys_version()) == (flavour == "yowasp")


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
