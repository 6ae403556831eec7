// Test harness: plays a Python-written pattern on the AXI4-Stream inputs of the core and records what its ports do,
// one word a clock. Python looks in once every CLOCKS clocks, which is what makes the bench fast; it then has every
// signal at every clock and does all checking there.
//
// Macros: INRHW_TOP module under test, INRHW_OUT_BITS and INRHW_IN_BITS widths of the two tdata, INRHW_STREAM is
// defined when the core has an s_axis.

`timescale 1ns / 1ns

module inrhw_harness;
    localparam CLOCKS = 256;  // most clocks of one play; Python takes it from the width of `ready`
    localparam WORD = `INRHW_OUT_BITS + 7;

    // Written by Python while the clock is low, constant during a play of `length` clocks.
    reg [$clog2(CLOCKS):0] length  /* verilator public_flat_rw */ = 1;
    reg aresetn  /* verilator public_flat_rw */ = 0;
    reg [CLOCKS-1:0] ready  /* verilator public_flat_rw */ = 0;  // m_axis_tready at each clock
    reg [CLOCKS-1:0] valid  /* verilator public_flat_rw */ = 0;  // s_axis_tvalid at each clock; out of reset it then stays until accepted

    // Read by Python when the play is over: bit i * WORD starts the word of clock i.
    reg [CLOCKS*WORD-1:0] trace  /* verilator public_flat_rd */;

    reg aclk = 0;
    always #1 aclk = ~aclk;

    reg [$clog2(CLOCKS):0] step = 0;
    wire last_step = step + 1 >= length;
    always @(posedge aclk) step <= last_step ? 0 : step + 1;

    wire [`INRHW_OUT_BITS-1:0] m_axis_tdata;
    wire m_axis_tvalid, m_axis_tuser, m_axis_tlast;
    wire m_axis_tready = ready[step[$clog2(CLOCKS)-1:0]];

    wire s_axis_tvalid, s_axis_tready;

`ifdef INRHW_STREAM
    localparam BEAT = `INRHW_IN_BITS + 2;
    // The next beats to send, {tlast, tuser, tdata} each, from bit 0 up.
    reg [CLOCKS*BEAT-1:0] beats  /* verilator public_flat_rw */ = 0;
    reg [$clog2(CLOCKS):0] sent = 0;
    reg waiting = 0;

    wire [`INRHW_IN_BITS-1:0] s_axis_tdata;
    wire s_axis_tuser, s_axis_tlast;
    assign {s_axis_tlast, s_axis_tuser, s_axis_tdata} = beats[sent[$clog2(CLOCKS)-1:0]*BEAT+:BEAT];
    assign s_axis_tvalid = waiting | valid[step[$clog2(CLOCKS)-1:0]];

    always @(posedge aclk) begin
        waiting <= aresetn & s_axis_tvalid & ~s_axis_tready;
        if (last_step) sent <= 0;
        else if (s_axis_tvalid & s_axis_tready) sent <= sent + 1;
    end
`else
    assign s_axis_tvalid = 0;
    assign s_axis_tready = 0;
`endif

    `INRHW_TOP dut (
`ifdef INRHW_STREAM
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .s_axis_tuser(s_axis_tuser),
        .s_axis_tlast(s_axis_tlast),
`endif
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tuser(m_axis_tuser),
        .m_axis_tlast(m_axis_tlast),
        .aclk(aclk),
        .aresetn(aresetn)
    );

    always @(posedge aclk)
        trace[step*WORD+:WORD] = {
            aresetn, s_axis_tready, s_axis_tvalid, m_axis_tready, m_axis_tvalid,
            m_axis_tlast, m_axis_tuser, m_axis_tdata
        };
endmodule
