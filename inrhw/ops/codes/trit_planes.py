"""Two planes of signs or zeros, each with a power of two for each row.

Our reading of PTQTP (arXiv 2509.16989), which alternates between real scales by least squares and the best of
the nine pairs of trits for each weight. With powers of two both scales can be tried together, and nothing is
left to alternate.
"""

from itertools import combinations

from inrhw.ops.kinds.weight_code import Levels


class TritPlanes(Levels):
    """The sum of two scaled trits."""

    def sets(self, bits: int) -> list[list[int]]:
        """Return a set for each pair of scales, one of which may be 0; see `Levels`."""
        trits = (-1, 0, 1)
        scales = [0, *(1 << k for k in range(bits - 1))]
        return [[a * s + b * t for a in trits for b in trits] for s, t in combinations(scales, 2)]
