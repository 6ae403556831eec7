import functools
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.exact import PI, cosine, distance_from_tie, gabor, gaussian, half_up, sinc, sine
from support.simulate import assert_contract

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Staged
from inrhw.ops.curves.gabor import Gabor
from inrhw.ops.curves.gaussian import Gaussian
from inrhw.ops.curves.sinc import Sinc
from inrhw.ops.kinds.half_table import HalfTable, HalfTableNode
from inrhw.ops.node import Node

EXACT: dict[type[HalfTableNode], Callable[[Decimal], Decimal]] = {
    Gaussian: gaussian,
    Gabor: gabor,
    Sinc: sinc,
}
NODES = pytest.mark.parametrize("cls", EXACT, ids=lambda cls: cls.__name__)


@functools.cache
def exact_half(cls: type[HalfTableNode]) -> list[Decimal]:
    """The function at every argument of 12 bits, of which those of fewer bits are some."""
    return [EXACT[cls](Decimal(k * cls.reach) / 2048) for k in range(2049)]


def node_of(cls: type[HalfTableNode], argument_bits: int, bits: int) -> HalfTableNode:
    argument = Fixed(argument_bits, argument_bits - cls.reach.bit_length())
    return cls(Vector(argument, 1), Fixed(bits, bits - 1))


class Snake(HalfTableNode):
    """x + sin^2 x is neither even nor odd."""

    reach = 4

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((x + np.sin(x) ** 2) / 5)


class Large(HalfTableNode):
    reach = 4

    @staticmethod
    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(x**2)


@pytest.mark.parametrize("cls", [Snake, Large])
def test_what_half_a_table_does_not_hold_is_refused(cls: type[HalfTableNode]) -> None:
    with pytest.raises(InputError, match=rf"{cls.__name__}\.function must be even, with values from -1 to 1"):
        node_of(cls, 8, 8)


def test_the_exact_functions_are_right() -> None:
    for x in range(30):
        assert float(sine(Decimal(x))) == pytest.approx(math.sin(x), abs=1e-15)
        assert float(cosine(Decimal(x))) == pytest.approx(math.cos(x), abs=1e-15)
    assert abs(sine(PI * 7)) < Decimal("1e-30")


@NODES
def test_no_value_lies_near_a_tie_so_float64_rounds_as_exact_arithmetic_does(
    cls: type[HalfTableNode],
) -> None:
    for bits in range(2, 17):
        assert min(distance_from_tie(value, bits) for value in exact_half(cls)) > Decimal("1e-6"), bits


@NODES
@pytest.mark.parametrize("bits", range(2, 17))
def test_forward_int_is_the_exact_function_rounded_half_up(cls: type[HalfTableNode], bits: int) -> None:
    exact = [half_up(value, bits) for value in exact_half(cls)]
    for argument_bits in range(3, 13):
        last = 1 << argument_bits - 1
        codes = np.arange(-last, last, dtype=np.int64)[:, None]
        expected = [exact[abs(code) << 12 - argument_bits] for code in range(-last, last)]
        assert node_of(cls, argument_bits, bits).forward_int(codes)[:, 0].tolist() == expected


@NODES
def test_arguments_beyond_the_proof_are_refused(cls: type[HalfTableNode]) -> None:
    reach = cls.reach.bit_length()
    for element in (
        Fixed(2, 2 - reach),
        Fixed(13, 13 - reach),
        Fixed(9, 9),
        Fixed(8, 7, signed=False),
        Phase(8),
    ):
        with pytest.raises(ValueError, match=f"3 to 12 bits from -{cls.reach} to {cls.reach}"):
            cls(Vector(element, 1), Fixed(8, 7))


@pytest.mark.parametrize("element", [Fixed(8, 6), Fixed(8, 7, signed=False), Fixed(17, 16), Fixed(1, 0)])
def test_output_goes_from_minus_one_to_one(element: Fixed) -> None:
    with pytest.raises(ValueError, match=r"element must be Fixed\(w, w - 1\) with w from 2 to 16"):
        Gaussian(Vector(Fixed(9, 6), 1), element)


class Unfolded(Node):
    """The function that a HalfTable stands for, written out."""

    i: Vector

    def __init__(self, table: HalfTable, n_stages: int = 2) -> None:
        self.table, self.n_stages = table, n_stages
        self.i = Vector(Fixed(len(table.values).bit_length(), 0), 1)

    @property
    def o(self) -> Vector:
        return Vector(Fixed(self.table.width, 0), 1)

    @property
    def latency(self) -> int:
        return self.n_stages

    def forward_int(self, x):  # type: ignore[no-untyped-def]
        last = len(self.table.values) - 1
        sign = -1 if self.table.odd else 1
        whole = [*(sign * value for value in self.table.values[:0:-1]), *self.table.values[:-1]]
        return np.array(whole, np.int64)[x + last]

    def component(self) -> Staged:
        return Staged(self.i, self.o, self.table.steps, self.n_stages)

    def cost(self) -> Cost:
        return self.table.cost()

    @classmethod
    def examples(cls):  # type: ignore[no-untyped-def]
        yield from ()


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(2, 9), st.booleans(), st.data())
def test_any_half_unfolds_into_a_whole_function(
    bits: int, width: int, odd: bool, data: st.DataObject
) -> None:
    hi, n = (1 << width - 1) - 1, 1 << bits
    # Minus the lowest value has no code.
    values = data.draw(st.lists(st.integers(-hi - (not odd), hi), min_size=n + 1, max_size=n + 1))
    table = HalfTable(values, width, odd)
    node = Unfolded(table, data.draw(st.integers(1, len(table.steps))))
    assert_contract(node, np.arange(-n, n, dtype=np.int64)[:, None], gaps=False)


@pytest.mark.parametrize("k", [0, 2, 4])
def test_a_planted_error_in_the_table_is_found(k: int) -> None:
    values = [7, 4, -2, 1, -3]
    node = Unfolded(HalfTable(values, 4))
    wrong = [value ^ (j == k) for j, value in enumerate(values)]
    node.component = Unfolded(HalfTable(wrong, 4)).component  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="differences"):
        assert_contract(node, np.arange(-4, 4, dtype=np.int64)[:, None], gaps=False)
