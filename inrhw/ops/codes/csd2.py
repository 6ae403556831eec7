"""At most two signed digits for each weight: at most one adder."""

from inrhw.ops.kinds.weight_code import Levels


class Csd2(Levels):
    """The sum or difference of two powers of two, one of them, or zero."""

    def sets(self, bits: int) -> list[list[int]]:
        """Return the one set; see `Levels`."""
        digits = [0, *(sign << k for k in range(bits - 1) for sign in (1, -1))]
        return [sorted({a + b for a in digits for b in digits if abs(a + b) < 1 << bits - 1})]
