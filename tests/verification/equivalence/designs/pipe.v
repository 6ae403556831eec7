// A bit of all that our cores are made of: counters, sums, delays, a FIFO's memory, a table, resets to 0 and to 1.
module pipe(
    input aclk, input aresetn, input valid, input [7:0] x, input [4:0] where,
    output reg [9:0] y, output [7:0] late, output [5:0] kept, output reg bit_of_table, output reg busy
);
    reg [9:0] total = 10'h15a;
    reg [4:0] place = 0;
    reg [7:0] d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0;
    reg [5:0] words [0:31];
    integer k;
    initial begin
        y = 3;
        busy = 1;
        bit_of_table = 0;
        for (k = 0; k < 32; k = k + 1) words[k] = k * 7;
    end
    wire [0:127] table = 128'h8f3a_11c7_5e92_d04b_66a9_3c1f_72e8_b5d4;
    assign late = d6;
    assign kept = words[where];
    always @(posedge aclk) begin
        y <= total + {2'b0, x} + (x < 8'h31);
        {d1, d2, d3, d4, d5, d6} <= {x, d1, d2, d3, d4, d5};
        bit_of_table <= table[d6[6:0]];
        busy <= valid | (busy & x[0]);
        if (valid) begin
            total <= total - {2'b0, x};
            words[place] <= x[5:0] ^ x[7:2];
            place <= place + 1;
        end
        if (!aresetn) begin
            total <= 10'h15a;
            place <= 0;
            busy <= 1;
        end
    end
endmodule
