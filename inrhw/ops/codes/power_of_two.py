"""One signed digit for each weight: multiplying is wiring."""

from inrhw.ops.kinds.weight_code import Levels


class PowerOfTwo(Levels):
    """A power of two, its opposite, or zero."""

    def sets(self, bits: int) -> list[list[int]]:
        """Return the one set; see `Levels`."""
        return [[0, *(sign << k for k in range(bits - 1) for sign in (1, -1))]]
