import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.quadratic import Quadratic
from inrhw.ops.curves.quadratic_squarer import QuadraticSquarer


def node(phase_bits: int, bits: int, n_stages: int = 1) -> QuadraticSquarer:
    return QuadraticSquarer(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), n_stages)


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_forward_int_is_that_of_the_table_for_every_code(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    for bits in range(2, 17):
        table = Quadratic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1))
        assert (node(phase_bits, bits).forward_int(phases) == table.forward_int(phases)).all()


@pytest.mark.parametrize("phase_bits", range(3, 8))
def test_component_rounds_every_tie_up_and_saturates_both_crests(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    for bits in range(2, 13):
        assert_contract(node(phase_bits, bits), phases, gaps=False)


# Codes of 12 and 16 bits are all tried in Verilog: tests/verification/test_curve_verilog.py.
@pytest.mark.parametrize(("phase_bits", "bits"), [(9, 9), (10, 2), (10, 10), (10, 16), (11, 4)])
def test_component_is_exact_for_every_code(phase_bits: int, bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    assert_contract(node(phase_bits, bits, 2), phases, gaps=False)


def test_the_format_is_checked_at_construction() -> None:
    with pytest.raises(ValueError, match="3 to 16 bits"):
        node(17, 8)
    with pytest.raises(ValueError, match="w from 2 to 16"):
        node(8, 17)
