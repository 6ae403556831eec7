"""A netlist with the models of its cells computes what the Verilog computes that it was made from."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, Out, connect, flipped

from inrhw.base.board import load_board
from inrhw.base.files import bench_folder
from inrhw.base.yosys import verilog_from_rtlil
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import WeightMemory
from inrhw.gateware.multipliers.mac import DotProduct, PackedDotProduct, WideDotProduct
from inrhw.synthesis.synthesis import netlist_models, synth
from inrhw.verification.simulator.simulation import available, build

pytestmark = pytest.mark.tools

SIMULATORS = ["icarus", "verilator"]
CYCLES = 1500

#: Both modules get the same random inputs: short ones too, so that addresses meet. What is unknown (X) in the
#: Verilog, such as words beyond the depth, is not compared.
BENCH = """
module bench;
    reg clk = 0;
    {declarations}
    integer cycle, compared = 0, wrong = 0;
    core behaviour ({behaviour});
    netlist cells ({cells});
    initial begin
        #2;
        for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
            {stimuli}
            #1 clk = 1;
            #1 clk = 0;
            {comparisons}
        end
        $display("compared %0d, wrong %0d", compared, wrong);
        $finish;
    end
endmodule
"""


#: A product, and memories: byte enables, one port for both, each of three answers to a read while written.
INFERRED = """
module core(clk, a, b, en, we, wa, ra, wd, product, q0, q1, q2, q3, q4, q5, q6, q7);
  input clk;
  input [15:0] a;
  input [11:0] b;
  input en;
  input [7:0] we;
  input [11:0] wa;
  input [11:0] ra;
  input [71:0] wd;
  output [27:0] product;
  output [71:0] q0;
  output [35:0] q1;
  output [17:0] q2;
  output [8:0] q3;
  output [3:0] q4;
  output [71:0] q5;
  output [0:0] q6;
  output [71:0] q7;
  assign product = $signed(a) * $signed(b);
  both #(72, 9, 9, "block", 0) wide(clk, en, we, wa[8:0], ra[8:0], wd, q0);
  both #(36, 8, 4, "block", 0) middle(clk, en, we[3:0], wa[7:0], ra[7:0], wd[35:0], q1);
  both #(18, 8, 1, "block", 1) first(clk, en, we[0], wa[7:0], ra[7:0], wd[17:0], q2);
  both #(9, 8, 1, "block", 2) old(clk, en, we[0], wa[7:0], ra[7:0], wd[8:0], q3);
  both #(4, 12, 1, "block", 3) kept(clk, en, we[0], wa[11:0], ra[11:0], wd[3:0], q4);
  both #(72, 9, 8, "ultra", 0) ultra(clk, en, we, wa[8:0], ra[8:0], wd, q5);
  both #(1, 9, 1, "block", 0) narrow(clk, en, we[0], wa[8:0], ra[8:0], wd[0], q6);
  both #(72, 9, 8, "ultra", 3) single(clk, en, we, wa[8:0], ra[8:0], wd, q7);
endmodule

// KIND: 0 reads at its own address; 1 to 3 at the one that is written: the new, the old, or no word.
module both #(parameter WIDTH = 8, BITS = 8, ENABLES = 1, STYLE = "block", KIND = 0) (
  input clk, en, input [ENABLES-1:0] we, input [BITS-1:0] wa, ra, input [WIDTH-1:0] wd,
  output reg [WIDTH-1:0] q
);
  localparam EACH = WIDTH / ENABLES;
  (* ram_style = STYLE *) reg [WIDTH-1:0] words [0:(1<<BITS)-1];
  integer i;
  initial begin
    q = 0;
    for (i = 0; i < 1 << BITS; i = i + 1) words[i] = STYLE == "ultra" ? 0 : {3{i * 32'd40503 ^ i << 17}};
  end
  always @(posedge clk) if (en) begin
    for (i = 0; i < ENABLES; i = i + 1) if (we[i]) words[wa][i*EACH +: EACH] <= wd[i*EACH +: EACH];
    if (KIND == 0) q <= words[ra];
    else if (KIND == 1) q <= we[0] ? wd : words[wa];
    else if (KIND == 2 || we == 0) q <= words[wa];
  end
endmodule
"""


def compare(verilog: str, simulator: str, folder: Path) -> tuple[int, int]:
    """Return how many outputs of design and netlist were compared and how many of them differ."""
    if not available(simulator):
        pytest.skip(f"{simulator} is not installed")
    (folder / "core.v").write_text(verilog)
    synthesis = synth(folder / "core.v", "core", load_board("vcu128"), folder)
    assert synthesis.unmodelled == ()
    netlist = folder / "netlist.v"
    renamed = re.sub(r"(?m)^module core\b", "module netlist", synthesis.netlist.read_text())
    netlist.write_text(renamed)
    bench = folder / "bench.v"
    bench.write_text(_bench(verilog))
    sources = [bench, folder / "core.v", netlist, *netlist_models(synthesis)]
    simulation = build(simulator, sources, "bench", folder / simulator, defines={}, deadline_s=300)
    said = subprocess.run(simulation.command, capture_output=True, text=True, check=False, cwd=folder)
    numbers = re.search(r"compared (\d+), wrong (\d+)", said.stdout)
    assert numbers is not None, said.stdout[-1000:] + said.stderr[-1000:]
    return int(numbers[1]), int(numbers[2])


def _bench(verilog: str) -> str:
    top = verilog[re.search(r"^module core\b", verilog, re.M).start() :]  # type: ignore[union-attr]
    ports = re.findall(
        r"^ *(input|output) (?:reg )?(?:signed )?(?:\[(\d+):0\] )?(\w+)[;,]?$",
        top.split("endmodule")[0],
        re.M,
    )
    inputs = {name: int(high or 0) + 1 for way, high, name in ports if way == "input" and name != "clk"}
    outputs = {name: int(high or 0) + 1 for way, high, name in ports if way == "output"}
    assert inputs and outputs
    declarations = [f"reg [{width - 1}:0] {name} = 0;" for name, width in inputs.items()]
    declarations += [f"wire [{width - 1}:0] {name}_a, {name}_b;" for name, width in outputs.items()]
    random = {name: "{" + ", ".join(["$random"] * -(-width // 32)) + "}" for name, width in inputs.items()}
    stimuli = [f"{name} = $random & 1 ? {value} : $random & 7;" for name, value in random.items()]
    comparisons = [
        f"if (^{name}_a !== 1'bx) begin compared += 1; if ({name}_a !== {name}_b) wrong += 1; end"
        for name in outputs
    ]
    same = [f".{name}({name})" for name in ("clk", *inputs)]
    return BENCH.format(
        declarations="\n    ".join(declarations),
        stimuli="\n            ".join(stimuli),
        comparisons="\n            ".join(comparisons),
        behaviour=", ".join(same + [f".{name}({name}_a)" for name in outputs]),
        cells=", ".join(same + [f".{name}({name}_b)" for name in outputs]),
        cycles=CYCLES,
    )


def emitted(component: Component, folder: Path) -> str:
    """Return the Verilog of a component with the module names of `inrhw.emit`."""
    text = rtlil.convert(component, name="core", emit_src=False)
    text = re.sub(r"(?m)^\s*(?:module|cell) \\\S+", lambda found: found[0].replace(".", "__"), text)
    return verilog_from_rtlil(text, folder)


class Several(Component):
    """Components side by side, each with its own ports."""

    def __init__(self, components: Mapping[str, Component]) -> None:
        self._components = components
        super().__init__({name: Out(component.signature) for name, component in components.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, component in self._components.items():
            m.submodules[name] = component
            connect(m, flipped(getattr(self, name)), component)
        return m


def memory(depth: int, width: int, number: int | None) -> WeightMemory:
    words = np.random.default_rng(depth).integers(0, 2, (depth, width)) @ (
        1 << np.arange(width).astype(object)
    )
    return WeightMemory(Contents("weights", width, tuple(int(word) for word in words)), number)


def test_dot_products(tmp_path: Path) -> None:
    sizes = [(1, 8, 8), (3, 8, 6), (2, 27, 18), (2, 10, 20), (2, 18, 27)]
    dots: dict[str, Component] = {f"dot{k}": DotProduct(*size) for k, size in enumerate(sizes)}
    dots |= {f"packed{simd}": PackedDotProduct(simd, 24) for simd in (1, 3)}
    dots |= {f"wide{low}": WideDotProduct(2, 24, low, 54) for low in (24, 25)}
    verilog = emitted(Several(dots), tmp_path)
    assert compare(verilog, "verilator", tmp_path) == ((len(sizes) + 2 * 2 + 2) * CYCLES, 0)


def test_weight_memories(tmp_path: Path) -> None:
    sizes = [
        (32, 9, None),
        (32, 9, 3),
        (200, 36, None),
        (128, 36, 3),
        (512, 72, 3),
        (600, 5, None),
        (2048, 72, 3),
    ]
    memories = {f"memory{k}": memory(*size) for k, size in enumerate(sizes)}
    compared, wrong = compare(emitted(Several(memories), tmp_path), "icarus", tmp_path)
    assert compared > len(sizes) * CYCLES
    assert wrong == 0


def test_what_yosys_infers_by_itself(tmp_path: Path) -> None:
    assert compare(INFERRED, "icarus", tmp_path) == (9 * CYCLES, 0)


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize(
    "cell",
    [
        "DSP48E2 #(.INMODEREG(0)) used (.CLK(clk), .OPMODE(9'd5), .INMODE(5'd0), .ALUMODE(4'd3), "
        ".CARRYIN(1'b0), .CARRYINSEL(3'd0))",
        "RAMB18E2 #(.READ_WIDTH_A(9), .DOA_REG(1), .DOB_REG(0)) used (.CLKARDCLK(clk), .SLEEP(0))",
        'URAM288 #(.OREG_A("TRUE")) used (.CLK(clk), .SLEEP(0))',
    ],
)
def test_a_cell_that_is_used_otherwise_stops_the_simulation(
    cell: str, simulator: str, tmp_path: Path
) -> None:
    if not available(simulator):
        pytest.skip(f"{simulator} is not installed")
    bench = tmp_path / "bench.v"
    end = 'initial begin #9 $display("went on"); $finish; end'
    bench.write_text(f"module bench; reg clk = 0; always #1 clk = !clk; {cell}; {end} endmodule")
    sources = [bench, bench_folder() / "cells_xcup.v"]
    simulation = build(simulator, sources, "bench", tmp_path, defines={}, deadline_s=300)
    ran = subprocess.run(simulation.command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode != 0
    assert "sim/cells_xcup.v has no model of a" in ran.stdout
    assert "went on" not in ran.stdout
