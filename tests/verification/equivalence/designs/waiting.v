// Memories that are read while they are written, for parts whose blocks promise nothing then.
module waiting(
    input clk, input write, input read, input [9:0] a, b, input [17:0] d, output reg [17:0] old, output reg [3:0] kept,
    output reg [11:0] seen
);
    (* ram_style = "block", syn_ramstyle = "block_ram" *) reg [17:0] plain [0:1023];
    (* ram_style = "block", syn_ramstyle = "block_ram" *) reg [3:0] narrow [0:1023];
    // Of wide words: iCE40 writes it with a mask, the inverse of the enable.
    (* ram_style = "block", syn_ramstyle = "block_ram" *) reg [11:0] wide [0:31];
    integer k;
    initial begin
        old = 0; kept = 0; seen = 0;
        for (k = 0; k < 1024; k = k + 1) plain[k] = k * 134775813;
    end
    always @(posedge clk) begin
        old <= plain[a];
        if (write) plain[b] <= d;
        if (read) kept <= narrow[a];
        if (write) narrow[b] <= d[3:0];
        seen <= wide[a[4:0]];
        if (write) wide[b[4:0]] <= d[17:6];
    end
endmodule
