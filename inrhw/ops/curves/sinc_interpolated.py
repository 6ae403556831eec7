"""Sinc by straight lines: y = sin(pi x) / (pi x), for arguments too wide for a table of half its range."""

import math

from inrhw.ops.curves.sinc import Sinc
from inrhw.ops.kinds.interpolation import InterpolatedNode


class SincInterpolated(InterpolatedNode):
    """``y = sin(pi x) / (pi x)`` within about one unit of the last place, saturated to +-element.hi."""

    curve = "sinc"
    reach = Sinc.reach
    function = staticmethod(Sinc.function)

    #: At 0.
    curvature = math.pi**2 / 3
