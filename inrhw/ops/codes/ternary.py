"""A sign or zero for each weight and a power of two for each row."""

from inrhw.ops.kinds.weight_code import Levels


class Ternary(Levels):
    """Zero, or one of two opposite levels."""

    sign_bits = 2

    def sets(self, bits: int) -> list[list[int]]:
        """Return a set for each scale; see `Levels`."""
        return [[-(1 << k), 0, 1 << k] for k in range(bits - 1)]
