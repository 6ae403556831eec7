// A memory that is read while it is written, and a product of what is read: the choice around the block has no name.
module merged(
    input clk, input write, input [8:0] a, b, input [7:0] d, input signed [7:0] y, output [15:0] product,
    output reg [15:0] looked_up
);
    (* ram_style = "block", syn_ramstyle = "block_ram" *) reg [7:0] kept [0:511];
    (* rom_style = "block", syn_romstyle = "ebr" *) reg [15:0] fixed [0:255];
    reg signed [7:0] x;
    reg signed [15:0] p;
    reg begun;
    integer k;
    initial begin
        x = 0; begun = 0; looked_up = 0;
        for (k = 0; k < 512; k = k + 1) kept[k] = k * 77;
        for (k = 0; k < 256; k = k + 1) fixed[k] = k * 134775813;
    end
    assign product = begun ? p : 16'd0;
    always @(posedge clk) begin
        if (write) begun <= 1;
        x <= kept[a];
        p <= x * y;
        looked_up <= fixed[b[7:0]];
        if (write) kept[b] <= d;
    end
endmodule
