"""Gaussian by straight lines: y = exp(-x^2), for arguments too wide for a table of half its range."""

from inrhw.ops.curves.gaussian import Gaussian
from inrhw.ops.kinds.interpolation import InterpolatedNode


class GaussianInterpolated(InterpolatedNode):
    """``y = exp(-x^2)`` within about one unit of the last place, saturated to element.hi."""

    curve = "gaussian"
    reach = Gaussian.reach
    function = staticmethod(Gaussian.function)

    #: At 0: 4 x^2 - 2 times the function.
    curvature = 2.0
