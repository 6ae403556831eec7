// Memories that take several blocks, or several parts of one; the choice between them meets a sum at once.
module several(
    input clk, input write, input first, input [13:0] a, b, input [63:0] d,
    output reg [8:0] narrow_sum, output reg [63:0] wide_sum
);
    (* ram_style = "ultra" *) reg [8:0] narrow [0:8191];
    (* ram_style = "ultra" *) reg [63:0] wide [0:16383];
    reg [8:0] narrow_read;
    reg [63:0] wide_read;
    initial begin
        narrow_read = 0; wide_read = 0; narrow_sum = 0; wide_sum = 0;
    end
    always @(posedge clk) begin
        narrow_read <= narrow[a[12:0]];
        wide_read <= wide[a];
        narrow_sum <= (first ? 9'd0 : narrow_sum) + narrow_read;
        wide_sum <= (first ? 64'd0 : wide_sum) + wide_read;
        if (write) narrow[b[12:0]] <= d[8:0];
        if (write) wide[b] <= d;
    end
endmodule
