"""An example test bench in Verilog, for people who put a core into a design of their own."""

from collections.abc import Iterator

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.register_map import file_words

_BENCH = """\
// {name}_tb: an example test bench. It renders one frame of {name} into {name}.{suffix}, a text file that
// every picture viewer shows. Made by inrhw; do not edit, copy. In this folder:
//
//     iverilog -g2012 -o {name}_tb.vvp {name}_tb.v {name}.v
//     vvp {name}_tb.vvp
//
// `vvp {name}_tb.vvp +waves` writes the waves of the frame to {name}_tb.vcd, for GTKWave or Surfer.

// Outputs that nobody looks at are left open, counters are integers, and what starts at 0 says so.
/* verilator lint_off PINCONNECTEMPTY */
/* verilator lint_off WIDTHTRUNC */
/* verilator lint_off WIDTHEXPAND */
/* verilator lint_off BLKSEQ */
/* verilator lint_off PROCASSINIT */

`timescale 1ns / 1ps

module {name}_tb;
    localparam WIDTH = {width};
    localparam HEIGHT = {height};

    reg aclk = 0;
    always #5 aclk = ~aclk;

    // aresetn is synchronous; it changes at the other edge, so that it is never in doubt.
    reg aresetn = 0;
    initial begin
        repeat (4) @(negedge aclk);
        aresetn = 1;
    end

    wire [{pixel_high}:0] m_axis_tdata;
    wire m_axis_tvalid;
    wire m_axis_tready = 1;
{inputs}
    {name} core (
{connections}
    );

    integer picture;
    integer pixels = 0;
    initial begin
        picture = $fopen("{name}.{suffix}", "w");
        $fwrite(picture, "{magic}\\n%0d %0d\\n255\\n", WIDTH, HEIGHT);
        if ($test$plusargs("waves")) begin
            $dumpfile("{name}_tb.vcd");
            $dumpvars(0, {name}_tb);
        end
    end

    always @(posedge aclk)
        if (aresetn && m_axis_tvalid && m_axis_tready) begin
            $fwrite(picture, "{format}\\n", {values});
            pixels = pixels + 1;
            if (pixels == WIDTH * HEIGHT) begin
                $fclose(picture);
                $display("{name}.{suffix}: %0d pixels", pixels);
                $finish;
            end
        end

    initial begin
        repeat ({deadline}) @(posedge aclk);
        $fatal(1, "only %0d pixels came", pixels);
    end
endmodule
"""

_COORDINATES = """
    // Coordinates of the pixels' centres, line by line.
    integer column = 0;
    integer row = 0;
    wire [{axis_high}:0] x = 2 * column + 1 - WIDTH;
    wire [{axis_high}:0] y = 2 * row + 1 - HEIGHT;
    wire [{coordinates_high}:0] s_axis_tdata = {{y, x}};
    wire s_axis_tvalid = aresetn && row < HEIGHT;
    wire s_axis_tready;
    wire s_axis_tuser = column == 0 && row == 0;
    wire s_axis_tlast = column == WIDTH - 1;

    always @(posedge aclk)
        if (s_axis_tvalid && s_axis_tready) begin
            column <= s_axis_tlast ? 0 : column + 1;
            row <= row + s_axis_tlast;
        end
"""

_WEIGHTS = """
    // The weights: 32-bit words, lowest byte first, tlast with the last one.
    localparam WORDS = {words};
    reg [7:0] weights[0:4 * WORDS - 1];
    integer file, size;
    initial begin
        file = $fopen("{name}.weights", "rb");
        size = $fread(weights, file);
        if (size != 4 * WORDS) $fatal(1, "{name}.weights has %0d bytes, not %0d", size, 4 * WORDS);
    end

    integer sent = 0;
    wire [31:0] s_weights_tdata = {{
        weights[4 * sent + 3], weights[4 * sent + 2], weights[4 * sent + 1], weights[4 * sent]
    }};
    wire s_weights_tvalid = aresetn && sent < WORDS;
    wire s_weights_tready;
    wire s_weights_tlast = sent == WORDS - 1;

    always @(posedge aclk) if (s_weights_tvalid && s_weights_tready) sent <= sent + 1;
"""

#: Ports that the bench drives or reads; all others are inputs at rest, or outputs that lead nowhere.
_USED = {
    *("aclk", "aresetn", "m_axis_tdata", "m_axis_tvalid", "m_axis_tready"),
    *("s_axis_tdata", "s_axis_tvalid", "s_axis_tready", "s_axis_tuser", "s_axis_tlast"),
    *("s_weights_tdata", "s_weights_tvalid", "s_weights_tready", "s_weights_tlast"),
}


def example_bench(manifest: Manifest) -> str:
    """Return a test bench in Verilog that writes one frame of a core to a picture file.

    Its header says how to run it. A loadable core is given its weights file first; of many pictures it
    renders picture 0, of one with a window the whole picture.

    Parameters
    ----------
    manifest
        The core's.
    """
    order = manifest.tdata_order
    grey = len(order) == 1
    bytes_of_channels = [order.index(channel) for channel in range(len(order))]
    n_words = file_words(manifest)
    axis_bits = manifest.coordinate.bits_per_axis
    inputs = (_COORDINATES if manifest.source == "stream" else "") + (_WEIGHTS if n_words else "")
    return _BENCH.format(
        name=manifest.name,
        width=manifest.width,
        height=manifest.height,
        suffix="pgm" if grey else "ppm",
        magic="P2" if grey else "P3",
        pixel_high=8 * len(order) - 1,
        inputs=inputs.format(
            name=manifest.name,
            axis_high=axis_bits - 1,
            coordinates_high=2 * axis_bits - 1,
            words=n_words,
        ),
        connections=",\n".join(_connections(manifest)),
        format=" ".join(["%0d"] * len(order)),
        values=", ".join(f"m_axis_tdata[{8 * k + 7}:{8 * k}]" for k in bytes_of_channels),
        # Twice as long as a frame and all weights can take.
        deadline=2 * (manifest.initiation_interval * manifest.pixels + manifest.latency + n_words + 100),
    )


def _connections(manifest: Manifest) -> Iterator[str]:
    resting = manifest.resting_inputs
    for port in manifest.ports:
        unused = f"{port.width}'d{resting.get(port.name, 0)}" if port.direction == "in" else ""
        yield f"        .{port.name}({port.name if port.name in _USED else unused})"
