// Sums whose lowest bit is of no use, and words whose halves are written alike, in LUT RAM.
module waits (input clk, input first, input go, input [6:0] at, input [6:0] step, input [6:0] a,
              output reg [6:0] y, output reg [17:0] z);
  reg [7:0] sums [0:127];
  reg [17:0] twice [0:127];
  wire [7:0] total = (first ? 8'd0 : sums[at]) + {step, 1'b0};
  integer k;
  initial begin
    y = 0; z = 0;
    for (k = 0; k < 128; k = k + 1) twice[k] = k * 134775813;
  end
  always @(posedge clk) begin
    y <= total[7:1];
    z <= twice[a];
    if (go) begin
      sums[at] <= total;
      twice[at] <= {2'd0, step, 2'd0, step};
    end
  end
endmodule
