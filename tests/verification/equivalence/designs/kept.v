// Words of a memory in registers that start with ones, in a part whose registers start with zeros.
module kept(input clk, input write, input [2:0] a, b, input [3:0] d, output reg [3:0] q, output never);
    reg [3:0] words [0:7];
    reg locked, seen;
    integer k;
    initial begin
        q = 0; locked = 1; seen = 1;
        for (k = 0; k < 8; k = k + 1) words[k] = k;
    end
    assign never = ~locked;
    always @(posedge clk) begin
        q <= words[a];
        if (write) words[b] <= d;
        seen <= write & locked;
        locked <= locked | ~seen;
    end
endmodule
