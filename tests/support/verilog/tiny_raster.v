// A free-running core for the bench's own tests: 3 stages that stall together.
module tiny_raster #(
    parameter WIDTH = 16,
    parameter HEIGHT = 8
) (
    input aclk,
    input aresetn,
    output [23:0] m_axis_tdata,
    output m_axis_tvalid,
    input m_axis_tready,
    output m_axis_tuser,
    output m_axis_tlast
);
    reg [2:0] valid;
    wire run = m_axis_tready | ~valid[2];

    reg [7:0] x, y;
    wire line_ends = x == WIDTH - 1;
    always @(posedge aclk)
        if (!aresetn) begin
            x <= 0;
            y <= 0;
        end else if (run) begin
            x <= line_ends ? 0 : x + 1;
            if (line_ends) y <= y == HEIGHT - 1 ? 0 : y + 1;
        end

    reg [7:0] red0, green0, blue0, red1, green1, blue1, red2, green2, blue2;
    reg [2:0] first, last;
    always @(posedge aclk) begin
        if (!aresetn) valid <= 0;
        else if (run) valid <= {valid[1:0], 1'b1};
        if (run) begin
            {first, last} <= {first[1:0], x == 0 && y == 0, last[1:0], line_ends};
            {red0, green0, blue0} <= {8'd3 * x + y, x ^ y, 8'd255 - x};
            {red1, green1, blue1} <= {red0, green0, blue0};
            {red2, green2, blue2} <= {red1, green1, blue1};
        end
    end

    assign m_axis_tdata = {red2, blue2, green2};
    assign m_axis_tvalid = valid[2];
    assign m_axis_tuser = first[2];
    assign m_axis_tlast = last[2];
endmodule
