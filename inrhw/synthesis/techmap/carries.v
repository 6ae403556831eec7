// What adders.v left, as cells of the device.
// Whether a bit of a port is wired like the one below it.
`define SAME(PORT, i) (_TECHMAP_CONNMAP_``PORT``_[(i)*BITS+:BITS] == _TECHMAP_CONNMAP_``PORT``_[((i)-1)*BITS+:BITS])

(* techmap_celltype = "inrhw_carry" *)
module carry (CI, DI, S, O, CO);
  parameter WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_S_ = 0;
  parameter _TECHMAP_CONSTVAL_S_ = 0;
  parameter _TECHMAP_BITS_CONNMAP_ = 0;
  parameter _TECHMAP_CONNMAP_S_ = 0;
  parameter _TECHMAP_CONNMAP_DI_ = 0;
  localparam BITS = _TECHMAP_BITS_CONNMAP_;
  localparam CELLS = (WIDTH + 3) / 4;
  localparam [WIDTH-1:0] KNOWN = _TECHMAP_CONSTMSK_S_, VALUE = _TECHMAP_CONSTVAL_S_;
  input CI;
  (* force_downto *) input [WIDTH-1:0] DI, S;
  (* force_downto *) output [WIDTH-1:0] O, CO;

  (* force_downto *) wire [4*CELLS-1:0] di = DI, s = S, o, co;
  assign CO = co;
  genvar i;
  generate
    for (i = 0; i < CELLS; i = i + 1) begin : slice
      CARRY4 carry4 (
        .CYINIT(i == 0 ? CI : 1'b0), .CI(i == 0 ? 1'b0 : co[4*i-1]),
        .DI(di[4*i+:4]), .S(s[4*i+:4]), .O(o[4*i+:4]), .CO(co[4*i+:4])
      );
    end
    // Where both operands repeat their top bits the sum does too, and its last bits take no CARRY4.
    for (i = 0; i < WIDTH; i = i + 1) begin : bits
      if (i > 1 && `SAME(S, i) && `SAME(S, i - 1) && `SAME(DI, i - 1)) assign O[i] = O[i-1];
      else if (i > 0 && KNOWN[i] && KNOWN[i-1] && VALUE[i] == VALUE[i-1])
        assign O[i] = VALUE[i] ? O[i-1] : DI[i-1];
      else assign O[i] = o[i];
    end
  endgenerate
endmodule

(* techmap_celltype = "$_XOR_ $_XNOR_" *)
module propagate (A, B, Y);
  parameter _TECHMAP_CELLTYPE_ = "";
  input A, B;
  output Y;
  LUT2 #(.INIT(_TECHMAP_CELLTYPE_ == "$_XOR_" ? 4'h6 : 4'h9)) _TECHMAP_REPLACE_ (.I0(A), .I1(B), .O(Y));
endmodule

(* techmap_celltype = "$_NOT_" *)
module invert (A, Y);
  input A;
  output Y;
  INV _TECHMAP_REPLACE_ (.I(A), .O(Y));
endmodule
