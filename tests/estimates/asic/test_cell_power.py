"""Power is the sum of what nets and cells take, and proportional to toggles and clock."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.small_library import SMALL, small_library, toggler

from inrhw.estimates.asic.cell_delays import longest_path
from inrhw.estimates.asic.cell_power import power_of
from inrhw.estimates.asic.gate_netlist import Instance
from inrhw.estimates.asic.library import CellEnergy, Table
from inrhw.estimates.asic.reading import load_library

TOGGLES = {1: 2.0, 2: 0.5, 3: 0.5}


def test_energies_add_up(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    netlist = toggler(library)
    found = power_of(netlist, library, longest_path(netlist, library), TOGGLES, 1000.0)
    # At 1000 MHz and 1 V, pJ a cycle are mW: half C V^2 of each toggle.
    assert found.switching_mw == pytest.approx(0.5 * (2 * 0.125 + 0.5 * 0.5 + 0.5 * 0.25))
    # The inverter, (3 + 5) / 2 a toggle; the register's clock pin, (1 + 3) / 2.
    assert found.internal_mw == pytest.approx(0.5 * 4 + 2 * 2)
    assert found.leakage_mw == pytest.approx(12e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.floats(0.0, 10.0), st.floats(1.0, 1000.0))
def test_dynamic_power_is_proportional(tmp_path: Path, times: float, clock_mhz: float) -> None:
    library = small_library(tmp_path)
    netlist = toggler(library)
    delays = longest_path(netlist, library)
    one = power_of(netlist, library, delays, TOGGLES, 1000.0)
    more = {net: toggles * times for net, toggles in TOGGLES.items()}
    found = power_of(netlist, library, delays, more, clock_mhz)
    assert found.switching_mw == pytest.approx(one.switching_mw * times * clock_mhz / 1000)
    assert one.internal_mw is not None
    assert found.internal_mw == pytest.approx(one.internal_mw * times * clock_mhz / 1000)
    assert found.leakage_mw == one.leakage_mw


def test_supplies_add_up_and_states_are_averaged(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    inverter = library.cells["INV"]

    def energy(supply: str, value: float) -> CellEnergy:
        table = Table((0.0,), (0.0,), ((value,),))
        return CellEnergy("Y", "A", supply, {"rise_power": table, "fall_power": table})

    states = (energy("VDD", 4.0), energy("VDD", 6.0), energy("VSS", 1.0))
    register, _ = toggler(library).instances
    other = Instance("u1", replace(inverter, energies=states), {"A": 2, "Y": 3})
    netlist = replace(toggler(library), instances=(register, other))
    found = power_of(netlist, library, longest_path(netlist, library), {3: 1.0}, 1000.0)
    assert found.internal_mw == pytest.approx((4 + 6) / 2 + 1)


def test_unknown_leakage_stays_unknown(tmp_path: Path) -> None:
    (tmp_path / "s.lib").write_text(SMALL.replace("cell_leakage_power : 2;", ""))
    library = load_library([tmp_path / "s.lib"])
    netlist = toggler(library)
    assert power_of(netlist, library, longest_path(netlist, library), TOGGLES, 1000.0).leakage_mw is None


def test_internal_power_without_tables_is_unknown_and_not_0(tmp_path: Path) -> None:
    (tmp_path / "s.lib").write_text(SMALL.replace("internal_power", "ignored"))
    library = load_library([tmp_path / "s.lib"])
    netlist = toggler(library)
    assert power_of(netlist, library, longest_path(netlist, library), TOGGLES, 1000.0).internal_mw is None


def test_without_a_supply_there_is_no_power(tmp_path: Path) -> None:
    library = replace(small_library(tmp_path), voltage_v=None)
    netlist = toggler(library)
    with pytest.raises(ValueError, match="no voltage"):
        power_of(netlist, library, longest_path(netlist, library), TOGGLES, 1000.0)
