// Three operands, one a constant: the sum never leaves 12 bits, so bits 12 to 15 repeat bit 11.
module signs (input clk, input signed [9:0] a, input signed [9:0] b, input signed [13:0] c, output reg signed [16:0] o);
  reg signed [9:0] a_d1 = 0, b_d1 = 0;
  reg signed [13:0] c_d1 = 0, c_d2 = 0, c_d3 = 0;
  reg [15:0] narrow = 0, narrow_d1 = 0;
  wire signed [11:0] both = $signed(a_d1) + $signed(b_d1);
  wire signed [18:0] sum = $signed(both) + $signed(18'h0fcc0);
  initial o = 0;
  always @(posedge clk) begin
    a_d1 <= a;
    b_d1 <= b;
    c_d1 <= c;
    c_d2 <= c_d1;
    c_d3 <= c_d2;
    narrow <= sum[15:0];
    narrow_d1 <= narrow;
    o <= $signed({1'b0, narrow_d1}) + $signed(c_d3);
  end
endmodule
