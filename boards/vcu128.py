"""AMD VCU128: the board of the QuadINR class of designs.

Part: UG1302 (VCU128 Evaluation Board User Guide), XCVU37P-L2FSVH2892E, in Vivado xcvu37p-fsvh2892-2L-e.
Counts: XMP103 (UltraScale+ FPGA Product Selection Guide), VU37P: 1,304k CLB LUTs, 2,607k flip-flops, 2,016
block RAMs, 960 UltraRAMs, 9,024 DSPs. Exact: 162,960 CLBs of 8 LUTs, 16 flip-flops and a CARRY8 (UG574).
Clock: 100 MHz, the DDR4 reference that Vivado's board file offers as default_100mhz_clk (UG1302).
Clock pins: a public constraints file for this board (ETH Zurich and University of Bologna, 2020), not UG1302.
"""

from inrhw.base.board import Board

BOARD = Board(
    name="vcu128",
    title="AMD Virtex UltraScale+ HBM VCU128",
    part="xcvu37p-fsvh2892-2L-e",
    family="xcup",
    speed="-2",
    resources={"lut": 1_303_680, "ff": 2_607_360, "carry": 162_960, "dsp": 9_024, "bram": 2_016, "uram": 960},
    clock_mhz=100.0,
    clock_pins=("BH51", "BJ51"),
    clock_standard="DIFF_SSTL12",
)
