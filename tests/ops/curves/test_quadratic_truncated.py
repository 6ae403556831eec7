import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.estimates.activations import errors
from inrhw.ops.curves.quadratic_truncated import QuadraticTruncated


def node(phase_bits: int, bits: int, n_stages: int = 1) -> QuadraticTruncated:
    return QuadraticTruncated(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), n_stages)


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_no_code_errs_by_more_than_one_unit_and_none_overflows(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    for bits in range(2, 17):
        truncated = node(phase_bits, bits)
        assert np.abs(errors(truncated)).max() <= truncated.error_bound == 1
        assert np.abs(truncated.forward_int(phases)).max() <= truncated.element.hi


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_half_a_turn_on_the_result_is_minus_what_it_was(phase_bits: int) -> None:
    half = np.arange(1 << phase_bits - 1, dtype=np.int64)[:, None]
    for bits in range(2, 17):
        forward_int = node(phase_bits, bits).forward_int
        assert (forward_int(half + len(half)) == -forward_int(half)).all()


def test_wide_outputs_leave_rows_out() -> None:
    assert [len(node(bits, bits).steps()) for bits in (8, 10, 12, 14, 16)] == [3, 5, 5, 7, 7]


@pytest.mark.parametrize("phase_bits", range(3, 8))
def test_component_equals_forward_int_for_narrow_phases(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    for bits in range(2, 13):
        assert_contract(node(phase_bits, bits), phases, gaps=False)


# Codes of 12 and 16 bits are all tried in Verilog: tests/verification/test_curve_verilog.py.
@pytest.mark.parametrize(("phase_bits", "bits"), [(9, 9), (10, 2), (10, 10), (10, 16), (11, 4)])
def test_component_equals_forward_int_for_every_code(phase_bits: int, bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    assert_contract(node(phase_bits, bits, 2), phases, gaps=False)
