// What the multiply-accumulates of inrhw/gateware/multipliers/mac.py are on UltraScale+: one DSP48E2 each, with all
// their registers inside (AMD UG579). inrhw/synthesis/flow.py puts these modules in the place of theirs before anything
// else is synthesized.
//
// A sum leaves through P into the fabric or through PCOUT into the next DSP, never both: there is one PCOUT wire, and
// it ends at a PCIN.

// p = a * b + cascade_in, and + p unless restart, if it accumulates. The last ends its chain; another feeds the next.
module inrhw_mac #(
    parameter A_WIDTH = 8, B_WIDTH = 8, CASCADE = 0, LAST = 0, ACCUMULATE = 0
) (
    input clk, input rst, input [A_WIDTH-1:0] a, input [B_WIDTH-1:0] b, input [47:0] cascade_in, input restart,
    output [47:0] p
);
    wire [26:0] wide;
    wire [17:0] narrow;
    generate
        if (B_WIDTH > A_WIDTH) begin
            assign wide = {{(27 - B_WIDTH){b[B_WIDTH-1]}}, b};
            assign narrow = {{(18 - A_WIDTH){a[A_WIDTH-1]}}, a};
        end else begin
            assign wide = {{(27 - A_WIDTH){a[A_WIDTH-1]}}, a};
            assign narrow = {{(18 - B_WIDTH){b[B_WIDTH-1]}}, b};
        end
    endgenerate

    wire [47:0] to_fabric, to_next;
    assign p = LAST ? to_fabric : to_next;

    DSP48E2 #(
        .A_INPUT("DIRECT"), .B_INPUT("DIRECT"), .AMULTSEL("A"), .BMULTSEL("B"), .USE_MULT("MULTIPLY"), .USE_SIMD("ONE48"),
        .AREG(1), .ACASCREG(1), .BREG(1), .BCASCREG(1), .MREG(1), .PREG(1), .OPMODEREG(1),
        .ADREG(0), .DREG(0), .CREG(0), .INMODEREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0),
        // restart is OPMODE[7], inverted inside.
        .IS_OPMODE_INVERTED(ACCUMULATE ? 9'b010000000 : 9'b000000000)
    ) dsp (
        .CLK(clk), .A({{3{wide[26]}}, wide}), .B(narrow), .C(48'b0), .D(27'b0),
        .PCIN(CASCADE ? cascade_in : 48'b0), .P(to_fabric), .PCOUT(to_next),
        // W = P to go on and 0 to restart, Z = PCIN or 0, Y and X = product.
        .OPMODE({1'b0, ACCUMULATE ? restart : 1'b0, CASCADE ? 3'b001 : 3'b000, 4'b0101}),
        .INMODE(5'b00000), .ALUMODE(4'b0000), .CARRYINSEL(3'b000), .CARRYIN(1'b0), .ACIN(30'b0), .BCIN(18'b0),
        .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b0), .CEB2(1'b1), .CEM(1'b1), .CEP(1'b1), .CECTRL(1'b1),
        .CEAD(1'b0), .CEC(1'b0), .CED(1'b0), .CEINMODE(1'b0), .CEALUMODE(1'b0), .CECARRYIN(1'b0),
        .RSTA(1'b0), .RSTB(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTCTRL(1'b0), .RSTC(1'b0), .RSTD(1'b0),
        .RSTINMODE(1'b0), .RSTALUMODE(1'b0), .RSTALLCARRYIN(1'b0)
    );
endmodule

// p = (a_hi * 2**19 + a_lo) * b + cascade_in: the weights meet in the pre-adder, and b waits for them. The last ends its
// chain; another feeds the next.
module inrhw_packed #(
    parameter A_WIDTH = 8, B_WIDTH = 8, CASCADE = 0, LAST = 0
) (
    input clk, input rst, input [A_WIDTH-1:0] a_lo, input [A_WIDTH-1:0] a_hi, input [B_WIDTH-1:0] b,
    input [47:0] cascade_in, output [47:0] p
);
    wire [47:0] to_fabric, to_next;
    assign p = LAST ? to_fabric : to_next;

    DSP48E2 #(
        .A_INPUT("DIRECT"), .B_INPUT("DIRECT"), .AMULTSEL("AD"), .BMULTSEL("B"), .PREADDINSEL("A"),
        .USE_MULT("MULTIPLY"), .USE_SIMD("ONE48"),
        .AREG(1), .ACASCREG(1), .BREG(2), .BCASCREG(2), .DREG(1), .ADREG(1), .MREG(1), .PREG(1), .OPMODEREG(1),
        .CREG(0), .INMODEREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0)
    ) dsp (
        .CLK(clk), .A({{(30 - A_WIDTH){a_lo[A_WIDTH-1]}}, a_lo}), .B({{(18 - B_WIDTH){b[B_WIDTH-1]}}, b}), .C(48'b0),
        .D({a_hi, 19'b0}), .PCIN(CASCADE ? cascade_in : 48'b0), .P(to_fabric), .PCOUT(to_next),
        // Z = PCIN or 0, Y and X = product; INMODE: A + D.
        .OPMODE({2'b00, CASCADE ? 3'b001 : 3'b000, 4'b0101}), .INMODE(5'b00100),
        .ALUMODE(4'b0000), .CARRYINSEL(3'b000), .CARRYIN(1'b0), .ACIN(30'b0), .BCIN(18'b0),
        .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b1), .CEB2(1'b1), .CED(1'b1), .CEAD(1'b1), .CEM(1'b1), .CEP(1'b1), .CECTRL(1'b1),
        .CEC(1'b0), .CEINMODE(1'b0), .CEALUMODE(1'b0), .CECARRYIN(1'b0),
        .RSTA(1'b0), .RSTB(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTCTRL(1'b0), .RSTC(1'b0), .RSTD(1'b0),
        .RSTINMODE(1'b0), .RSTALUMODE(1'b0), .RSTALLCARRYIN(1'b0)
    );
endmodule
