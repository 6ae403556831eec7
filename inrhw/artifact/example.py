"""An example test bench in Verilog, for people who put a core into a design of their own."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.registers.map import file_words

_BENCH = """\
// {name}_tb: an example test bench. It renders {what} of {name} into {name}.{suffix}, a text file that
// {shown}. Made by inrhw; do not edit, copy. In this folder:
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
{sides}

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
{header}        if ($test$plusargs("waves")) begin
            $dumpfile("{name}_tb.vcd");
            $dumpvars(0, {name}_tb);
        end
    end

    always @(posedge aclk)
        if (aresetn && m_axis_tvalid && m_axis_tready) begin
            $fwrite(picture, "{format}\\n", {values});
            pixels = pixels + 1;
            if (pixels == {pixels}) begin
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
{counters}
{coordinates}
    wire [{coordinates_high}:0] s_axis_tdata = {{{joined}}};
    wire s_axis_tvalid = aresetn && {last} < {last_side};
    wire s_axis_tready;
    wire s_axis_tuser = {starts};
    wire s_axis_tlast = column == WIDTH - 1;

    always @(posedge aclk)
        if (s_axis_tvalid && s_axis_tready) begin
{steps}
        end
"""

#: What counts along each axis, the coordinate on it, and the samples there.
_AXES = (("column", "x", "WIDTH"), ("row", "y", "HEIGHT"), ("frame", "z", "FRAMES"))

#: What each counter does when a coordinate is taken, of one axis, two and three.
_STEPS = (
    ("column <= column + 1;",),
    ("column <= s_axis_tlast ? 0 : column + 1;", "row <= row + s_axis_tlast;"),
    (
        "column <= s_axis_tlast ? 0 : column + 1;",
        "if (s_axis_tlast) row <= row == HEIGHT - 1 ? 0 : row + 1;",
        "if (s_axis_tlast && row == HEIGHT - 1) frame <= frame + 1;",
    ),
)

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

#: Axes of a picture, or of a frame.
_PICTURE_AXES = 2

#: Ports that the bench drives or reads; all others are inputs at rest, or outputs that lead nowhere.
_USED = {
    *("aclk", "aresetn", "m_axis_tdata", "m_axis_tvalid", "m_axis_tready"),
    *("s_axis_tdata", "s_axis_tvalid", "s_axis_tready", "s_axis_tuser", "s_axis_tlast"),
    *("s_weights_tdata", "s_weights_tvalid", "s_weights_tready", "s_weights_tlast"),
}


def example_bench(manifest: Manifest) -> str:
    """Return a test bench in Verilog that writes one frame of a core to a picture file.

    Its header says how to run it. A loadable core is given its weights file first; of many pictures it
    renders picture 0, of one with a window the whole picture. Of three axes it writes all frames below each
    other; what no picture file can hold becomes a text of a sample a line.

    Parameters
    ----------
    manifest
        The core's.
    """
    order, bits = manifest.tdata_order, manifest.value.bits_per_channel
    places_of_channels = [order.index(channel) for channel in range(len(order))]
    n_words = file_words(manifest)
    axes = _AXES[: len(manifest.sides)]
    inputs = (_coordinates(manifest) if manifest.source == "stream" else "") + (
        _WEIGHTS.format(name=manifest.name, words=n_words) if n_words else ""
    )
    values = (f"m_axis_tdata[{bits * (k + 1) - 1}:{bits * k}]" for k in places_of_channels)
    sides = zip(axes, manifest.beat_sides, strict=True)
    return _BENCH.format(
        name=manifest.name,
        sides="\n".join(f"    localparam {name} = {side};" for (_, _, name), side in sides),
        pixels=" * ".join(name for _, _, name in axes),
        pixel_high=manifest.widths["m_axis_tdata"] - 1,
        inputs=inputs,
        connections=",\n".join(_connections(manifest)),
        format=" ".join(["%0d"] * len(order)),
        values=", ".join(f"$signed({value})" if manifest.value.signed else value for value in values),
        # Twice as long as a frame and all weights can take.
        deadline=2
        * (
            math.ceil(manifest.clocks_a_beat * manifest.beats)
            + manifest.latency
            + manifest.scrub_clocks
            + n_words
            + 100
        ),
        **bench_file(manifest)._asdict(),
    )


class BenchFile(NamedTuple):
    """The text file that a bench writes: what is in it, and what it says of itself."""

    what: str
    shown: str
    suffix: str
    header: str


def bench_file(manifest: Manifest) -> BenchFile:
    """Return the file that `example_bench` writes: a picture where one can hold such values."""
    magic = {1: ("P2", "pgm"), 3: ("P3", "ppm")}.get(manifest.channels)
    if manifest.patch_order:
        return BenchFile("one scan", "has a patch a line", "txt", "")
    if manifest.value.signed or magic is None:
        return BenchFile("one scan", "has a sample a line", "txt", "")
    lines = " * ".join(name for _, _, name in _AXES[1 : len(manifest.sides)]) or "1"
    start = f"{magic[0]}\\n%0d %0d\\n{2**manifest.value.width - 1}\\n"
    what = "one frame" if len(manifest.sides) <= _PICTURE_AXES else "all frames"
    header = f'        $fwrite(picture, "{start}", WIDTH, {lines});\n'
    return BenchFile(what, "every picture viewer shows", magic[1], header)


def _coordinates(manifest: Manifest) -> str:
    """Return what drives the coordinates of a core that takes them."""
    bits, axes = manifest.coordinate.bits_per_axis, _AXES[: len(manifest.sides)]
    return _COORDINATES.format(
        counters="\n".join(f"    integer {count} = 0;" for count, _, _ in axes),
        coordinates="\n".join(
            f"    wire [{bits - 1}:0] {axis} = 2 * {count} + 1 - {side};" for count, axis, side in axes
        ),
        coordinates_high=len(axes) * bits - 1,
        joined=", ".join(axis for _, axis, _ in reversed(axes)),
        last=axes[-1][0],
        last_side=axes[-1][2],
        starts=" && ".join(f"{count} == 0" for count, _, _ in axes),
        steps="\n".join(f"            {step}" for step in _STEPS[len(axes) - 1]),
    )


def _connections(manifest: Manifest) -> Iterator[str]:
    resting = manifest.resting_inputs
    for port in manifest.ports:
        unused = f"{port.width}'d{resting.get(port.name, 0)}" if port.direction == "in" else ""
        yield f"        .{port.name}({port.name if port.name in _USED else unused})"
