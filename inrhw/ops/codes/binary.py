"""A sign for each weight and a power of two for each row.

Our reading of BWMA (arXiv 2508.21524), whose own closed form is not public: the least-squares fit of signs
and one scale a row, with the scale among the powers of two.
"""

from inrhw.ops.kinds.weight_code import Levels


class Binary(Levels):
    """One of two opposite levels."""

    sign_bits = 1

    def sets(self, bits: int) -> list[list[int]]:
        """Return a set for each scale; see `Levels`."""
        return [[-(1 << k), 1 << k] for k in range(bits - 1)]
