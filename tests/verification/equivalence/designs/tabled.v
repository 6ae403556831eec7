// A table over two blocks, and a product of what is read unless it is masked.
module tabled(input clk, input mask, input [11:0] a, input signed [8:0] y, output reg signed [17:0] product);
    (* rom_style = "block", syn_romstyle = "ebr" *) reg [8:0] fixed [0:4095];
    reg signed [8:0] x;
    reg masked;
    integer k;
    initial begin
        x = 0; product = 0; masked = 0;
        for (k = 0; k < 4096; k = k + 1) fixed[k] = (k * 134775813) >> 7;
    end
    always @(posedge clk) begin
        x <= fixed[a];
        masked <= mask;
        product <= (masked ? 9'sd0 : x) * y;
    end
endmodule
