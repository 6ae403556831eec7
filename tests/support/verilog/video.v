// What a board does around its FPGA: an oscillator, and someone who writes down what comes out of the pins.
// And the primitives at the edge, as their data sheets describe them, without delays.

`timescale 1ns / 1ps

module video_harness;
    // Public since cocotb must find something.
    integer file /* verilator public */;
    initial file = $fopen("video.txt", "w");

`ifdef DVI
    // Half a bit after every edge of the shift clock, all four lanes.
    wire [3:0] gpdi_dp;
    reg clk = 0;
    always #20 clk = ~clk;
    `DVI dut (.clk(clk), .gpdi_dp(gpdi_dp));
    initial begin
        #2;
        forever #4 $fwrite(file, "%x", gpdi_dp);
    end
`endif

`ifdef DVI_PMOD
    // What the chip on the PMOD takes: all pins where the clock rises.
    wire ck, de, hsync, vsync;
    wire [3:0] r, g, b;
    reg clk = 0;
    always #41.667 clk = ~clk;
    `DVI_PMOD dut (
        .clk(clk), .dvi_ck(ck), .dvi_r(r), .dvi_g(g), .dvi_b(b), .dvi_de(de), .dvi_hsync(hsync), .dvi_vsync(vsync)
    );
    always @(posedge ck) $fwrite(file, "%x%x%x%x", r, g, b, {1'b0, vsync, hsync, de});
`endif
endmodule

module EHXPLLL #(
    parameter CLKI_DIV = 1, CLKFB_DIV = 1, CLKOP_DIV = 1, CLKOP_CPHASE = 0, CLKOS_DIV = 1, CLKOS_CPHASE = 0,
    parameter FEEDBK_PATH = "", CLKOP_ENABLE = "", CLKOS_ENABLE = ""
) (
    input CLKI, CLKFB, RST, STDBY, PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG, PLLWAKESYNC, ENCLKOP,
    output reg CLKOP, CLKOS, output reg LOCK
);
    // Of 25 MHz at CLKI.
    localparam real HALF = 20.0 * CLKI_DIV / CLKFB_DIV;
    localparam RATIO = CLKOS_DIV / CLKOP_DIV;
    integer half = 0;
    initial begin
        CLKOP = 0;
        CLKOS = 0;
        LOCK = 0;
        forever begin
            #HALF;
            CLKOP = ~CLKOP;
            half = half + 1;
            if (half == RATIO) begin
                CLKOS = ~CLKOS;
                half = 0;
                LOCK = 1;
            end
        end
    end
endmodule

module ODDRX1F (input SCLK, RST, D0, D1, output Q);
    reg first, second;
    always @(posedge SCLK) {first, second} <= {D0, D1};
    assign Q = SCLK ? first : second;
endmodule

module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0, parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (input PACKAGEPIN, RESETB, BYPASS, output reg PLLOUTGLOBAL, output reg LOCK);
    // Of 12 MHz at PACKAGEPIN.
    localparam real HALF = 500.0 / 12 * (DIVR + 1) / (DIVF + 1) * (1 << DIVQ);
    initial begin
        PLLOUTGLOBAL = 0;
        LOCK = 0;
        #100 LOCK = 1;
        forever #HALF PLLOUTGLOBAL = ~PLLOUTGLOBAL;
    end
endmodule

module SB_IO #(parameter [5:0] PIN_TYPE = 0) (output PACKAGE_PIN, input OUTPUT_CLK, D_OUT_0, D_OUT_1);
    reg rising, falling;
    always @(posedge OUTPUT_CLK) rising <= D_OUT_0;
    always @(negedge OUTPUT_CLK) falling <= D_OUT_1;
    assign PACKAGE_PIN = PIN_TYPE == 6'b010000 ? (OUTPUT_CLK ? rising : falling) : rising;
endmodule
