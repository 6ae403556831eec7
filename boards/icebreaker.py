"""1BitSquared iCEBreaker with the 12-bit DVI PMOD: small, inexpensive, open.

Part and clock: schematics (github.com/icebreaker-fpga/icebreaker), iCE40UP5K-SG48, 12 MHz oscillator.
Counts: FPGA-DS-02008 (iCE40 UltraPlus Family Data Sheet), UP5K: 5,280 logic cells of a LUT4, a flip-flop and
a carry, 30 EBR blocks of 4 kbit, 8 DSP blocks. Its 4 SPRAM blocks cannot be initialized: not counted.
Pins: dvi-12bit/icebreaker.pcf in icebreaker-fpga/icebreaker-pmod; the PMOD sits in 1A and 1B.
"""

from inrhw.base.board import Board

BOARD = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker",
    part="iCE40UP5K-SG48",
    family="ice40",
    speed="UP",
    resources={"lut": 5_280, "ff": 5_280, "carry": 5_280, "dsp": 8, "bram": 30, "uram": 0},
    clock_mhz=12.0,
    nextpnr=("--up5k", "--package", "sg48"),
    video="dvi_pmod",
    pins={
        "clk": "35",
        "dvi_ck": "38",
        "dvi_hsync": "31",
        "dvi_vsync": "28",
        "dvi_de": "32",
        **{f"dvi_r[{bit}]": pin for bit, pin in enumerate(("48", "2", "3", "4"))},
        **{f"dvi_g[{bit}]": pin for bit, pin in enumerate(("44", "45", "46", "47"))},
        **{f"dvi_b[{bit}]": pin for bit, pin in enumerate(("34", "36", "42", "43"))},
    },
)
