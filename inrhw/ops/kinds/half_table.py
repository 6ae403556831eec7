"""Any even or odd function of an argument that saturates, from a table of half its range."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from amaranth.hdl import Mux, Value

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.cost import Cost, table
from inrhw.gateware.memories.contents import address_bits
from inrhw.gateware.pipeline import Step
from inrhw.gateware.selection import lookup, negated_if
from inrhw.ops.kinds.saturating import EvenNode


@dataclass(frozen=True)
class HalfTable:
    """Values of an even or odd function from 0 on, and the steps that find them.

    Parameters
    ----------
    values
        Signed codes at arguments 0, 1, ... 2**(argument width - 1), the last one being the magnitude of the
        lowest code.
    width
        Bits of the signed output.
    odd
        Negative arguments have minus the value.
    """

    values: Sequence[int]
    width: int
    odd: bool = False

    @property
    def steps(self) -> list[Step]:
        """Take the magnitude, look up, put in the value of the lowest code; give it its sign if odd."""
        return [self._magnitude, self._look_up, self._select, *([self._sign] if self.odd else [])]

    def cost(self) -> Cost:
        """Return what the steps take: the adder of the magnitude, the table, that of the sign if odd."""
        entries = self.values[:-1]
        return Cost(lut=address_bits(len(entries)) + self.odd * self.width) + table(entries)

    def spared(self, unused: int) -> Cost:
        """Return as a negative cost the entries that no argument reaches; see `CurveNode`."""
        entries = self.values[:-1]
        return table(entries[: max(1, len(entries) >> unused)]) + -1 * table(entries)

    def _magnitude(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        below, negative = x["x"][:-1], x["x"][-1]
        # The magnitude of the lowest code has a bit more; what is left of it is 0.
        return {
            "index": negated_if(negative, below),
            "lowest": negative & (below == 0),
            **({"negative": negative} if self.odd else {}),
        }

    def _look_up(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        unsigned = [value % (1 << self.width) for value in self.values[:-1]]
        found = lookup(unsigned, x["index"], self.width)
        return {"found": found, **{name: value for name, value in x.items() if name != "index"}}

    def _select(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        y = Mux(x["lowest"], self.values[-1], x["found"].as_signed())
        return {"y": y, **({"negative": x["negative"]} if self.odd else {})}

    def _sign(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"y": negated_if(x["negative"], x["y"]).as_signed()}


@dataclass(frozen=True)
class HalfTableNode(EvenNode):
    """An even `function` from -1 to 1, rounded half up and saturated to +-element.hi, in 1 to 3 stages."""

    most_bits = 12

    @property
    def error_bound(self) -> float:
        """Half a unit from rounding; a whole unit at 1, which has no code."""
        return 1.0

    @functools.cached_property
    def table(self) -> HalfTable:
        """Return the table."""
        magnitudes = np.arange((1 << (self.i.element.width - 1)) + 1)
        # No value lies near a tie (tests/ops/kinds/test_half_table.py): float64 rounds exactly.
        rounded = np.floor(self.ideal(magnitudes) + 0.5).clip(-self.element.hi, self.element.hi)
        return HalfTable(rounded.astype(int).tolist(), self.element.width)

    def forward_int(self, x: Codes) -> Codes:
        """Look each magnitude up; see `Node`."""
        values: Codes = np.array(self.table.values, np.int64)
        return values[np.abs(x)]

    def logic(self) -> Cost:
        """Return what that table costs."""
        return self.table.cost()

    def spared(self, unused: int) -> Cost:
        """Return what its unused entries save; see `CurveNode`."""
        return self.table.spared(unused)

    def steps(self) -> list[Step]:
        """Return magnitude, look up, select: only half of the range is stored."""
        return self.table.steps

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield small and usual formats with every number of stages."""
        for argument_bits, bits in ((3, 2), (4, 8), (9, 8), (10, 6)):
            for n_stages in (1, 2, 3):
                yield cls(Vector(cls.argument_of(argument_bits), 2), Fixed(bits, bits - 1), n_stages)
