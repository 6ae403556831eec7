// Sums of three operands, one LUT6_2 a bit: O5 is what two or three ones carry to the next bit, O6 the sum of the bit and of
// what the bit below carries. A chain adds the two. The first two operands that are subtracted cost nothing: each is
// inverted in the tables, and a one goes into the lowest bit, one by the chain's carry, one in the place of the O5 below.
(* techmap_celltype = "$macc_v2" *)
module ternary (A, B, C, Y);
  parameter NPRODUCTS = 0;
  parameter NADDENDS = 0;
  parameter A_WIDTHS = 0;
  parameter B_WIDTHS = 0;
  parameter C_WIDTHS = 0;
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter C_SIGNED = 0;
  parameter PRODUCT_NEGATED = 0;
  parameter ADDEND_NEGATED = 0;
  parameter Y_WIDTH = 1;
  localparam WIDTH_0 = C_WIDTHS[0+:16], WIDTH_1 = C_WIDTHS[16+:16], WIDTH_2 = C_WIDTHS[32+:16];
  localparam [2:0] SIGNED = C_SIGNED, NEGATED = ADDEND_NEGATED;
  localparam NEGATIVE = 2'd0 + NEGATED[0] + NEGATED[1] + NEGATED[2];
  input A, B;
  (* force_downto *) input [WIDTH_0+WIDTH_1+WIDTH_2-1:0] C;
  (* force_downto *) output [Y_WIDTH-1:0] Y;

  wire _TECHMAP_FAIL_ = NPRODUCTS != 0 || NADDENDS != 3 || NEGATIVE == 3;

  // Bits above those of an operand are its sign.
  (* force_downto *) wire [Y_WIDTH-1:0] a, b, c;
  \$pos #(.A_SIGNED(SIGNED[0]), .A_WIDTH(WIDTH_0), .Y_WIDTH(Y_WIDTH)) extend_a (.A(C[0+:WIDTH_0]), .Y(a));
  \$pos #(.A_SIGNED(SIGNED[1]), .A_WIDTH(WIDTH_1), .Y_WIDTH(Y_WIDTH)) extend_b (.A(C[WIDTH_0+:WIDTH_1]), .Y(b));
  \$pos #(.A_SIGNED(SIGNED[2]), .A_WIDTH(WIDTH_2), .Y_WIDTH(Y_WIDTH)) extend_c (.A(C[WIDTH_0+WIDTH_1+:WIDTH_2]), .Y(c));

  // Tables for I0 to I2 as they are, and as they are with those inverted that are subtracted.
  function [7:0] inverted(input [7:0] table);
    integer i;
    for (i = 0; i < 8; i = i + 1) inverted[i] = table[i ^ NEGATED];
  endfunction
  localparam [7:0] MAJORITY = inverted(8'he8), PARITY = inverted(8'h96);

  (* force_downto *) wire [Y_WIDTH-1:0] s;
  (* force_downto *) wire [Y_WIDTH:0] carried;
  assign carried[0] = NEGATIVE == 2;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      LUT6_2 #(.INIT({{2{~PARITY, PARITY}}, {4{MAJORITY}}})) lut (
        .I0(a[i]), .I1(b[i]), .I2(c[i]), .I3(carried[i]), .I4(1'b0), .I5(1'b1), .O5(carried[i+1]), .O6(s[i])
      );
    end
  endgenerate
  inrhw_carry #(.WIDTH(Y_WIDTH)) carry (.CI(NEGATIVE != 0), .DI(carried[Y_WIDTH-1:0]), .S(s), .O(Y));
endmodule
