"""All video outputs that a board's `video` can name."""

from collections.abc import Mapping

from inrhw.synthesis.video.ecp5 import Ecp5Dvi
from inrhw.synthesis.video.ice40 import Ice40DviPmod

#: Each takes a `Show` and the board's clock in MHz; its input `clk` is that clock.
EDGES: Mapping[str, type[Ecp5Dvi | Ice40DviPmod]] = {"dvi": Ecp5Dvi, "dvi_pmod": Ice40DviPmod}
