// Behaviour of the UltraScale+ blocks for which Yosys' cells_sim.v has none, as far as our netlists use them: the
// multiply-accumulates of inrhw/synthesis/techmap/dsp48e2.v, and what Yosys 0.70 makes of multipliers and memories by itself. Written
// after AMD UG579 (DSP48E2) and UG573 (RAMB18E2, RAMB36E2, URAM288). A cell that is set up in another way does not compile,
// for a port or parameter that is missing here, or stops the simulation: it is never silently wrong.

// P = (A or A + D) * B + (PCIN or 0) + (P or 0).
module DSP48E2 #(
    parameter A_INPUT = "DIRECT", B_INPUT = "DIRECT", AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A",
    parameter USE_MULT = "MULTIPLY", USE_SIMD = "ONE48",
    parameter AREG = 1, ACASCREG = 1, BREG = 1, BCASCREG = 1, CREG = 1, DREG = 1, ADREG = 1, MREG = 1, PREG = 1,
    parameter OPMODEREG = 1, INMODEREG = 1, ALUMODEREG = 1, CARRYINREG = 1, CARRYINSELREG = 1,
    parameter [8:0] IS_OPMODE_INVERTED = 0
) (
    input CLK, input [29:0] A, input [17:0] B, input [47:0] C, input [26:0] D, input [47:0] PCIN,
    output [47:0] P, output [47:0] PCOUT,
    input [8:0] OPMODE, input [4:0] INMODE, input [3:0] ALUMODE, input [2:0] CARRYINSEL, input CARRYIN,
    input [29:0] ACIN, input [17:0] BCIN,
    input CEA1, CEA2, CEB1, CEB2, CEC, CED, CEAD, CEM, CEP, CECTRL, CEINMODE, CEALUMODE, CECARRYIN,
    input RSTA, RSTB, RSTC, RSTD, RSTM, RSTP, RSTCTRL, RSTINMODE, RSTALUMODE, RSTALLCARRYIN
);
    /*verilator inline_module*/
    localparam PREADD = AMULTSEL == "AD";
    localparam [8:0] FREE = 9'b010010000;  // of OPMODE: W = P or 0, Z = PCIN or 0

    wire [8:0] chosen = OPMODE ^ IS_OPMODE_INVERTED;
    wire unknown = A_INPUT != "DIRECT" || B_INPUT != "DIRECT" || BMULTSEL != "B" || PREADDINSEL != "A"
        || USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48" || !(PREADD || AMULTSEL == "A")
        || AREG > 2 || BREG > 2 || INMODEREG != 0 || INMODE !== (PREADD ? 5'b00100 : 5'b00000)
        || (chosen & ~FREE) !== 9'b000000101 || (PREG == 0 && chosen[7] !== 0)
        || ALUMODE !== 0 || CARRYINSEL !== 0 || CARRYIN !== 0;
    always @(posedge unknown) if ($time > 0) stop;
    initial #1 if (unknown) stop;
    task stop;
        begin
            $display("%m: sim/cells_xcup.v has no model of a DSP48E2 that is used like this one");
            $fatal(1);
        end
    endtask

    reg signed [26:0] a1 = 0, a2 = 0, d1 = 0, ad1 = 0;
    reg signed [17:0] b1 = 0, b2 = 0;
    reg signed [44:0] m1 = 0;
    reg [47:0] p1 = 0;
    reg onward1 = 0, cascade1 = 0;

    wire signed [26:0] a = AREG == 0 ? A[26:0] : a2;
    wire signed [26:0] d = DREG == 0 ? D : d1;
    wire signed [26:0] added = a + d;
    wire signed [26:0] factor = !PREADD ? a : ADREG == 0 ? added : ad1;
    wire signed [17:0] b = BREG == 0 ? B : b2;
    wire signed [44:0] product = factor * b;
    wire signed [44:0] m = MREG == 0 ? product : m1;
    wire onward = OPMODEREG == 0 ? chosen[7] : onward1;
    wire cascade = OPMODEREG == 0 ? chosen[4] : cascade1;
    wire [47:0] sum = {{3{m[44]}}, m} + (cascade ? PCIN : 48'b0) + (onward ? p1 : 48'b0);

    assign P = PREG == 0 ? sum : p1;
    assign PCOUT = P;

    always @(posedge CLK) begin
        if (RSTA) begin a1 <= 0; a2 <= 0; end
        else begin
            if (CEA1) a1 <= A[26:0];
            if (CEA2) a2 <= AREG == 2 ? a1 : A[26:0];
        end
        if (RSTB) begin b1 <= 0; b2 <= 0; end
        else begin
            if (CEB1) b1 <= B;
            if (CEB2) b2 <= BREG == 2 ? b1 : B;
        end
        if (RSTD) begin d1 <= 0; ad1 <= 0; end
        else begin
            if (CED) d1 <= D;
            if (CEAD) ad1 <= added;
        end
        if (RSTM) m1 <= 0;
        else if (CEM) m1 <= product;
        if (RSTP) p1 <= 0;
        else if (CEP) p1 <= sum;
        if (RSTCTRL) begin onward1 <= 0; cascade1 <= 0; end
        else if (CECTRL) begin onward1 <= chosen[7]; cascade1 <= chosen[4]; end
    end
endmodule

// A block RAM: words of 9-bit lanes, a byte and its parity. Reads are of what was stored before the clock edge, but for a
// WRITE_FIRST port. Port A reads, or port B writes, also in twice the width of a port: then with the pins of both.
module inrhw_block_ram #(
    parameter ADDRESS = 15, READ_A = 0, READ_B = 0, WRITE_A = 0, WRITE_B = 0, MODE_A = "", MODE_B = "",
    parameter REGISTERED = 0, NONZERO = 0,
    parameter PORT = 1 << (ADDRESS - 10),
    parameter [(1<<ADDRESS)-1:0] DATA = 0, parameter [(1<<ADDRESS)/8-1:0] PARITY = 0
) (
    input clk_a, en_a, rst_a, input [ADDRESS-1:0] address_a, input [PORT/8-1:0] we_a,
    input [PORT-1:0] in_a, input [PORT/8-1:0] parity_in_a, output [PORT-1:0] out_a, output [PORT/8-1:0] parity_out_a,
    input clk_b, en_b, rst_b, input [ADDRESS-1:0] address_b, input [PORT/4-1:0] we_b,
    input [PORT-1:0] in_b, input [PORT/8-1:0] parity_in_b, output [PORT-1:0] out_b, output [PORT/8-1:0] parity_out_b,
    input sleep
);
    localparam WIDE = PORT / 8 * 9;
    localparam LARGER_A = READ_A > WRITE_A ? READ_A : WRITE_A, LARGER_B = READ_B > WRITE_B ? READ_B : WRITE_B;
    localparam LARGEST = LARGER_A > LARGER_B ? LARGER_A : LARGER_B;
    localparam STORED = LARGEST < 9 ? 9 : LARGEST, ROW_BITS = ADDRESS - $clog2(STORED / 9 * 8);

    wire unknown = REGISTERED || NONZERO || WRITE_A > WIDE || READ_B > WIDE || sleep !== 0
        || (MODE_A == "WRITE_FIRST" && READ_A != 0 && WRITE_A != 0 && READ_A != WRITE_A)
        || (MODE_B == "WRITE_FIRST" && READ_B != 0 && WRITE_B != 0 && READ_B != WRITE_B);
    always @(posedge unknown) if ($time > 0) stop;
    initial #1 if (unknown) stop;
    task stop;
        begin
            $display("%m: sim/cells_xcup.v has no model of a block RAM that is used like this one");
            $fatal(1);
        end
    endtask

    reg [STORED-1:0] rows [0:(1<<ROW_BITS)-1];
    initial begin : fill
        integer row, lane;
        reg [(1<<ADDRESS)-1:0] data;
        reg [(1<<ADDRESS)/8-1:0] parity;
        data = DATA;
        parity = PARITY;
        for (row = 0; row < 1 << ROW_BITS; row = row + 1)
            for (lane = 0; lane < STORED / 9; lane = lane + 1)
                rows[row][9*lane +: 9] = {parity[row*(STORED/9) + lane], data[8*(row*(STORED/9) + lane) +: 8]};
    end

    // The lowest of `width` bits in the row.
    function integer place(input [ADDRESS-1:0] address, input integer width);
        integer bits;
        begin
            bits = address & (STORED / 9 * 8 - 1);
            place = width < 9 ? bits / 8 * 9 + (bits % 8) / width * width : bits / (width / 9 * 8) * width;
        end
    endfunction

    genvar k;
    wire [2*WIDE-1:0] given_a, given_b;
    reg [2*WIDE-1:0] read_a = 0, read_b = 0;
    generate
        for (k = 0; k < PORT / 8; k = k + 1) begin : lanes
            assign given_a[9*k +: 9] = {parity_in_a[k], in_a[8*k +: 8]};
            assign given_b[9*k +: 9] = WRITE_B > WIDE ? given_a[9*k +: 9] : {parity_in_b[k], in_b[8*k +: 8]};
            assign given_b[WIDE + 9*k +: 9] = {parity_in_b[k], in_b[8*k +: 8]};
            assign {parity_out_a[k], out_a[8*k +: 8]} = read_a[9*k +: 9];
            assign {parity_out_b[k], out_b[8*k +: 8]} = READ_A > WIDE ? read_a[WIDE + 9*k +: 9] : read_b[9*k +: 9];
        end
    endgenerate

    localparam LANE_A = WRITE_A == 0 || WRITE_A > 9 ? 9 : WRITE_A;
    wire [PORT/8-1:0] used_a = WRITE_A == 0 ? 0 : WRITE_A < 9 ? we_a[0] : we_a & ((1 << (WRITE_A / 9)) - 1);
    integer byte_a;
    generate
        if (READ_A != 0)
            always @(posedge clk_a) if (en_a) begin
                if (rst_a) read_a <= 0;
                else if (MODE_A != "NO_CHANGE" || used_a == 0) begin
                    read_a <= rows[address_a >> (ADDRESS - ROW_BITS)][place(address_a, READ_A) +: READ_A];
                    if (MODE_A == "WRITE_FIRST")
                        for (byte_a = 0; 9 * byte_a < WRITE_A; byte_a = byte_a + 1)
                            if (used_a[byte_a]) read_a[9*byte_a +: LANE_A] <= given_a[9*byte_a +: LANE_A];
                end
            end
        if (WRITE_A != 0)
            always @(posedge clk_a) if (en_a && used_a != 0)
                for (byte_a = 0; 9 * byte_a < WRITE_A; byte_a = byte_a + 1)
                    if (used_a[byte_a])
                        rows[address_a >> (ADDRESS - ROW_BITS)][place(address_a, WRITE_A) + 9*byte_a +: LANE_A]
                            <= given_a[9*byte_a +: LANE_A];
    endgenerate

    localparam LANE_B = WRITE_B == 0 || WRITE_B > 9 ? 9 : WRITE_B;
    wire [PORT/4-1:0] used_b = WRITE_B == 0 ? 0 : WRITE_B < 9 ? we_b[0] : we_b & ((1 << (WRITE_B / 9)) - 1);
    integer byte_b;
    generate
        if (READ_B != 0)
            always @(posedge clk_b) if (en_b) begin
                if (rst_b) read_b <= 0;
                else if (MODE_B != "NO_CHANGE" || used_b == 0) begin
                    read_b <= rows[address_b >> (ADDRESS - ROW_BITS)][place(address_b, READ_B) +: READ_B];
                    if (MODE_B == "WRITE_FIRST")
                        for (byte_b = 0; 9 * byte_b < WRITE_B; byte_b = byte_b + 1)
                            if (used_b[byte_b]) read_b[9*byte_b +: LANE_B] <= given_b[9*byte_b +: LANE_B];
                end
            end
        if (WRITE_B != 0)
            always @(posedge clk_b) if (en_b && used_b != 0)
                for (byte_b = 0; 9 * byte_b < WRITE_B; byte_b = byte_b + 1)
                    if (used_b[byte_b])
                        rows[address_b >> (ADDRESS - ROW_BITS)][place(address_b, WRITE_B) + 9*byte_b +: LANE_B]
                            <= given_b[9*byte_b +: LANE_B];
    endgenerate
endmodule

module RAMB18E2 #(
    parameter READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", WRITE_MODE_B = "NO_CHANGE", DOA_REG = 1, DOB_REG = 1,
    parameter [17:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
    parameter [255:0] INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0, INITP_04 = 0, INITP_05 = 0,
    INITP_06 = 0, INITP_07 = 0,
    parameter [255:0] INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0,
    INIT_07 = 0, INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0, INIT_0E = 0,
    INIT_0F = 0, INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0, INIT_15 = 0, INIT_16 = 0,
    INIT_17 = 0, INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0, INIT_1C = 0, INIT_1D = 0, INIT_1E = 0,
    INIT_1F = 0, INIT_20 = 0, INIT_21 = 0, INIT_22 = 0, INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0,
    INIT_27 = 0, INIT_28 = 0, INIT_29 = 0, INIT_2A = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0,
    INIT_2F = 0, INIT_30 = 0, INIT_31 = 0, INIT_32 = 0, INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0,
    INIT_37 = 0, INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0,
    INIT_3F = 0
) (
    input CLKARDCLK, ENARDEN, RSTRAMARSTRAM, input [13:0] ADDRARDADDR, input [1:0] WEA,
    input [15:0] DINADIN, input [1:0] DINPADINP, output [15:0] DOUTADOUT, output [1:0] DOUTPADOUTP,
    input CLKBWRCLK, ENBWREN, RSTRAMB, input [13:0] ADDRBWRADDR, input [3:0] WEBWE,
    input [15:0] DINBDIN, input [1:0] DINPBDINP, output [15:0] DOUTBDOUT, output [1:0] DOUTPBDOUTP,
    input ADDRENA, ADDRENB, REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB, SLEEP
);
    inrhw_block_ram #(
        .ADDRESS(14), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE_A(WRITE_MODE_A), .MODE_B(WRITE_MODE_B), .REGISTERED(DOA_REG != 0 || DOB_REG != 0),
        .NONZERO((|{INIT_A, INIT_B, SRVAL_A, SRVAL_B}) === 1'b1),
        .PARITY({INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00}),
        .DATA({INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38, INIT_37, INIT_36, INIT_35,
        INIT_34, INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29,
        INIT_28, INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20, INIT_1F, INIT_1E, INIT_1D,
        INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11,
        INIT_10, INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08, INIT_07, INIT_06, INIT_05,
        INIT_04, INIT_03, INIT_02, INIT_01, INIT_00})
    ) ram (
        CLKARDCLK, ENARDEN, RSTRAMARSTRAM, ADDRARDADDR, WEA, DINADIN, DINPADINP, DOUTADOUT, DOUTPADOUTP,
        CLKBWRCLK, ENBWREN, RSTRAMB, ADDRBWRADDR, WEBWE, DINBDIN, DINPBDINP, DOUTBDOUT, DOUTPBDOUTP, SLEEP
    );
endmodule

module RAMB36E2 #(
    parameter READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", WRITE_MODE_B = "NO_CHANGE", DOA_REG = 1, DOB_REG = 1,
    parameter [35:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
    parameter [255:0] INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0, INITP_04 = 0, INITP_05 = 0,
    INITP_06 = 0, INITP_07 = 0, INITP_08 = 0, INITP_09 = 0, INITP_0A = 0, INITP_0B = 0, INITP_0C = 0, INITP_0D = 0,
    INITP_0E = 0, INITP_0F = 0,
    parameter [255:0] INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0,
    INIT_07 = 0, INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0, INIT_0E = 0,
    INIT_0F = 0, INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0, INIT_15 = 0, INIT_16 = 0,
    INIT_17 = 0, INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0, INIT_1C = 0, INIT_1D = 0, INIT_1E = 0,
    INIT_1F = 0, INIT_20 = 0, INIT_21 = 0, INIT_22 = 0, INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0,
    INIT_27 = 0, INIT_28 = 0, INIT_29 = 0, INIT_2A = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0,
    INIT_2F = 0, INIT_30 = 0, INIT_31 = 0, INIT_32 = 0, INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0,
    INIT_37 = 0, INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0,
    INIT_3F = 0, INIT_40 = 0, INIT_41 = 0, INIT_42 = 0, INIT_43 = 0, INIT_44 = 0, INIT_45 = 0, INIT_46 = 0,
    INIT_47 = 0, INIT_48 = 0, INIT_49 = 0, INIT_4A = 0, INIT_4B = 0, INIT_4C = 0, INIT_4D = 0, INIT_4E = 0,
    INIT_4F = 0, INIT_50 = 0, INIT_51 = 0, INIT_52 = 0, INIT_53 = 0, INIT_54 = 0, INIT_55 = 0, INIT_56 = 0,
    INIT_57 = 0, INIT_58 = 0, INIT_59 = 0, INIT_5A = 0, INIT_5B = 0, INIT_5C = 0, INIT_5D = 0, INIT_5E = 0,
    INIT_5F = 0, INIT_60 = 0, INIT_61 = 0, INIT_62 = 0, INIT_63 = 0, INIT_64 = 0, INIT_65 = 0, INIT_66 = 0,
    INIT_67 = 0, INIT_68 = 0, INIT_69 = 0, INIT_6A = 0, INIT_6B = 0, INIT_6C = 0, INIT_6D = 0, INIT_6E = 0,
    INIT_6F = 0, INIT_70 = 0, INIT_71 = 0, INIT_72 = 0, INIT_73 = 0, INIT_74 = 0, INIT_75 = 0, INIT_76 = 0,
    INIT_77 = 0, INIT_78 = 0, INIT_79 = 0, INIT_7A = 0, INIT_7B = 0, INIT_7C = 0, INIT_7D = 0, INIT_7E = 0,
    INIT_7F = 0
) (
    input CLKARDCLK, ENARDEN, RSTRAMARSTRAM, input [14:0] ADDRARDADDR, input [3:0] WEA,
    input [31:0] DINADIN, input [3:0] DINPADINP, output [31:0] DOUTADOUT, output [3:0] DOUTPADOUTP,
    input CLKBWRCLK, ENBWREN, RSTRAMB, input [14:0] ADDRBWRADDR, input [7:0] WEBWE,
    input [31:0] DINBDIN, input [3:0] DINPBDINP, output [31:0] DOUTBDOUT, output [3:0] DOUTPBDOUTP,
    input ADDRENA, ADDRENB, REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB, SLEEP
);
    inrhw_block_ram #(
        .ADDRESS(15), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE_A(WRITE_MODE_A), .MODE_B(WRITE_MODE_B), .REGISTERED(DOA_REG != 0 || DOB_REG != 0),
        .NONZERO((|{INIT_A, INIT_B, SRVAL_A, SRVAL_B}) === 1'b1),
        .PARITY({INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08, INITP_07, INITP_06,
        INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00}),
        .DATA({INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78, INIT_77, INIT_76, INIT_75,
        INIT_74, INIT_73, INIT_72, INIT_71, INIT_70, INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69,
        INIT_68, INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60, INIT_5F, INIT_5E, INIT_5D,
        INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58, INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51,
        INIT_50, INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48, INIT_47, INIT_46, INIT_45,
        INIT_44, INIT_43, INIT_42, INIT_41, INIT_40, INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39,
        INIT_38, INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F, INIT_2E, INIT_2D,
        INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28, INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21,
        INIT_20, INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15,
        INIT_14, INIT_13, INIT_12, INIT_11, INIT_10, INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09,
        INIT_08, INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00})
    ) ram (
        CLKARDCLK, ENARDEN, RSTRAMARSTRAM, ADDRARDADDR, WEA, DINADIN, DINPADINP, DOUTADOUT, DOUTPADOUTP,
        CLKBWRCLK, ENBWREN, RSTRAMB, ADDRBWRADDR, WEBWE, DINBDIN, DINPBDINP, DOUTBDOUT, DOUTPBDOUTP, SLEEP
    );
endmodule

// An UltraRAM: in one clock cycle first port A, then port B. It starts with zeros.
module URAM288 #(
    parameter BWE_MODE_A = "PARITY_INTERLEAVED", BWE_MODE_B = "PARITY_INTERLEAVED", EN_AUTO_SLEEP_MODE = "FALSE",
    parameter IREG_PRE_A = "FALSE", IREG_PRE_B = "FALSE", OREG_A = "FALSE", OREG_B = "FALSE",
    parameter RST_MODE_A = "SYNC", RST_MODE_B = "SYNC", parameter [0:0] IS_CLK_INVERTED = 0
) (
    input CLK, SLEEP,
    input EN_A, RDB_WR_A, RST_A, input [22:0] ADDR_A, input [8:0] BWE_A, input [71:0] DIN_A, output reg [71:0] DOUT_A,
    input EN_B, RDB_WR_B, RST_B, input [22:0] ADDR_B, input [8:0] BWE_B, input [71:0] DIN_B, output reg [71:0] DOUT_B,
    input INJECT_DBITERR_A, INJECT_SBITERR_A, INJECT_DBITERR_B, INJECT_SBITERR_B
);
    wire unknown = IREG_PRE_A != "FALSE" || IREG_PRE_B != "FALSE" || OREG_A != "FALSE" || OREG_B != "FALSE"
        || EN_AUTO_SLEEP_MODE != "FALSE" || IS_CLK_INVERTED || SLEEP !== 0 || RST_A !== 0 || RST_B !== 0
        || ADDR_A[22:12] !== 0 || ADDR_B[22:12] !== 0
        || {INJECT_DBITERR_A, INJECT_SBITERR_A, INJECT_DBITERR_B, INJECT_SBITERR_B} !== 0;
    always @(posedge unknown) if ($time > 0) stop;
    initial #1 if (unknown) stop;
    task stop;
        begin
            $display("%m: sim/cells_xcup.v has no model of a URAM288 that is used like this one");
            $fatal(1);
        end
    endtask

    reg [71:0] words [0:4095];
    integer word;
    initial begin
        for (word = 0; word < 4096; word = word + 1) words[word] = 0;
        DOUT_A = 0;
        DOUT_B = 0;
    end

    // Bits that are written: parity with its byte, or all of it with BWE[8].
    function [71:0] enabled(input [8:0] bwe, input together);
        integer k;
        for (k = 0; k < 8; k = k + 1) begin
            enabled[8*k +: 8] = {8{bwe[k]}};
            enabled[64 + k] = together ? bwe[k] : bwe[8];
        end
    endfunction
    wire [71:0] bits_a = enabled(BWE_A, BWE_MODE_A == "PARITY_INTERLEAVED");
    wire [71:0] bits_b = enabled(BWE_B, BWE_MODE_B == "PARITY_INTERLEAVED");

    always @(posedge CLK) begin
        if (EN_A && RDB_WR_A) words[ADDR_A[11:0]] = words[ADDR_A[11:0]] & ~bits_a | DIN_A & bits_a;
        if (EN_A && !RDB_WR_A) DOUT_A <= words[ADDR_A[11:0]];
        if (EN_B && RDB_WR_B) words[ADDR_B[11:0]] = words[ADDR_B[11:0]] & ~bits_b | DIN_B & bits_b;
        if (EN_B && !RDB_WR_B) DOUT_B <= words[ADDR_B[11:0]];
    end
endmodule
