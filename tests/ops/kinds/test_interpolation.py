import functools
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from support.exact import PI, distance_from_tie, gabor, gaussian, sinc, sine
from support.simulate import assert_contract

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.curves.gabor_interpolated import GaborInterpolated
from inrhw.ops.curves.gaussian_interpolated import GaussianInterpolated
from inrhw.ops.curves.sinc_interpolated import SincInterpolated
from inrhw.ops.curves.sine_interpolated import SineInterpolated
from inrhw.ops.kinds.interpolation import _GUARD, InterpolatedNode, Lines

Interpolated = InterpolatedNode | SineInterpolated

#: From parts of the range to values.
EXACT: dict[type[Interpolated], Callable[[Decimal], Decimal]] = {
    GaussianInterpolated: lambda part: gaussian(4 * (1 - part)),
    GaborInterpolated: lambda part: gabor(4 * (1 - part)),
    SincInterpolated: lambda part: sinc(8 * (1 - part)),
    SineInterpolated: lambda part: sine(PI / 2 * part),
}
ALL = pytest.mark.parametrize("cls", EXACT, ids=lambda cls: cls.__name__)
EVEN = pytest.mark.parametrize(
    "cls", [cls for cls in EXACT if issubclass(cls, InterpolatedNode)], ids=lambda cls: cls.__name__
)

#: Bits of the finest grid of ends and middles of segments.
FINEST = 11


def node_of(cls: type[Interpolated], argument_bits: int, bits: int, n_stages: int = 1) -> Interpolated:
    return cls(Vector(cls.argument_of(argument_bits), 1), Fixed(bits, bits - 1), n_stages)


def every_code(argument_bits: int) -> Codes:
    half = 1 << argument_bits - 1
    return np.arange(-half, half, dtype=np.int64)


@functools.cache
def exact_nodes(cls: type[Interpolated]) -> list[Decimal]:
    function = EXACT[cls]
    return [function(Decimal(k) / (1 << FINEST)) for k in range((1 << FINEST) + 1)]


def exact_tables(cls: type[Interpolated], lines: Lines) -> tuple[list[Decimal], list[Decimal]]:
    """Values, without the half unit that rounds, and rises, in units of the output's 1, before rounding."""
    nodes = exact_nodes(cls)[:: 1 << FINEST - 1 - lines.index_bits]
    segments = list(zip(nodes[:-2:2], nodes[1::2], nodes[2::2], strict=True))
    if lines.index_bits == lines.argument_bits:
        return [start for start, _, _ in segments], [Decimal(0)] * len(segments)
    values = [start + (middle - (start + end) / 2) / 2 for start, middle, end in segments]
    return values, [end - start for start, _, end in segments]


@ALL
@pytest.mark.parametrize("bits", range(2, 17))
def test_tables_are_of_exact_arithmetic_and_far_from_ties(cls: type[Interpolated], bits: int) -> None:
    """Float64 is off by less than 1e-9 of the tables' unit."""
    places = bits + _GUARD
    for argument_bits in range(3, 17):
        lines = node_of(cls, argument_bits, bits).lines
        exact = exact_tables(cls, lines)
        for found, entries, more in zip(lines.tables, exact, (1 << _GUARD - 1, 0), strict=True):
            assert min(distance_from_tie(entry, places) for entry in entries) > Decimal("1e-8")
            rounded = [int((entry * (1 << places - 1)).to_integral_value()) + more for entry in entries]
            assert found == rounded


@ALL
def test_the_declared_curvature_is_the_largest(cls: type[Interpolated]) -> None:
    lines = node_of(cls, 16, 16).lines
    # Parts before 0 and after 1 go on with the same function.
    parts, h = np.linspace(0, 1, 100_001), 1e-4
    second = (lines.function(parts + h) + lines.function(parts - h) - 2 * lines.function(parts)) / h**2
    assert abs(second).max() == pytest.approx(lines.curvature, rel=1e-3)


@EVEN
@pytest.mark.parametrize("argument_bits", range(3, 17))
def test_the_error_is_within_the_bound_for_every_code_of_every_format(
    cls: type[InterpolatedNode], argument_bits: int
) -> None:
    codes = every_code(argument_bits)
    for bits in range(2, 17):
        node = node_of(cls, argument_bits, bits)
        y = node.forward_int(codes[:, None])[:, 0]
        assert abs(y - node.ideal(codes)).max() <= node.error_bound + 1e-9
        assert abs(y).max() <= node.element.hi


@ALL
def test_the_bound_is_about_one_unit(cls: type[Interpolated]) -> None:
    bounds = {node_of(cls, n, bits).error_bound for n in range(3, 17) for bits in range(2, 17)}
    assert 1.0 <= min(bounds) <= max(bounds) <= 1.25


@EVEN
@pytest.mark.parametrize(("argument_bits", "bits"), [(8, 8), (12, 12), (16, 16)])
def test_the_function_is_even_and_reaches_its_crest(
    cls: type[InterpolatedNode], argument_bits: int, bits: int
) -> None:
    y = node_of(cls, argument_bits, bits).forward_int(every_code(argument_bits)[:, None])[:, 0]
    half = 1 << argument_bits - 1
    assert (y[1:half] == y[:half:-1]).all()
    assert y[half] == (1 << bits - 1) - 1
    assert abs(y[0]) <= 1


# Codes of 12 and 16 bits are all tried in Verilog: tests/verification/test_curve_verilog.py.
@EVEN
@pytest.mark.parametrize(
    ("argument_bits", "bits"),
    [(3, 2), (3, 16), (4, 5), (6, 12), (8, 3), (8, 8), (10, 2), (10, 10), (10, 16), (11, 7)],
)
def test_component_equals_forward_int_for_every_code(
    cls: type[InterpolatedNode], argument_bits: int, bits: int
) -> None:
    assert_contract(node_of(cls, argument_bits, bits), every_code(argument_bits)[:, None], gaps=False)


@pytest.mark.parametrize("table", [0, 1])
def test_a_planted_error_in_a_table_is_found(table: int) -> None:
    node, planted = (node_of(GaborInterpolated, 8, 8) for _ in range(2))
    planted.lines.tables[table][20] += 1 << _GUARD
    node.__dict__["component"] = planted.component
    with pytest.raises(AssertionError, match="differences"):
        assert_contract(node, every_code(8)[:, None], gaps=False)


@EVEN
def test_arguments_out_of_range_are_refused(cls: type[InterpolatedNode]) -> None:
    for element in (cls.argument_of(2), cls.argument_of(17), Fixed(9, 9), Phase(8)):
        with pytest.raises(ValueError, match=f"3 to 16 bits from -{cls.reach} to {cls.reach}"):
            cls(Vector(element, 1), Fixed(8, 7))
    with pytest.raises(ValueError, match="w from 2 to 16"):
        cls(Vector(cls.argument_of(8), 1), Fixed(17, 16))
