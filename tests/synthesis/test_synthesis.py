import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import rtlil
from support.cores import folded

from inrhw.artifact.artifact import verilog_of
from inrhw.artifact.hierarchy import merge_equal_modules
from inrhw.base.board import load_board
from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.yosys import share_folder, verilog_from_rtlil
from inrhw.core.circuit import CoreComponent
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import WeightMemory
from inrhw.gateware.multipliers.mac import DotProduct, PackedDotProduct, WideDotProduct
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.synthesis.flow import dsp_commands
from inrhw.synthesis.synthesis import NODE_RESOURCES, Synthesis, synth
from inrhw.verification.equivalence.proof import PROVEN, prove

pytestmark = pytest.mark.tools

TREE = """
module tree(input clk, input rst, input signed [7:0] a, b, c, d, output reg signed [12:0] y);
  reg signed [10:0] p, q;
  always @(posedge clk) begin
    p <= (a <<< 2) + b;
    q <= (c <<< 1) - d;
    y <= rst ? 0 : p + q;
  end
endmodule
"""

# Adders of all kinds: between registers, at constants, at logic, and one word of which logic makes a part.
ADDERS = """
module adders(
  input clk, rst, en, input signed [7:0] a, b, c, output reg signed [12:0] y, output reg [7:0] z);
  reg signed [7:0] ra = 0, rb = 0, rc = 0;
  reg signed [10:0] p = 0, q = 0, r = 0;
  reg signed [11:0] s = 0;
  reg [11:0] t = 0;
  initial begin y = 0; z = 0; end
  always @(posedge clk) begin
    ra <= a; rb <= b; rc <= c;
    p <= ra + rb;
    q <= rc - 11'sd77;
    if (en) r <= (ra & rb) + rc;
    if (rst) s <= 0; else s <= p - q;
    t <= {p[3:0] ^ q[3:0], ra + 8'd0 + rb};
    y <= s + r;
    z <= t[11:4] + t[7:0];
  end
endmodule
"""

MIXED = """
module mixed(
  input clk, we, input [4:0] wa, ra, input [7:0] wd, output reg [7:0] rd,
  input [10:0] ba, output reg [35:0] bq, input signed [15:0] p, q, output reg signed [31:0] pq,
  input sd, output sq);
  reg [7:0] mem[31:0];
  always @(posedge clk) begin if (we) mem[wa] <= wd; rd <= mem[ra]; end
  reg [35:0] rom[2047:0];
  integer i;
  initial for (i = 0; i < 2048; i = i + 1) rom[i] = i * 7919;
  always @(posedge clk) bq <= rom[ba];
  always @(posedge clk) pq <= p * q;
  reg [19:0] s;
  always @(posedge clk) s <= {s[18:0], sd};
  assign sq = s[19];
endmodule
"""


def values(text: str, top: str, board: str, folder: Path) -> dict[str, float | None]:
    (folder / f"{top}.v").write_text(text)
    return counts(synth(folder / f"{top}.v", top, load_board(board), folder))


def counts(found: Synthesis) -> dict[str, float | None]:
    return {name: figure.value for name, figure in found.resources.items()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The adder tree on a VCU128; its Verilog is called otherwise than its module."""
    folder = tmp_path_factory.mktemp("tree")
    (folder / "core.v").write_text(TREE)
    return synth(folder / "core.v", "tree", load_board("vcu128"), folder / "new" / "out")


def test_an_adder_tree_costs_what_its_adders_cost(tree: Synthesis) -> None:
    found = counts(tree)
    # Two adders of 11 and 10 bits in front of one of 12: at most a LUT a bit, a CARRY4 for four bits.
    assert found["ff"] is not None
    assert 11 + 10 + 12 <= found["ff"] <= 11 + 11 + 13
    assert found["lut"] is not None
    assert 20 <= found["lut"] <= 36
    assert found["lut"] == sum(found[f"lut{k}"] or 0 for k in range(1, 7))
    assert found["carry4"] == 3 * 3
    assert found["carry"] == 3 * 2
    assert found["dsp"] == found["bram"] == found["uram"] == found["srl"] == found["lutram"] == 0


#: Of all signs that cost nothing, with constants, of widths and shifts that differ, and with logic beside.
TERNARY = """
module ternary (input clk, input signed [7:0] a, input signed [5:0] b, input [6:0] c, output reg [69:0] y);
  reg signed [7:0] p = 0; reg signed [5:0] q = 0; reg [6:0] r = 0;
  initial y = 0;
  always @(posedge clk) begin
    {p, q, r} <= {a, b, c};
    y <= {p + (q <<< 2) + $signed({1'b0, r}), p - q + (p <<< 3), q - p - 9'sd77, p + q - 14'sd5,
          (p & q) + (q <<< 1) - $signed({1'b0, r})};
  end
endmodule
"""


@pytest.mark.parametrize("board", ["vcu128", "arty_a7"])
def test_a_sum_of_three_is_one_lut_a_bit_and_is_right(tmp_path: Path, board: str) -> None:
    found = values(TERNARY, "ternary", board, tmp_path)
    assert found["lut6_2"]
    assert found["lut"] == sum(found[f"lut{k}"] or 0 for k in (*range(1, 7), "6_2"))
    assert found["lut"] <= 70 + 8  # and those of the logic
    proof = prove(
        tmp_path / "ternary.v", tmp_path / "ternary_netlist.json", "ternary", tmp_path, deadline_s=60
    )
    assert proof.status == PROVEN, proof.reason


#: Sums of sums, without a register between them where they are named.
CHAINED = """
module chained (input clk, input signed [7:0] a, b, c, d, e, output reg signed [12:0] y);
  reg signed [7:0] p = 0, q = 0, r = 0, s = 0, t = 0;
  wire signed [10:0] v = p + (q <<< 1);
  wire signed [11:0] w = r - (s <<< 2);
  initial y = 0;
  always @(posedge clk) begin
    {p, q, r, s, t} <= {a, b, c, d, e};
    y <= v + (w <<< 1) - (t <<< 3);
  end
endmodule
"""


def test_sums_that_are_marked_are_not_fused(tmp_path: Path) -> None:
    marked = CHAINED.replace("wire", "(* inrhw_apart = 1 *) wire")
    lut = values(marked, "chained", "vcu128", tmp_path)["lut"]
    # A LUT a bit, but for those that only one operand has; fused they are 46.
    assert lut is not None and lut <= 9 + 10 + 13
    netlist = tmp_path / "chained_netlist.json"
    assert set(json.loads(netlist.read_text())["modules"]["chained"]["ports"]) == {"clk", *"abcdey"}
    proof = prove(tmp_path / "chained.v", netlist, "chained", tmp_path / "proof", deadline_s=60)
    assert proof.status == PROVEN, proof.reason


def test_sums_that_are_marked_are_not_fused_on_ecp5(tmp_path: Path) -> None:
    marked = CHAINED.replace("wire", "(* inrhw_apart = 1 *) wire")
    fused, apart = (values(text, "chained", "ulx3s", tmp_path)["lut"] for text in (CHAINED, marked))
    assert fused is not None and apart is not None and apart < fused


@pytest.mark.parametrize("board", ["vcu128", "arty_a7"])
def test_adders_mapped_apart_are_proven(tmp_path: Path, board: str) -> None:
    found = values(ADDERS, "adders", board, tmp_path)
    netlist = tmp_path / "adders_netlist.json"
    assert "inrhw_adders." in netlist.read_text()
    assert found["dsp"] == 0
    proof = prove(tmp_path / "adders.v", netlist, "adders", tmp_path / "proof", deadline_s=60)
    assert proof.status == PROVEN, proof.reason


def test_adders_use_all_four_inputs_on_ecp5_and_are_proven(tmp_path: Path) -> None:
    values(ADDERS, "adders", "ulx3s", tmp_path)
    netlist = tmp_path / "adders_netlist.json"
    cells = json.loads(netlist.read_text())["modules"]["adders"]["cells"].values()
    wired = {
        pin
        for cell in cells
        if cell["type"] == "CCU2C"
        for pin, (net,) in cell["connections"].items()
        if pin[1] in "01" and pin[0] != "S" and isinstance(net, int)
    }
    assert wired == {"A0", "D0", "B1", "C1"}
    proof = prove(tmp_path / "adders.v", netlist, "adders", tmp_path / "proof", deadline_s=60)
    assert proof.status == PROVEN, proof.reason


def test_every_kind_of_cell_is_counted_and_those_without_a_model_are_named(tmp_path: Path) -> None:
    (tmp_path / "mixed.v").write_text(MIXED)
    found = {
        board: synth(tmp_path / "mixed.v", "mixed", load_board(board), tmp_path)
        for board in ("vcu128", "ulx3s", "icebreaker")
    }
    assert found["vcu128"].unmodelled == ()
    assert found["ulx3s"].unmodelled == ("DP16KD", "MULT18X18D")
    xilinx, lattice, ice40 = map(counts, found.values())
    assert (xilinx["dsp"], xilinx["bram"], xilinx["srl"], xilinx["lutram"]) == (1, 1.5, 1, 8)
    assert xilinx["lut"] == 9 + sum(xilinx[f"lut{k}"] or 0 for k in range(1, 7))
    assert (lattice["dsp"], lattice["bram"], lattice["uram"]) == (1, 3, 0)
    assert lattice["lut"] == lattice["lutram"] + lattice["lut4"] + 2 * lattice["carry"]  # type: ignore[operator]
    # 2048 words of 24 bits that are not always 0, and a block in the place of LUT RAM.
    assert (ice40["dsp"], ice40["bram"], ice40["uram"]) == (1, 12 + 1, 0)
    assert ice40["lut"] == ice40["lut4"]
    # Without shift registers and LUT RAM, at least the 20 bits of `s` are flip-flops.
    assert ice40["ff"] is not None
    assert ice40["ff"] >= 20
    for each in found.values():
        for name in NODE_RESOURCES:
            assert sum(node[name] for node in each.nodes.values()) == each.resources[name].value


def test_a_folded_core_fits_a_board_without_lut_ram(tmp_path: Path) -> None:
    """Its small memories ask for LUTs, which iCE40 cannot give."""
    path = tmp_path / "core.v"
    path.write_text(verilog_of(CoreComponent(folded("raster", "rom", channels=1)), "core", tmp_path))
    assert 'rom_style = "distributed"' in path.read_text()
    found = synth(path, "core", load_board("icebreaker"), tmp_path)
    assert found.resources["lut"].value
    # Small as it is, every layer and the FIFO have cells of their own.
    assert {"raster", "layer1_dense", "fifo"} <= set(found.nodes)


def test_shares_are_parts_of_the_board(tmp_path: Path) -> None:
    (tmp_path / "tree.v").write_text(TREE)
    found = synth(tmp_path / "tree.v", "tree", load_board("arty_a7"), tmp_path)
    assert found.resources["ff"].value is not None
    assert found.shares["ff"].value == found.resources["ff"].value / 41_600
    assert found.shares["uram"].value is None
    assert "synth_xilinx -family xc7" in found.resources["lut"].source
    assert "Yosys 0.70" in found.resources["lut"].source


def test_files_are_named_after_the_design_and_nothing_else_stays(tree: Synthesis) -> None:
    files = {path.name for path in tree.netlist.parent.iterdir()}
    assert files == {"core_netlist.v", "core_netlist.json", "core_synth.log", "synth.json"}
    assert list(json.loads(tree.netlist_json.read_text())["modules"]) == ["tree"]
    assert str(tree.netlist.parent) not in tree.netlist_json.read_text()
    assert tree.timing.fmax_mhz.value is not None
    assert 300 < tree.timing.fmax_mhz.value <= 775


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
def test_the_netlist_computes_what_the_design_computes(tree: Synthesis, tmp_path: Path) -> None:
    numbers = random.Random(1)
    stimuli = [[numbers.randrange(-128, 128) for _ in range(4)] for _ in range(200)]
    steps = "\n".join(
        f'rst = {i == 50:d}; a = {a}; b = {b}; c = {c}; d = {d}; #1 clk = 1; #1 $display("%0d", y); clk = 0;'
        for i, (a, b, c, d) in enumerate(stimuli)
    )
    bench = f"""module bench;
      reg clk = 0, rst = 0; reg signed [7:0] a, b, c, d; wire signed [12:0] y;
      tree dut(clk, rst, a, b, c, d, y);
      initial begin #200 {steps} $finish; end
    endmodule"""
    (tmp_path / "bench.v").write_text(bench)
    models = share_folder() / "xilinx" / "cells_sim.v"
    # glbl-like power-up states settle within the first two clocks; from then on every output is defined.
    command = [
        "iverilog",
        "-g2012",
        "-s",
        "bench",
        "-o",
        "bench.vvp",
        "bench.v",
        str(tree.netlist),
        str(models),
    ]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["vvp", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True)
    printed = run.stdout.split()[1:200]
    expected = [4 * a + b + 2 * c - d for a, b, c, d in stimuli[:199]]
    expected[49] = 0
    assert printed == [str(value) for value in expected]


@pytest.mark.parametrize(
    ("chain", "chains", "lut"),
    [
        (DotProduct(3, 18, 24), 1, 0),
        (PackedDotProduct(3, 24), 1, 80),
        (WideDotProduct(3, 24, 24, 54), 2, 60),
        (DotProduct(3, 8, 8, accumulate=False), 1, 0),
    ],
    ids=["long", "packed", "wide", "plain"],
)
def test_a_chain_is_a_dsp_a_lane_and_cascades_in_its_own_wires(
    chain: Any, chains: int, lut: int, tmp_path: Path
) -> None:
    text = merge_equal_modules(rtlil.convert(chain, name="chain", emit_src=False))
    (tmp_path / "chain.v").write_text(verilog_from_rtlil(text, tmp_path))
    found = synth(tmp_path / "chain.v", "chain", load_board("vcu128"), tmp_path)
    assert found.resources["dsp"].value == 3 * chains
    assert found.resources["lut"].value <= lut  # type: ignore[operator]
    assert bool(found.resources["ff"].value) == bool(lut)
    cells = json.loads(found.netlist_json.read_text())["modules"]["chain"]["cells"].values()
    pins = [pin for cell in cells for pin in cell["connections"].items()]
    cascades = [bits for pin, bits in pins if pin == "PCIN" and set(bits) != {"0"}]
    assert len(cascades) == 2 * chains
    assert all(bits in [bits for pin, bits in pins if pin == "PCOUT"] for bits in cascades)
    fabric = {bit for pin, bits in pins if pin not in ("PCIN", "PCOUT") for bit in bits}
    assert not fabric & {bit for bits in cascades for bit in bits}


@pytest.mark.parametrize(
    ("packed", "lut_products"), [(False, 0), (True, 0), (False, 7), (True, 2), (True, 5)]
)
def test_every_multiply_accumulate_of_an_odd_layer_is_mapped_whole(
    packed: bool, lut_products: int, tmp_path: Path
) -> None:
    # One that lost a port would take LUTs for its registers and be slow.
    folds = (Fold(3, 2), Fold(5, 2), Fold(3, 5, lut_products))
    core = folded(
        "raster", "rom", folds=folds, packed=packed, precision=Precision(8, 8, 8), hidden_widths="6,5"
    )
    verilog = verilog_of(CoreComponent(core), "core", tmp_path)
    modules = re.findall(r"^module \w+__(mac|packed)\d+x", verilog, re.MULTILINE)
    assert ("packed" in modules) == packed
    assert dsp_commands(verilog).count("chtype") == len(modules)


def test_a_column_of_a_fixed_memory_takes_a_lut_where_time_is_left_and_words_are_missing(
    tmp_path: Path,
) -> None:
    drawn = random.Random(0)
    contents = Contents("w", 72, tuple(drawn.getrandbits(72) for _ in range(40)))
    memory = verilog_of(WeightMemory(contents), "memory", tmp_path)
    # The path through x and y is longer than that of the memory.
    (tmp_path / "top.v").write_text(f"""{memory}
    module top(input clk, rst, input [5:0] address, input [63:0] x, y, output reg [71:0] word, output reg z);
      wire [71:0] data;
      reg [63:0] p, q;
      memory memory(.clk(clk), .rst(rst), .address(address), .data(data));
      always @(posedge clk) begin word <= data; p <= x; q <= y; z <= ^((p & q) ^ (p | ~q >> 1)); end
    endmodule""")
    found = synth(tmp_path / "top.v", "top", load_board("vcu128"), tmp_path)
    module = json.loads(found.netlist_json.read_text())["modules"]["top"]
    of_address = {
        bit for name, net in module["netnames"].items() if "address_q" in name for bit in net["bits"]
    }
    cells = [cell["connections"].values() for cell in module["cells"].values() if "LUT" in cell["type"]]
    assert sum(bool(of_address & {bit for bits in pins for bit in bits}) for pins in cells) == 72


def test_a_memory_is_an_ultraram_only_where_there_are_any(tmp_path: Path) -> None:
    memory = """module memory(input clk, we, input [10:0] a, input [71:0] d, output reg [71:0] q);
      (* ram_style = "ultra" *) reg [71:0] words [0:2047];
      always @(posedge clk) begin q <= words[a]; if (we) words[a] <= d; end
    endmodule"""
    assert values(memory, "memory", "vcu128", tmp_path)["uram"] == 1
    assert values(memory, "memory", "arty_a7", tmp_path)["bram"] == 4


def test_a_wrong_top_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tree.v").write_text(TREE)
    with pytest.raises(InputError, match="plain Verilog name"):
        synth(tmp_path / "tree.v", "tree; !touch owned", load_board("vcu128"), tmp_path)
    with pytest.raises(ToolFailed, match="leaf"):
        synth(tmp_path / "tree.v", "leaf", load_board("vcu128"), tmp_path)
    assert not list(tmp_path.glob("*netlist*"))


def test_a_missing_file_and_an_unplaceable_board_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Verilog file"):
        synth(tmp_path / "tree.v", "tree", load_board("vcu128"), tmp_path)
    (tmp_path / "tree.v").write_text(TREE)
    with pytest.raises(InputError, match="vcu128 has no open place and route"):
        synth(tmp_path / "tree.v", "tree", load_board("vcu128"), tmp_path, place=True)


@pytest.mark.slow
def test_an_ecp5_design_can_be_placed(tmp_path: Path) -> None:
    (tmp_path / "tree.v").write_text(TREE)
    found = synth(tmp_path / "tree.v", "tree", load_board("ulx3s"), tmp_path, place=True)
    assert found.placed is not None
    assert found.timing.fmax_mhz == found.placed.fmax_mhz
    assert found.placed.used["TRELLIS_FF"].value == found.resources["ff"].value
