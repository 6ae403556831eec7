// Adders of ECP5 with their operands at all four inputs of a LUT. Yosys has them at A and B, which wires of
// length two with odd numbers reach; those with even numbers reach C and D, and would be of no use for adders.
(* techmap_celltype = "CCU2C" *)
module operands (CIN, A0, B0, C0, D0, A1, B1, C1, D1, S0, S1, COUT);
  parameter [15:0] INIT0 = 0, INIT1 = 0;
  parameter INJECT1_0 = "", INJECT1_1 = "";
  parameter _TECHMAP_CONSTMSK_C0_ = 0, _TECHMAP_CONSTVAL_C0_ = 0;
  // As +/lattice/arith_map_ccu2c.v writes them: C, at 1 for a difference, and the same in both halves.
  localparam [15:0] ADDER = 16'h96aa;
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1;
  output S0, S1, COUT;

  wire _TECHMAP_FAIL_ = INIT0 != ADDER || INIT1 != ADDER || !_TECHMAP_CONSTMSK_C0_;

  // The carry is A or B where the operands agree: the lowest four bits.
  CCU2C #(
    .INIT0(_TECHMAP_CONSTVAL_C0_ ? 16'haa5a : 16'h55aa), .INJECT1_0(INJECT1_0),
    .INIT1(_TECHMAP_CONSTVAL_C0_ ? 16'hc3cc : 16'h3c3c), .INJECT1_1(INJECT1_1)
  ) _TECHMAP_REPLACE_ (
    .CIN(CIN), .S0(S0), .S1(S1), .COUT(COUT),
    .A0(A0), .B0(1'b1), .C0(1'b1), .D0(B0),
    .A1(1'b1), .B1(A1), .C1(B1), .D1(1'b1)
  );
endmodule
