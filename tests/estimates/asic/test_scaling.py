"""Scaling follows the published coefficients, and is silent where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.estimates.asic.scaling import area_factor, check_node, delay_factor, energy_factor


def test_area_lies_between_the_published_neighbours() -> None:
    for node, (at_32, at_20) in {130: (0.072, 0.033), 65: (0.31, 0.14), 45: (0.46, 0.21)}.items():
        assert at_20 < area_factor(node) < at_32
    assert area_factor(45) == pytest.approx((28 / 45) ** 2, rel=0.06)


def test_energy_and_delay_at_130_nm_are_the_polynomials_by_hand() -> None:
    # E(V) = 7.171 V^2 - 6.709 V + 2.904 at 130 nm; .457 at 32 nm and .201 at 20 nm, both at .9 V.
    assert 0.201 / 5.179 < energy_factor(130, 1.2) < 0.457 / 5.179  # type: ignore[operator]
    # D(V) = -76.65 V^3 + 334.9 V^2 - 493.4 V + 275.8 at 130 nm; 8.36 at 32 nm and 9.47 at 20 nm.
    assert 8.36 / 33.6 < delay_factor(130, 1.2) < 9.47 / 33.5  # type: ignore[operator]


def test_there_is_no_factor_where_the_fit_says_nothing() -> None:
    assert delay_factor(45, 1.1) is None  # above nominal, where its polynomial turns
    assert delay_factor(7, 0.7) is None
    assert energy_factor(7, 0.7) is None
    assert area_factor(7) > 1


@given(st.sampled_from([180, 130, 90, 65, 45]), st.floats(0.05, 2.0))
def test_what_is_scaled_is_never_below_0(node: int, voltage_v: float) -> None:
    for factor in (energy_factor(node, voltage_v), delay_factor(node, voltage_v)):
        assert factor is None or 0 < factor < 3
    assert energy_factor(node, 0.2) is delay_factor(node, 0.2) is None


@pytest.mark.parametrize("node", [28, 55, 0, -130])
def test_a_node_without_coefficients_is_refused(node: int) -> None:
    with pytest.raises(InputError, match=f"not {node}$"):
        check_node(node)
