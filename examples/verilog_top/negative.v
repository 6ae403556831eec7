// A core as an instance in a module of your own: behind it a block on AXI4-Stream that gives the negative.
// CORE is the name of the core's module (-DCORE=photo). Registers go through, the picture is 3 bytes a pixel.
module negative (
    input             aclk,
    input             aresetn,
    input      [ 7:0] s_axi_awaddr,
    input             s_axi_awvalid,
    output            s_axi_awready,
    input      [31:0] s_axi_wdata,
    input      [ 3:0] s_axi_wstrb,
    input             s_axi_wvalid,
    output            s_axi_wready,
    output     [ 1:0] s_axi_bresp,
    output            s_axi_bvalid,
    input             s_axi_bready,
    input      [ 7:0] s_axi_araddr,
    input             s_axi_arvalid,
    output            s_axi_arready,
    output     [31:0] s_axi_rdata,
    output     [ 1:0] s_axi_rresp,
    output            s_axi_rvalid,
    input             s_axi_rready,
    output reg [23:0] m_axis_tdata,
    output reg        m_axis_tuser,
    output reg        m_axis_tlast,
    output reg        m_axis_tvalid,
    input             m_axis_tready
);
    wire [23:0] tdata;
    wire tuser, tlast, tvalid;
    // The register is free, or is read in this clock.
    wire tready = !m_axis_tvalid || m_axis_tready;

    `CORE core (
        .aclk(aclk), .aresetn(aresetn), .interrupt(),
        .s_axi_awaddr(s_axi_awaddr), .s_axi_awvalid(s_axi_awvalid), .s_axi_awready(s_axi_awready),
        .s_axi_wdata(s_axi_wdata), .s_axi_wstrb(s_axi_wstrb), .s_axi_wvalid(s_axi_wvalid), .s_axi_wready(s_axi_wready),
        .s_axi_bresp(s_axi_bresp), .s_axi_bvalid(s_axi_bvalid), .s_axi_bready(s_axi_bready),
        .s_axi_araddr(s_axi_araddr), .s_axi_arvalid(s_axi_arvalid), .s_axi_arready(s_axi_arready),
        .s_axi_rdata(s_axi_rdata), .s_axi_rresp(s_axi_rresp), .s_axi_rvalid(s_axi_rvalid), .s_axi_rready(s_axi_rready),
        .s_weights_tdata(32'd0), .s_weights_tvalid(1'b0), .s_weights_tlast(1'b0), .s_weights_tready(),
        .m_axis_tdata(tdata), .m_axis_tuser(tuser), .m_axis_tlast(tlast), .m_axis_tvalid(tvalid), .m_axis_tready(tready)
    );

    always @(posedge aclk) begin
        if (!aresetn) m_axis_tvalid <= 0;
        else if (tready) begin
            m_axis_tvalid <= tvalid;
            {m_axis_tdata, m_axis_tuser, m_axis_tlast} <= {~tdata, tuser, tlast};
        end
    end
endmodule
