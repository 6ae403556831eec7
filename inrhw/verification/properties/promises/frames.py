"""What shows is chosen at the start of a frame: the picture, the bank of loaded weights, the window."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.property import Claim, Property

_BANK = """
        // The bank of the pixel that was admitted last.
        reg [7:0] last = 0;
        reg begun = 0;
        always @(posedge aclk) begin
            if (gate.admit) last <= {page}.bank;
            begun <= aresetn & (begun | gate.admit);
        end
        always @* assert (!gate.admit || raster.next_is_first || {page}.bank == last);
        always @* assert (!begun || {page}.{shown} == last);
        always @* assert (begun || raster.next_is_first);
"""

_LOADED = """
        // It changes to that of a complete file.
        reg complete = 0, bank = 0;
        always @(posedge aclk) begin
            complete <= loader._complete;
            bank <= loader._shown;
        end
        always @* assert (complete || loader._shown == bank);
"""

_WALKED = """
        // The window of a frame over tiles: what a pixel adds, and where a line begins.
        localparam WIDTH = $bits(raster.shown_x) + $bits(raster.shown_step);
        wire [WIDTH-1:0] window = {raster.shown_x, raster.shown_step};
        reg [WIDTH-1:0] before = 0;
        // A pixel of the frame was admitted before the clock before.
        reg in_frame = 0;
        always @(posedge aclk) begin
            before <= window;
            in_frame <= aresetn & ~raster.next_is_first;
        end
        always @* assert (!in_frame || window == before);
"""


def _claims(core: Core) -> Iterator[Claim]:
    if core.source != "raster":
        return
    if core.pictures > 1:
        yield Claim(
            _BANK.format(page="select", shown="shown")
            + f"""
        always @* assert (select.bank < {core.pictures} && select.wanted < {core.pictures});
        """
        )
    if core.memories:
        # Any file may be complete at any time: no proof needs to find one with its checksum.
        yield Claim(_BANK.format(page="loader", shown="_shown") + _LOADED, without="loader.receiver")
    if core.tiled_window:
        yield Claim(_WALKED)
    elif core.window:
        yield _window(core)


def _window(core: Core) -> Claim:
    neurons = range(core.graph.nodes[next(iter(core.graph.nodes))].o.length)
    registers = ", ".join(f"raster.{name}{k}" for k in neurons for name in ("pixel", "line", "frame"))
    return Claim(f"""
        // The window, and what was made of it: what a pixel, a line and a frame add in each neuron.
        localparam WIDTH = $bits(raster.mover.shown) + {3 * len(neurons)} * $bits(raster.pixel0);
        wire [WIDTH-1:0] window = {{raster.mover.shown, {registers}}};
        reg [WIDTH-1:0] before = 0;
        // No pixel of the frame was admitted a clock ago, none was there to be, or there was a reset.
        reg in_frame = 0;
        always @(posedge aclk) begin
            before <= window;
            in_frame <= aresetn & (gate.admit | ~raster.next_is_first);
        end
        always @* assert (!in_frame || window == before);
        always @* assert (!(raster.step & raster.mover.moving));
    """)


PROPERTY = Property(
    "picture, bank of loaded weights and window are those of the frame's first pixel until its last one",
    _claims,
)
