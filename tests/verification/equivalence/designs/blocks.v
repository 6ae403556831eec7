// Memories in blocks that are written at run time, one of each way to read what is written in the same clock.
module blocks(
    input clk, input write, input read, input [1:0] lanes, input [9:0] a, b, input [17:0] d, input [11:0] c, e,
    output reg [17:0] old, lane, after, held, left, right, output reg [8:0] ultra
);
    (* ram_style = "block" *) reg [17:0] plain [0:1023];
    (* ram_style = "block" *) reg [17:0] bytes [0:1023];
    (* ram_style = "block" *) reg [17:0] through [0:1023];
    (* ram_style = "block" *) reg [17:0] quiet [0:1023];
    (* ram_style = "block" *) reg [17:0] both [0:1023];
    (* ram_style = "ultra" *) reg [8:0] large [0:4095];
    integer k;
    initial begin
        old = 0; lane = 0; after = 18'h12345; held = 0; left = 0; right = 0; ultra = 0;
        for (k = 0; k < 1024; k = k + 1) plain[k] = k * 134775813;
    end
    always @(posedge clk) begin
        old <= plain[a];
        if (write) plain[b] <= d;
        if (read) lane <= bytes[a];
        if (lanes[0]) bytes[b][8:0] <= d[8:0];
        if (lanes[1]) bytes[b][17:9] <= d[17:9];
        after <= write ? d : through[a];
        if (write) through[a] <= d;
        if (write) quiet[a] <= d; else held <= quiet[a];
        left <= both[a];
        right <= both[b];
        if (write) both[b] <= d;
        if (read) ultra <= large[e];
        if (write) large[c] <= d[8:0];
    end
endmodule
