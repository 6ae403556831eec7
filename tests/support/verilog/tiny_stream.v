// A core with coordinate input for the bench's own tests: 2 stages without stall, a FIFO of 8, and credits for it.
module tiny_stream (
    input aclk,
    input aresetn,
    input [15:0] s_axis_tdata,
    input s_axis_tvalid,
    output s_axis_tready,
    input s_axis_tuser,
    input s_axis_tlast,
    output [7:0] m_axis_tdata,
    output m_axis_tvalid,
    input m_axis_tready,
    output m_axis_tuser,
    output m_axis_tlast
);
    localparam CREDITS = 8;

    reg [4:0] under_way;
    wire accept = s_axis_tvalid & s_axis_tready;
    wire deliver = m_axis_tvalid & m_axis_tready;
    assign s_axis_tready = aresetn & (under_way != CREDITS);

    reg valid0, valid1;
    reg [9:0] stage0, stage1;
    wire signed [7:0] x = s_axis_tdata[7:0], y = s_axis_tdata[15:8];
    wire [7:0] grey = x + 8'sd2 * y + 8'sd100;

    reg [9:0] fifo [0:7];
    reg [2:0] write, read;
    reg [3:0] level;
    always @(posedge aclk) begin
        stage0 <= {s_axis_tlast, s_axis_tuser, grey};
        stage1 <= stage0;
        if (valid1) fifo[write] <= stage1;
        if (!aresetn) begin
            {valid0, valid1, under_way, write, read, level} <= 0;
        end else begin
            valid0 <= accept;
            valid1 <= valid0;
            under_way <= under_way + accept - deliver;
            if (valid1) write <= write + 1;
            if (deliver) read <= read + 1;
            level <= level + valid1 - deliver;
        end
    end
    assign m_axis_tvalid = level != 0;
    assign {m_axis_tlast, m_axis_tuser, m_axis_tdata} = fifo[read];
endmodule
