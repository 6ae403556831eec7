"""Dense layer with constant weights: y = W x + b, without multipliers."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.errors import Overflow
from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.adder_graph import MOST_OPERANDS, AdderGraph
from inrhw.gateware.adders import adders_cost
from inrhw.gateware.constant_matrix import adder_graph
from inrhw.gateware.cost import Cost, beside
from inrhw.ops.addends import Cut
from inrhw.ops.linear.dense.circuit import DenseComponent
from inrhw.ops.node import Node

#: Part of an adder graph's registers that Yosys keeps: see the baked cores of core_cost_calibration.json.
_MERGED = 0.95


@dataclass(frozen=True, eq=False)
class Dense(Node):
    """``y = floor((weight @ x + bias) / 2**shift)``, wrapped into a phase or wide enough for every result.

    Parameters
    ----------
    i
        Fixed-point input on one lane for each element; all its banks have the same weights.
    weight
        int64 codes [out_features, in_features].
    weight_frac
        Fraction bits of the weights.
    bias
        int64 codes [out_features] with ``i.element.frac + weight_frac`` fraction bits. For rounding half up
        it includes half a unit of the last place that is kept, and with `guard_bits` the mean of what is cut.
    frac
        Fraction bits kept in the output, at most those of the exact sum.
    wrap
        Drop the integer bits: the output is ``Phase(frac)``.
    operands
        Most that an adder takes: 3 where a slice adds them with one LUT a bit, else 2.
    adder_levels
        Levels of adders from one register to the next.
    guard_bits
        Bits below the output's last place that addends keep; None: all. It changes what is computed.
    """

    i: Vector
    weight: Codes
    weight_frac: int
    bias: Codes
    frac: int
    wrap: bool
    operands: int = MOST_OPERANDS
    adder_levels: int = 1
    guard_bits: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.i.element, Fixed):
            raise TypeError(f"i must be a vector of Fixed, not {self.i}")
        rows, columns = self.weight.shape
        if columns != self.i.length or self.bias.shape != (rows,):
            raise ValueError(
                f"weight and bias must be [rows, {self.i.length}] and [rows], "
                f"not {list(self.weight.shape)} and {list(self.bias.shape)}"
            )
        if self.shift < 0:
            raise ValueError(f"frac must be at most {self.acc_frac}, that of the exact sum, not {self.frac}")
        x = max(abs(self.i.element.lo), self.i.element.hi)
        largest = max(sum(map(abs, row)) * x + abs(b) for row, b in self._rows())
        if largest >= 1 << 62:
            raise Overflow(f"a sum of the layer could reach {largest}, beyond 62 bits; use fewer bits")

    def _rows(self) -> Iterator[tuple[list[int], int]]:
        """Yield weights and bias of each row as Python's numbers, which do not overflow."""
        yield from zip(self.weight.tolist(), self.bias.tolist(), strict=True)

    @property
    def acc_frac(self) -> int:
        """Fraction bits of the exact sum."""
        return self.i.element.frac + self.weight_frac

    @property
    def shift(self) -> int:
        """Bits dropped at the low end."""
        return self.acc_frac - self.frac

    @property
    def cut(self) -> Cut:
        """Where addends are cut."""
        assert isinstance(self.i.element, Fixed)
        guard_bits = self.shift if self.guard_bits is None else min(self.guard_bits, self.shift)
        return Cut(self.shift - guard_bits, self.i.element)

    @property
    def o(self) -> Vector:
        """``Phase(frac)``, or the narrowest format that holds every result."""
        if self.wrap:
            return Vector(Phase(self.frac), len(self.bias), banks=self.i.banks)
        lo, hi = self.sum_range()
        element = Fixed.holding(lo >> self.shift, hi >> self.shift, self.frac)
        return Vector(element, len(self.bias), banks=self.i.banks)

    def taking(self, x: Fixed) -> "Dense":
        """Return the same layer for inputs in a finer format, over all of its range.

        Only in front of a phase, where a sum may wrap whatever the inputs are.
        """
        assert isinstance(self.i.element, Fixed)
        bits = x.frac - self.i.element.frac
        return replace(self, i=replace(self.i, element=x), bias=self.bias << bits)

    def sum_range(self) -> tuple[int, int]:
        """Return bounds of the sum over all rows and inputs; if nothing is cut, the least and the largest."""
        lo, hi = self.i.element.lo, self.i.element.hi
        least = np.minimum(self.weight * lo, self.weight * hi).sum(axis=1) + self.bias
        most = np.maximum(self.weight * lo, self.weight * hi).sum(axis=1) + self.bias
        least_lost, most_lost = self.cut.lost(self.weight)
        return int((least - most_lost).min()), int((most - least_lost).max())

    @functools.cached_property
    def adder_graph(self) -> AdderGraph:
        """The adders of the circuit."""
        assert isinstance(self.i.element, Fixed)
        return adder_graph(
            self.weight,
            self.bias,
            self.i.element,
            keep=self.summed_bits,
            operands=self.operands,
            cut=self.cut.place,
        )

    @property
    def summed_bits(self) -> int:
        """Low bits of a sum that are used, from where addends are cut, with those dropped in the end."""
        return self.unused_bits + self.o.element.width

    @property
    def unused_bits(self) -> int:
        """Low bits of a sum that are added and then dropped."""
        return self.shift - self.cut.place

    @property
    def registered(self) -> list[int]:
        """Levels of adders with a register behind them: few where there are most bits, which is at first."""
        depth, step = self.adder_graph.depth, self.adder_levels
        return [min(level, depth) for level in range(step, depth + step, step)]

    @property
    def latency(self) -> int:
        """One cycle for every `adder_levels` levels of adders."""
        return len(self.registered)

    def forward_int(self, x: Codes) -> Codes:
        """Multiply, add, shift; see `Node`."""
        products = self.cut.products(x, self.weight) if self.cut.place else x @ self.weight.T
        y = (products + self.bias) >> self.shift
        return y & ((1 << self.frac) - 1) if self.wrap else y

    def cost(self) -> Cost:
        """Return what the adders and the registers behind them take."""
        graph = self.adder_graph
        assert isinstance(self.i.element, Fixed)
        found = adders_cost(
            graph,
            self.i.element,
            registered=self.registered,
            keep=self.summed_bits,
            dropped=self.unused_bits,
        )
        return replace(found, ff=_MERGED * found.ff) + beside(self.i, self.latency)

    def component(self) -> DenseComponent:
        """Return the registered adder graph."""
        return DenseComponent(self)

    @classmethod
    def examples(cls) -> Iterator["Dense"]:
        """Yield zero, negative and single weights, wrapping and not, then random layers."""
        i = Vector(Fixed(4, 3), 2)
        corner = np.array([[0, 0], [-1, -2], [4, 0], [7, -8], [0, -1]], np.int64)
        for bias in (0, 5, -3):
            for frac, wrap in ((6, True), (3, True), (6, False), (-2, False)):
                yield cls(i, corner, 3, np.full(5, bias, np.int64), frac, wrap)
        rng = np.random.default_rng(0)
        for rows, columns, bits in ((3, 5, 8), (8, 6, 4), (1, 9, 12)):
            weight = rng.integers(-(1 << bits - 1) + 1, 1 << bits - 1, (rows, columns))
            bias_codes = rng.integers(-1000, 1000, rows)
            for wrap in (True, False):
                banks = 3 if columns == 6 else 1
                node = cls(Vector(Fixed(8, 7), columns, banks=banks), weight, bits, bias_codes, 8, wrap)
                yield from (node, replace(node, guard_bits=1))
