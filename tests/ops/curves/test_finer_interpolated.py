import math

import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.curves.finer import Finer, FinerActivation
from inrhw.ops.curves.finer_interpolated import FinerInterpolated
from inrhw.ops.curves.sine_interpolated import SineInterpolated


def node_of(argument_bits: int, bits: int, omega_0: float = 30.0, n_stages: int = 1) -> FinerInterpolated:
    argument = FinerActivation.argument_format(argument_bits)
    return FinerInterpolated(Vector(argument, 1), Fixed(bits, bits - 1), n_stages, omega_0)


def every_code(argument_bits: int) -> Codes:
    half = 1 << argument_bits - 1
    return np.arange(-half, half, dtype=np.int64)


@pytest.mark.parametrize("omega_0", [1e-6, 0.5, 3.0, 29.99, 30.0, 1000.0])
@pytest.mark.parametrize("argument_bits", [3, 8, 12, 16])
def test_the_phase_is_that_of_the_formula(argument_bits: int, omega_0: float) -> None:
    """Written out in Python's numbers, which know no overflow, and with no turn dropped on the way."""
    w = argument_bits
    c = math.floor(2**22 * 2 * math.pi / omega_0 + 0.5)
    codes = every_code(w)
    phases = []
    for x in codes.tolist():
        exact = abs(x) * 2 ** (w + 18) + c * x * x
        phase = (exact + 2 ** (2 * w - 3)) // 2 ** (2 * w - 2)
        phases.append((phase if x >= 0 else -phase) % 2**16)
    sine = SineInterpolated(Vector(Phase(16), 1), Fixed(12, 11))
    expected = sine.forward_int(np.array(phases, np.int64)[:, None])
    assert (node_of(w, 12, omega_0).forward_int(codes[:, None]) == expected).all()


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_it_differs_from_the_table_by_what_the_lines_are_off(bits: int) -> None:
    codes = every_code(12)[:, None]
    lines = node_of(12, bits)
    table = Finer(lines.i, lines.element).forward_int(codes)
    assert abs(lines.forward_int(codes) - table).max() <= 1


@pytest.mark.parametrize("bits", [2, 8, 12, 16])
@pytest.mark.parametrize("argument_bits", [3, 8, 10, 12, 16])
def test_the_error_is_within_the_bound_for_every_code(argument_bits: int, bits: int) -> None:
    codes = every_code(argument_bits)
    for omega_0 in (10.0, 17.3, 29.0, 30.0, 31.0, 60.0):
        node = node_of(argument_bits, bits, omega_0)
        y = node.forward_int(codes[:, None])[:, 0]
        assert abs(y - node.ideal(codes)).max() <= node.error_bound
        assert (y[1:] == -y[:0:-1]).all()


# Codes of 12 and 16 bits are all tried in Verilog: tests/verification/test_curve_verilog.py.
@pytest.mark.parametrize(("argument_bits", "bits"), [(3, 16), (8, 8), (10, 10)])
@pytest.mark.parametrize("omega_0", [1e-6, 3.0, 30.0])
def test_component_equals_forward_int_for_every_code(argument_bits: int, bits: int, omega_0: float) -> None:
    assert_contract(node_of(argument_bits, bits, omega_0), every_code(argument_bits)[:, None], gaps=False)


@pytest.mark.parametrize("element", [Fixed(2, -2), Fixed(17, 13), Fixed(9, 6), Phase(9)])
def test_arguments_are_of_3_to_16_bits_and_reach_8_turns(element: Fixed | Phase) -> None:
    with pytest.raises(ValueError, match="3 to 16 bits from -8 to 8"):
        FinerInterpolated(Vector(element, 1), Fixed(8, 7))
