"""Counters walk over the pixels of a frame line by line."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.property import Claim, Property

_LAST = "always @* assert (end_of_frame == (column == {} && row == {}));"


def _claims(core: Core) -> Iterator[Claim]:
    sides = core.grid.sides
    tiles = core.tiling and not core.window
    if tiles or core.buffer or len(core.scans) > 1 or len(sides) != 2 or 1 in sides:
        return
    counters = ["raster.counter"] if core.source == "raster" else []
    counters += ["control.entering", "control.leaving"] if core.control else []
    width, height = sides
    for counter in counters:
        yield Claim(
            f"""
            reg [31:0] column = 0, row = 0;
            always @(posedge clk)
                if (rst) {{column, row}} <= 0;
                else if (step) begin
                    column <= column == {width - 1} ? 0 : column + 1;
                    if (column == {width - 1}) row <= row == {height - 1} ? 0 : row + 1;
                end
            always @* assert (x == column && y == row && column < {width} && row < {height});
            always @* assert (start_of_frame == (column == 0 && row == 0));
            {_LAST.format(width - 1, height - 1) if counter == "control.leaving" else ""}
            """,
            module=counter,
        )


PROPERTY = Property(
    "the counters visit each pixel of a frame once, line by line, and mark its first and last", _claims
)
