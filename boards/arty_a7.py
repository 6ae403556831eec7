"""Digilent Arty A7-35T: an inexpensive 7 series board.

Part and clock: Arty A7 Reference Manual (Digilent), XC7A35TICSG324-1L, 100 MHz oscillator.
Counts: DS180 (7 Series FPGAs Overview), XC7A35T: 5,200 slices of 4 LUTs, 8 flip-flops and one CARRY4 (UG474),
90 DSP slices, 50 block RAMs of 36 kbit; no UltraRAM.
Clock pin: Arty-A7-35-Master.xdc (Digilent).
"""

from inrhw.base.board import Board

BOARD = Board(
    name="arty_a7",
    title="Digilent Arty A7-35T",
    part="xc7a35ticsg324-1L",
    family="xc7",
    speed="-1L",
    resources={"lut": 20_800, "ff": 41_600, "carry": 5_200, "dsp": 90, "bram": 50, "uram": 0},
    clock_mhz=100.0,
    clock_pins=("E3",),
    clock_standard="LVCMOS33",
)
