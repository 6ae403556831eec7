// Adders on carry chains, whose operands come from no logic: their sums' XORs are LUTs as they are.
// The chain stays one cell until the constants are known (carries.v).
(* techmap_celltype = "$alu" *)
module adder (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTVAL_BI_ = 0;
  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  (* force_downto *) wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  generate
    if (_TECHMAP_CONSTVAL_BI_) assign X = a ~^ b;
    else assign X = a ^ b;
  endgenerate
  inrhw_carry #(.WIDTH(Y_WIDTH)) carry (.CI(CI), .DI(a), .S(X), .O(Y), .CO(CO));
endmodule

