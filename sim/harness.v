// Test harness: plays a Python-written pattern on the AXI4-Stream inputs of the core and records what its ports do,
// one word a clock. Python looks in once every CLOCKS clocks, which is what makes the bench fast; it then has every
// signal at every clock and does all checking there.
//
// Macros: INRHW_TOP module under test, INRHW_OUT_BITS and INRHW_IN_BITS widths of the two tdata, INRHW_STREAM is
// defined when the core has an s_axis, INRHW_LOADABLE when it has s_weights, INRHW_ADDRESS_BITS when it has an s_axi,
// whose addresses have so many, INRHW_INTERRUPT when it has such a line, INRHW_UNKNOWN when it has unknown_picture,
// INRHW_ID_BITS when m_axis, and s_axis if there is one, has a tid of so many,
// INRHW_WINDOW_X, _Y and _STEP when it has a window, with its ports' values at first, and ..._BITS with their widths.
// INRHW_WAVES when all signals are to be written to waves.vcd.

// As Yosys' cells of iCE40 have it: a unit here must be the step that Python waits for.
`timescale 1ps / 1ps

module inrhw_harness;
    localparam CLOCKS = 256;  // most clocks of one play; Python takes it from the width of `ready`
`ifdef INRHW_ID_BITS
    localparam ID = `INRHW_ID_BITS;
`else
    localparam ID = 0;
`endif
    localparam PIXEL = `INRHW_OUT_BITS + ID;
    localparam WORD = PIXEL + 13;

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
`ifdef INRHW_ID_BITS
    wire [ID-1:0] m_axis_tid;
    wire [PIXEL-1:0] pixel = {m_axis_tid, m_axis_tdata};
`else
    wire [PIXEL-1:0] pixel = m_axis_tdata;
`endif
    wire m_axis_tready = ready[step[$clog2(CLOCKS)-1:0]];

    wire s_axis_tvalid, s_axis_tready;

`ifdef INRHW_STREAM
    localparam BEAT = ID + `INRHW_IN_BITS + 2;
    // The next beats to send, {tid, tlast, tuser, tdata} each, from bit 0 up.
    reg [CLOCKS*BEAT-1:0] beats  /* verilator public_flat_rw */ = 0;
    reg [$clog2(CLOCKS):0] sent = 0;
    reg waiting = 0;

    wire [`INRHW_IN_BITS-1:0] s_axis_tdata;
    wire s_axis_tuser, s_axis_tlast;
    wire [BEAT-1:0] beat = beats[sent[$clog2(CLOCKS)-1:0]*BEAT+:BEAT];
    assign {s_axis_tlast, s_axis_tuser, s_axis_tdata} = beat[BEAT-ID-1:0];
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

    wire s_weights_tvalid, s_weights_tready;
    wire interrupt, unknown_picture, bvalid, rvalid;  // low where the core has none

`ifdef INRHW_LOADABLE
    // The next `words` words for s_weights, {tlast, tdata} each, from bit 0 up.
    reg [$clog2(CLOCKS):0] words  /* verilator public_flat_rw */ = 0;
    reg [CLOCKS*33-1:0] weights  /* verilator public_flat_rw */ = 0;
    reg [CLOCKS-1:0] weights_valid  /* verilator public_flat_rw */ = 0;  // s_weights_tvalid, like `valid`
    reg [$clog2(CLOCKS):0] words_sent = 0;
    reg word_waiting = 0;

    wire [31:0] s_weights_tdata;
    wire s_weights_tlast;
    assign {s_weights_tlast, s_weights_tdata} = weights[words_sent[$clog2(CLOCKS)-1:0]*33+:33];
    assign s_weights_tvalid = words_sent < words & (word_waiting | weights_valid[step[$clog2(CLOCKS)-1:0]]);

    always @(posedge aclk) begin
        word_waiting <= aresetn & s_weights_tvalid & ~s_weights_tready;
        if (last_step) words_sent <= 0;
        else if (s_weights_tvalid & s_weights_tready) words_sent <= words_sent + 1;
    end
`else
    assign s_weights_tvalid = 0;
    assign s_weights_tready = 0;
`endif

`ifdef INRHW_ADDRESS_BITS
    // AXI4-Lite, played like the streams: the next accesses of each channel from bit 0 up, how many there are, and at
    // which clocks a channel moves. An address or a word that was offered stays until it is accepted.
    localparam ADDRESS = `INRHW_ADDRESS_BITS;
    localparam ACCESSES = 32;  // most of one play; Python takes it from the width of `ar`
    localparam COUNT = $clog2(ACCESSES);
    localparam BUS = 46;
    reg [COUNT:0] aws  /* verilator public_flat_rw */ = 0, ws  /* verilator public_flat_rw */ = 0;
    reg [COUNT:0] ars  /* verilator public_flat_rw */ = 0;
    reg [ACCESSES*ADDRESS-1:0] aw  /* verilator public_flat_rw */ = 0, ar  /* verilator public_flat_rw */ = 0;
    reg [ACCESSES*36-1:0] w  /* verilator public_flat_rw */ = 0;  // {strb, data}
    reg [CLOCKS-1:0] aw_moves  /* verilator public_flat_rw */ = 0, w_moves  /* verilator public_flat_rw */ = 0;
    reg [CLOCKS-1:0] ar_moves  /* verilator public_flat_rw */ = 0;
    reg [CLOCKS-1:0] b_moves  /* verilator public_flat_rw */ = 0, r_moves  /* verilator public_flat_rw */ = 0;
    // Of clock i from bit i * BUS on, as `trace`.
    reg [CLOCKS*BUS-1:0] bus_trace  /* verilator public_flat_rd */;

    reg [COUNT:0] aw_sent = 0, w_sent = 0, ar_sent = 0;
    reg aw_waiting = 0, w_waiting = 0, ar_waiting = 0;
    wire awready, wready, arready;
    wire [1:0] bresp, rresp;
    wire [31:0] rdata;
    wire [$clog2(CLOCKS)-1:0] now = step[$clog2(CLOCKS)-1:0];
    wire awvalid = aw_sent < aws & (aw_waiting | aw_moves[now]);
    wire wvalid = w_sent < ws & (w_waiting | w_moves[now]);
    wire arvalid = ar_sent < ars & (ar_waiting | ar_moves[now]);
    wire bready = b_moves[now], rready = r_moves[now];

    always @(posedge aclk) begin
        aw_waiting <= aresetn & awvalid & ~awready;
        w_waiting <= aresetn & wvalid & ~wready;
        ar_waiting <= aresetn & arvalid & ~arready;
        aw_sent <= last_step ? 0 : aw_sent + (awvalid & awready);
        w_sent <= last_step ? 0 : w_sent + (wvalid & wready);
        ar_sent <= last_step ? 0 : ar_sent + (arvalid & arready);
        bus_trace[step*BUS+:BUS] <= {
            arready, arvalid, wready, wvalid, awready, awvalid, rready, rvalid, bready, bvalid, bresp, rdata, rresp
        };
    end
`endif

`ifndef INRHW_ADDRESS_BITS
    assign bvalid = 0;
    assign rvalid = 0;
`endif
`ifndef INRHW_INTERRUPT
    assign interrupt = 0;
`endif
`ifndef INRHW_UNKNOWN
    assign unknown_picture = 0;
`endif

`ifdef INRHW_WINDOW_X
    reg [`INRHW_WINDOW_X_BITS-1:0] window_x  /* verilator public_flat_rw */ = `INRHW_WINDOW_X;
    reg [`INRHW_WINDOW_Y_BITS-1:0] window_y  /* verilator public_flat_rw */ = `INRHW_WINDOW_Y;
    reg [`INRHW_WINDOW_STEP_BITS-1:0] window_step  /* verilator public_flat_rw */ = `INRHW_WINDOW_STEP;
`endif

    `INRHW_TOP dut (
`ifdef INRHW_WINDOW_X
        .window_x(window_x),
        .window_y(window_y),
        .window_step(window_step),
`endif
`ifdef INRHW_STREAM
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .s_axis_tuser(s_axis_tuser),
        .s_axis_tlast(s_axis_tlast),
`ifdef INRHW_ID_BITS
        .s_axis_tid(beat[BEAT-1-:ID]),
        .unknown_picture(unknown_picture),
`endif
`endif
`ifdef INRHW_ID_BITS
        .m_axis_tid(m_axis_tid),
`endif
`ifdef INRHW_LOADABLE
        .s_weights_tdata(s_weights_tdata),
        .s_weights_tvalid(s_weights_tvalid),
        .s_weights_tready(s_weights_tready),
        .s_weights_tlast(s_weights_tlast),
`endif
`ifdef INRHW_INTERRUPT
        .interrupt(interrupt),
`endif
`ifdef INRHW_ADDRESS_BITS
        .s_axi_awaddr(aw[aw_sent[COUNT-1:0]*ADDRESS+:ADDRESS]),
        .s_axi_awvalid(awvalid),
        .s_axi_awready(awready),
        .s_axi_wdata(w[w_sent[COUNT-1:0]*36+:32]),
        .s_axi_wstrb(w[w_sent[COUNT-1:0]*36+32+:4]),
        .s_axi_wvalid(wvalid),
        .s_axi_wready(wready),
        .s_axi_bresp(bresp),
        .s_axi_bvalid(bvalid),
        .s_axi_bready(bready),
        .s_axi_araddr(ar[ar_sent[COUNT-1:0]*ADDRESS+:ADDRESS]),
        .s_axi_arvalid(arvalid),
        .s_axi_arready(arready),
        .s_axi_rdata(rdata),
        .s_axi_rresp(rresp),
        .s_axi_rvalid(rvalid),
        .s_axi_rready(rready),
`endif
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tuser(m_axis_tuser),
        .m_axis_tlast(m_axis_tlast),
        .aclk(aclk),
        .aresetn(aresetn)
    );

`ifdef INRHW_WAVES
    initial begin
        $dumpfile("waves.vcd");
        $dumpvars(0, dut);
    end
`endif

    always @(posedge aclk)
        trace[step*WORD+:WORD] = {
            rvalid, bvalid, unknown_picture, interrupt, aresetn, s_weights_tready, s_weights_tvalid, s_axis_tready,
            s_axis_tvalid, m_axis_tready, m_axis_tvalid, m_axis_tlast, m_axis_tuser, pixel
        };
endmodule
