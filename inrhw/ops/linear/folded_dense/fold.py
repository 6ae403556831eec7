"""How a dense layer is folded, and what its memories can hold."""

import math
from dataclasses import dataclass, replace

from inrhw.base.errors import InputError
from inrhw.base.types import Element
from inrhw.gateware.multipliers.mac import MAX_PACKED_SIMD


@dataclass(frozen=True)
class Fold:
    """How one dense layer is folded.

    Parameters
    ----------
    pe
        Processing elements: rows (neurons) computed at once.
    simd
        Multipliers of each: columns (synapses) taken at once.
    lut_products
        Multipliers of LUTs among them: the last of the last processing elements.
    """

    pe: int
    simd: int
    lut_products: int = 0

    def __post_init__(self) -> None:
        if self.pe < 1 or self.simd < 1 or self.lut_products < 0:
            raise InputError(
                f"pe and simd must be at least 1, and lut_products 0, not {self.pe}, {self.simd} and "
                f"{self.lut_products}"
            )

    def neuron_fold(self, rows: int) -> int:
        """Return the groups of `pe` neurons."""
        return -(-rows // self.pe)

    def synapse_fold(self, columns: int) -> int:
        """Return the groups of `simd` inputs: the cycles in which a processing element takes all of them."""
        return -(-columns // self.simd)

    def out_lanes(self, columns: int) -> int:
        """Return the lanes on which results leave: as few as keep pace with the multipliers."""
        return self.pe // math.gcd(self.pe, self.synapse_fold(columns))

    def lut_products_of(self, element: int) -> int:
        """Return how many of a processing element's multipliers are of LUTs."""
        behind = (self.pe - 1 - element) * self.simd
        return min(self.simd, max(0, self.lut_products - behind))


@dataclass(frozen=True)
class MemoryFormat:
    """What the memories of a folded layer can hold.

    Parameters
    ----------
    weight_bits
        Width of a weight, sign included.
    shift_lo, shift_hi
        Range of the shift of a neuron.
    sum_width
        Bits of sum and bias.
    level
        None if weights are numbers. Otherwise no lane multiplies: a weight is 2**level or its opposite, or
        with 2 bits also 0.
    """

    weight_bits: int
    shift_lo: int
    shift_hi: int
    sum_width: int
    level: int | None = None

    @property
    def shift_bits(self) -> int:
        """Bits of the shift in the memory: none where all neurons have the same."""
        return (self.shift_hi - self.shift_lo).bit_length()

    def finer(self, bits: int) -> "MemoryFormat":
        """Return the format of the same weights for inputs with `bits` more fraction bits."""
        lo, hi = self.shift_lo + bits, self.shift_hi + bits
        return replace(self, shift_lo=lo, shift_hi=hi, sum_width=self.sum_width + bits)

    def on(self, fold: Fold, columns: int) -> "MemoryFormat":
        """Return the format of a layer with this fold: lanes without an input need a zero."""
        if self.level is None or columns % fold.simd == 0:
            return self
        return replace(self, weight_bits=2)


def can_pack(format: MemoryFormat, x: Element, fold: Fold) -> bool:
    """Return whether two processing elements can share multipliers; see `PackedDotProduct`."""
    fits = format.level is None and format.weight_bits <= 8 and x.width <= 8 and x.signed
    return fits and fold.simd <= MAX_PACKED_SIMD and fold.pe > 1
