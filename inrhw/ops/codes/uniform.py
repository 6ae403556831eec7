"""All integers of a width: what a multiplier takes anyway."""

from torch import Tensor

from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.rounding import round_half_up


class Uniform(WeightCode):
    """Every integer but the lowest."""

    def fit(self, weight: Tensor, bits: int) -> Tensor:
        """Round half up; see `WeightCode`."""
        hi = 2.0 ** (bits - 1) - 1
        return round_half_up(weight).clamp(-hi, hi)

    def stored_bits(self, bits: int) -> int:
        """Return all bits."""
        return bits
