// A slow, loadable core for the bench's own tests: a pixel every INTERVAL clocks, and two memories of weights in two
// banks: one of 8 bits and depth 2, one of 40 bits and depth 1.
module tiny_loadable #(
    parameter WIDTH = 16,
    parameter HEIGHT = 8,
    parameter INTERVAL = 5,
    parameter EMPTY = 0
) (
    input aclk,
    input aresetn,
    output [23:0] m_axis_tdata,
    output m_axis_tvalid,
    input m_axis_tready,
    output m_axis_tuser,
    output m_axis_tlast,
    input [31:0] s_weights_tdata,
    input s_weights_tvalid,
    output s_weights_tready,
    input s_weights_tlast,
    input [5:0] s_axi_awaddr,
    input s_axi_awvalid,
    output s_axi_awready,
    input [31:0] s_axi_wdata,
    input [3:0] s_axi_wstrb,
    input s_axi_wvalid,
    output s_axi_wready,
    output reg [1:0] s_axi_bresp,
    output reg s_axi_bvalid,
    input s_axi_bready,
    input [5:0] s_axi_araddr,
    input s_axi_arvalid,
    output s_axi_arready,
    output reg [31:0] s_axi_rdata,
    output reg [1:0] s_axi_rresp,
    output reg s_axi_rvalid,
    input s_axi_rready
);
    localparam MAGIC = 32'h57524e49, SHAPE = 32'h12345678, BODY = 4;

    // Rendering.
    reg [7:0] slopes[0:3];  // bank, address
    reg [39:0] offsets[0:1];  // bank
    initial begin
        slopes[0] = 3;
        slopes[1] = 7;
        offsets[0] = 40'h9911223344;
    end

    reg running, shown = 0, complete = 0, showing = !EMPTY;
    reg [7:0] x, y, rest;
    reg valid, user, last;
    reg [23:0] pixel;
    wire admit = running & (showing | complete) & rest == 0 & (~valid | m_axis_tready);
    wire first = x == 0 && y == 0;
    wire switch = complete & admit & first;
    wire bank = shown ^ switch;
    wire line_ends = x == WIDTH - 1;
    always @(posedge aclk) begin
        if (!aresetn) {x, y, rest, valid} <= 0;
        else begin
            rest <= admit ? INTERVAL - 1 : rest - (rest != 0);
            if (admit | m_axis_tready) valid <= admit;
            if (admit) begin
                x <= line_ends ? 0 : x + 1;
                if (line_ends) y <= y == HEIGHT - 1 ? 0 : y + 1;
            end
        end
        if (admit) begin
            user <= first;
            last <= line_ends;
            pixel <= {slopes[{bank, 1'b0}] * x + offsets[bank][7:0],
                      slopes[{bank, 1'b1}] * y + offsets[bank][39:32], x ^ offsets[bank][31:24]};
        end
    end
    assign {m_axis_tdata, m_axis_tvalid, m_axis_tuser, m_axis_tlast} = {pixel, valid, user, last};

    // Files.
    function [31:0] crc(input [31:0] sum, input [31:0] word);
        integer k;
        begin
            crc = sum;
            for (k = 0; k < 32; k = k + 1) crc = crc >> 1 ^ (crc[0] ^ word[k] ? 32'hedb88320 : 0);
        end
    endfunction

    reg [3:0] position;
    reg [31:0] sum, checksum, low;
    reg [2:0] error, found;
    reg dropping;
    wire ready = ~complete;
    assign s_weights_tready = aresetn & ready;
    wire write_data = s_axi_awvalid & s_axi_wvalid & ~s_axi_bvalid & s_axi_awaddr == 'h18;
    wire take = s_weights_tvalid & s_weights_tready | write_data & ready;
    wire [31:0] word = s_weights_tvalid ? s_weights_tdata : s_axi_wdata;
    wire ends = s_weights_tvalid ? s_weights_tlast : position == BODY + 3;
    always @* begin
        found = 0;
        if (position == 0 && word != MAGIC) found = 1;
        else if (position == 1 && word != SHAPE) found = 2;
        else if (position == 2 && word != BODY) found = 3;
        else if (position < BODY + 3 && ends) found = 4;
        else if (position == BODY + 3 && !ends) found = 5;
        else if (position == BODY + 3 && word != ~sum) found = 6;
    end
    always @(posedge aclk)
        if (!aresetn) begin
            {position, dropping, error} <= 0;
            sum <= ~0;
        end else begin
            if (switch) begin
                {complete, showing} <= 2'b01;
                shown <= bank;
            end
            if (take) begin
                position <= position + 1;
                sum <= crc(sum, word);
                low <= word;
                if (!dropping) begin
                    error <= found;
                    if (position == 3 || position == 4) slopes[{~shown, position[2]}] <= word;
                    if (position == 6) offsets[~shown] <= {word, low};
                    if (position == BODY + 3 && !found) {complete, checksum} <= {1'b1, word};
                    dropping <= found != 0;
                end
                if (ends) begin
                    {position, dropping} <= 0;
                    sum <= ~0;
                end
            end
        end

    // Registers.
    reg [31:0] select;
    wire stopped = ~running & ~valid;
    wire read_offsets = select[16];
    assign s_axi_awready = s_axi_wvalid & ~s_axi_bvalid, s_axi_wready = s_axi_awvalid & ~s_axi_bvalid;
    assign s_axi_arready = ~s_axi_rvalid;
    always @(posedge aclk)
        if (!aresetn) begin
            {s_axi_bvalid, s_axi_rvalid} <= 0;
            running <= 1;
        end else begin
            s_axi_bvalid <= s_axi_awvalid & s_axi_wvalid | s_axi_bvalid & ~s_axi_bready;
            if (s_axi_awvalid & s_axi_awready) begin
                s_axi_bresp <= write_data & ~ready ? 2 : 0;
                if (s_axi_awaddr == 'h08) running <= s_axi_wdata[0];
                if (s_axi_awaddr == 'h1c) select <= s_axi_wdata;
            end
            s_axi_rvalid <= s_axi_arvalid | s_axi_rvalid & ~s_axi_rready;
            if (s_axi_arvalid & s_axi_arready) begin
                s_axi_rresp <= s_axi_araddr == 'h20 && !stopped ? 2 : 0;
                case (s_axi_araddr)
                    'h0c: s_axi_rdata <= {21'b0, error, 2'b0, showing, stopped, shown, 3'b0};
                    'h10: s_axi_rdata <= checksum;
                    'h20: s_axi_rdata <= select[27:17] ? 0 : read_offsets
                        ? offsets[select[30]] >> 32 * select[28]
                        : slopes[{select[30], select[0]}];
                    default: s_axi_rdata <= 0;
                endcase
            end
        end
endmodule
