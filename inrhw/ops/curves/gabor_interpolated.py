"""Gabor by straight lines: y = exp(-x^2) cos(2 x), for arguments too wide for a table of half its range."""

from inrhw.ops.curves.gabor import Gabor
from inrhw.ops.kinds.interpolation import InterpolatedNode


class GaborInterpolated(InterpolatedNode):
    """``y = exp(-x^2) cos(2 x)`` within about one unit of the last place, saturated to +-element.hi."""

    curve = "gabor"
    reach = Gabor.reach
    function = staticmethod(Gabor.function)

    #: At 0: 2 of the Gaussian and 2^2 of the cosine.
    curvature = 6.0
