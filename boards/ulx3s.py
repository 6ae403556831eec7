"""Radiona ULX3S with the 85F: open tools all the way, place and route included.

Part and clock: ULX3S manual and schematics (radiona.org/ulx3s), LFE5U-85F-6BG381C, 25 MHz oscillator.
Counts: FPGA-DS-02012 (ECP5 and ECP5-5G Family Data Sheet): 84k LUTs, 208 EBR blocks of 18 kbit, 156
multipliers 18x18. Exact, as nextpnr reports them: 83,640 LUT4 and flip-flops; two LUT4 can be one CCU2C.
Pins: doc/constraints/ulx3s_v20.lpf in emard/ulx3s, of the board's makers; the same on boards 3.1.
"""

from inrhw.base.board import Board

_LANE = "IO_TYPE=LVCMOS33D DRIVE=4"

BOARD = Board(
    name="ulx3s",
    title="Radiona ULX3S 85F",
    part="LFE5U-85F-6BG381C",
    family="ecp5",
    speed="6",
    resources={"lut": 83_640, "ff": 83_640, "carry": 41_820, "dsp": 156, "bram": 208, "uram": 0},
    clock_mhz=25.0,
    nextpnr=("--85k", "--package", "CABGA381", "--speed", "6"),
    video="dvi",
    pins={
        "clk": "G2 IO_TYPE=LVCMOS33 PULLMODE=NONE",
        "gpdi_dp[0]": f"A16 {_LANE}",
        "gpdi_dp[1]": f"A14 {_LANE}",
        "gpdi_dp[2]": f"A12 {_LANE}",
        "gpdi_dp[3]": f"A17 {_LANE}",
    },
)
