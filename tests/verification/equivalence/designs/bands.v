// A memory that is written late, in several blocks that have more words.
module bands(
    input clk, input write, input read, input [12:0] a, b, input [23:0] d, output reg [23:0] q
);
    (* ram_style = "block", syn_ramstyle = "block_ram" *) reg [23:0] band [0:5119];
    initial q = 0;
    always @(posedge clk) begin
        if (read) q <= band[a];
        if (write) band[b] <= d;
    end
endmodule
